//! Sessions that are signed with a secret that the app and the function share
//! (`SESSION_KIND=secret`).

use serde_json::Value;
use voicemint_tests::{Event, Moto, TestEnv, hmac_jwt, now, with_claim, without_claim};

use crate::support::{CaseReport, base64url, status_and_code};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";

#[tokio::test]
async fn a_shared_secret_verifies_only_hmac() {
    let env = TestEnv::start().await;
    let secret = "a-shared-secret-of-sixty-four-bytes-that-is-obviously-fake-12345";
    let id = Moto::unique_name("session");
    env.moto.create_secret(&id, secret).await;
    let function = env
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_SECRET_ID", &id)
        .start()
        .await;
    let claims = env.issuer.claims("ada");
    let sign = |alg: &str, claims: &Value| hmac_jwt(alg, secret.as_bytes(), claims);
    let mut report = CaseReport::default();
    for (case, token, want) in [
        ("HS256", sign("HS256", &claims), "200"),
        ("HS384", sign("HS384", &claims), "200"),
        ("HS512", sign("HS512", &claims), "200"),
        (
            "another secret",
            hmac_jwt("HS256", b"another-secret-of-at-least-32-bytes-", &claims),
            INVALID,
        ),
        ("RS256", env.issuer.sign(&claims), INVALID),
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
            sign("HS256", &with_claim(&claims, "exp", now() - 60)),
            EXPIRED,
        ),
        (
            "another issuer",
            sign(
                "HS256",
                &with_claim(&claims, "iss", "https://issuer.example"),
            ),
            INVALID,
        ),
        (
            "another audience",
            sign("HS256", &with_claim(&claims, "aud", "other")),
            INVALID,
        ),
        (
            "no sub",
            sign("HS256", &without_claim(&claims, "sub")),
            INVALID,
        ),
        (
            "no exp",
            sign("HS256", &without_claim(&claims, "exp")),
            INVALID,
        ),
    ] {
        report.check_eq(
            case,
            status_and_code(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&token))
                    .await,
            ),
            want,
        );
    }
    // With a shared secret there is no JWK set to fetch.
    report.check_eq("fetches from the issuer", env.issuer.requests().len(), 0);
    report.finish();
}

#[tokio::test]
async fn a_short_or_missing_shared_secret_accepts_no_session() {
    let env = TestEnv::start().await;
    let claims = env.issuer.claims("ada");
    let short = "31-bytes-are-not-enough-of-them";
    assert_eq!(short.len(), 31);
    let id = Moto::unique_name("short-session");
    env.moto.create_secret(&id, short).await;
    for id in [id, Moto::unique_name("never-created")] {
        let function = env
            .function("elevenlabs")
            .env("SESSION_KIND", "secret")
            .env("SESSION_SECRET_ID", &id);
        let function = function.start().await;
        let event = Event::post("elevenlabs").bearer(&hmac_jwt("HS256", short.as_bytes(), &claims));
        // This is an error of the operator. The session may be valid, so the response is not a 401.
        assert_eq!(
            status_and_code(&function.invoke(&event).await),
            "503 session_unavailable"
        );
        assert_eq!(
            status_and_code(&function.invoke(&Event::post("elevenlabs")).await),
            MISSING
        );
    }
}
