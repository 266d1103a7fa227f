//! Sessions under a secret that the app shares with the function (`SESSION_KIND=secret`).

use serde_json::Value;
use voicemint_tests::{Event, Moto, World, hmac_jwt, now, with, without};

use crate::support::{Tally, base64url, said};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";

#[tokio::test]
async fn a_shared_secret_verifies_hmac_and_nothing_else() {
    let world = World::start().await;
    let secret = "a-shared-secret-of-sixty-four-bytes-that-is-obviously-fake-12345";
    let id = Moto::unique("session");
    world.moto.create_secret(&id, secret).await;
    let function = world
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_SECRET_ID", &id)
        .start()
        .await;
    let claims = world.issuer.claims("ada");
    let sign = |alg: &str, claims: &Value| hmac_jwt(alg, secret.as_bytes(), claims);
    let mut tally = Tally::default();
    for (case, token, want) in [
        ("HS256", sign("HS256", &claims), "200"),
        ("HS384", sign("HS384", &claims), "200"),
        ("HS512", sign("HS512", &claims), "200"),
        (
            "another secret",
            hmac_jwt("HS256", b"another-secret-of-at-least-32-bytes-", &claims),
            INVALID,
        ),
        ("RS256", world.issuer.sign(&claims), INVALID),
        (
            "alg none",
            format!(
                "{}.{}.",
                base64url(r#"{"alg":"none"}"#),
                base64url(&claims.to_string())
            ),
            INVALID,
        ),
        (
            "expired",
            sign("HS256", &with(&claims, "exp", now() - 60)),
            EXPIRED,
        ),
        (
            "another issuer",
            sign("HS256", &with(&claims, "iss", "https://issuer.example")),
            INVALID,
        ),
        (
            "another audience",
            sign("HS256", &with(&claims, "aud", "other")),
            INVALID,
        ),
        ("no sub", sign("HS256", &without(&claims, "sub")), INVALID),
        ("no exp", sign("HS256", &without(&claims, "exp")), INVALID),
    ] {
        tally.is(
            case,
            said(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            want,
        );
    }
    // With a shared secret there is no key set to fetch.
    tally.is("fetches at the issuer's", world.issuer.requests().len(), 0);
    tally.done();
}

#[tokio::test]
async fn a_shared_secret_too_short_or_missing_signs_nobody_in() {
    let world = World::start().await;
    let claims = world.issuer.claims("ada");
    let short = "31-bytes-are-not-enough-of-them";
    assert_eq!(short.len(), 31);
    let id = Moto::unique("short-session");
    world.moto.create_secret(&id, short).await;
    for id in [id, Moto::unique("never-created")] {
        let function = world
            .function("elevenlabs")
            .env("SESSION_KIND", "secret")
            .env("SESSION_SECRET_ID", &id);
        let function = function.start().await;
        let event = Event::post("elevenlabs").bearer(&hmac_jwt("HS256", short.as_bytes(), &claims));
        // The operator's mistake: the user's session may be good, so this is no 401.
        assert_eq!(
            said(&function.invoke(&event).await),
            "503 session_unavailable"
        );
        assert_eq!(
            said(&function.invoke(&Event::post("elevenlabs")).await),
            MISSING
        );
    }
}
