//! Who is signed in: what a JWT session must be, where it is looked for, and what it is refused
//! for.

use serde_json::{Value, json};
use voicemint_tests::{AUDIENCE, Event, SESSION_COOKIE, World, now, with, without};

use crate::support::{Tally, said};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";

#[tokio::test]
async fn every_permitted_algorithm_is_verified() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let claims = world.issuer.claims("ada");
    let mut tally = Tally::default();
    for alg in [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ] {
        let good = world.issuer.jwt(alg, &claims).encode();
        tally.is(
            alg,
            said(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&good))
                    .await,
            ),
            "200",
        );
        let (message, signature) = good.rsplit_once('.').unwrap_or_default();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let bad = format!("{message}.{other}{}", &signature[1..]);
        let answer = function
            .invoke(&Event::post("elevenlabs").bearer(&bad))
            .await;
        tally.is(&format!("{alg}, altered"), said(&answer), INVALID);
    }
    tally.done();
}

#[tokio::test]
async fn claims_are_required_and_must_be_right() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let good = world.issuer.claims("ada");
    let mut tally = Tally::default();
    for (case, claims, want) in [
        ("good", good.clone(), "200"),
        (
            "audience among several",
            with(&good, "aud", json!(["other", AUDIENCE])),
            "200",
        ),
        ("expired just now", with(&good, "exp", now() - 3), "200"),
        (
            "expired beyond the leeway",
            with(&good, "exp", now() - 7),
            EXPIRED,
        ),
        ("expired long ago", with(&good, "exp", 1), EXPIRED),
        ("not yet, by a little", with(&good, "nbf", now() + 3), "200"),
        ("not yet", with(&good, "nbf", now() + 30), INVALID),
        ("issued in a moment", with(&good, "iat", now() + 3), "200"),
        (
            "issued in the future",
            with(&good, "iat", now() + 30),
            INVALID,
        ),
        ("no exp", without(&good, "exp"), INVALID),
        ("no iss", without(&good, "iss"), INVALID),
        ("no aud", without(&good, "aud"), INVALID),
        ("no sub", without(&good, "sub"), INVALID),
        ("empty sub", with(&good, "sub", ""), INVALID),
        ("sub is a whole number", with(&good, "sub", 7), "200"),
        (
            "sub is a part of a number",
            with(&good, "sub", 7.5),
            INVALID,
        ),
        ("sub is null", with(&good, "sub", Value::Null), INVALID),
        (
            "exp is a string",
            with(&good, "exp", (now() + 300).to_string()),
            INVALID,
        ),
        ("nbf is a string", with(&good, "nbf", "0"), INVALID),
        (
            "iss is an array",
            with(&good, "iss", json!([world.issuer.url()])),
            INVALID,
        ),
        (
            "iss with a slash",
            with(&good, "iss", world.issuer.url() + "/"),
            INVALID,
        ),
        (
            "another issuer",
            with(&good, "iss", "https://issuer.example"),
            INVALID,
        ),
        ("another audience", with(&good, "aud", "other"), INVALID),
        ("no audience at all", with(&good, "aud", json!([])), INVALID),
        (
            "part of the audience",
            with(&good, "aud", &AUDIENCE[1..]),
            INVALID,
        ),
    ] {
        let event = Event::post("elevenlabs").bearer(&world.issuer.sign(&claims));
        tally.is(case, said(&function.invoke(&event).await), want);
    }
    tally.done();
}

#[tokio::test]
async fn a_bearer_goes_before_the_cookie_and_never_back_to_it() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let good = world.issuer.token("ada");
    let event = Event::post("elevenlabs");
    let both = |authorization: &str| {
        event
            .clone()
            .header("authorization", authorization)
            .cookie(SESSION_COOKIE, &good)
    };
    let mut tally = Tally::default();
    for (case, event, want) in [
        ("bearer", event.clone().bearer(&good), "200"),
        (
            "bearer in another case",
            event
                .clone()
                .header("authorization", &format!("bearer {good}")),
            "200",
        ),
        ("cookie", event.clone().cookie(SESSION_COOKIE, &good), "200"),
        (
            "cookie by header",
            event
                .clone()
                .header("cookie", &format!("a=b; {SESSION_COOKIE}={good}; c=d")),
            "200",
        ),
        ("both good", both(&format!("Bearer {good}")), "200"),
        ("a bad bearer", both("Bearer bad"), INVALID),
        ("an empty bearer", both("Bearer "), INVALID),
        (
            "a bearer twice",
            both(&format!("Bearer {good},Bearer {good}")),
            "400 request_malformed",
        ),
        (
            "a signature of AWS's",
            both("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c"),
            "200",
        ),
        (
            "a digest",
            both("Digest username=\"ada\", realm=\"app\", nonce=\"x\""),
            "200",
        ),
        (
            "a password and a bearer",
            both(&format!("Basic eDp5, Bearer {good}")),
            "400 request_malformed",
        ),
        (
            "a bearer twice, no cookie",
            event
                .clone()
                .header("authorization", &format!("Bearer {good}, Bearer {good}")),
            "400 request_malformed",
        ),
        ("nothing", event.clone(), MISSING),
        (
            "a bad cookie",
            event.clone().cookie(SESSION_COOKIE, "bad"),
            INVALID,
        ),
        (
            "a cookie of another name",
            event.clone().cookie("session", &good),
            MISSING,
        ),
        (
            "a cookie of another case",
            event.clone().cookie("APP_SESSION", &good),
            MISSING,
        ),
        (
            "in the query",
            Event::get("elevenlabs")
                .query(&format!("token_type=tts_websocket&access_token={good}")),
            MISSING,
        ),
    ] {
        tally.is(case, said(&function.invoke(&event).await), want);
    }
    tally.done();
}

#[tokio::test]
async fn without_a_cookie_name_only_a_bearer_counts() {
    let world = World::start().await;
    let function = world
        .function("elevenlabs")
        .without("SESSION_COOKIE")
        .start()
        .await;
    let good = world.issuer.token("ada");
    assert_eq!(
        said(
            &function
                .invoke(&Event::post("elevenlabs").cookie(SESSION_COOKIE, &good))
                .await
        ),
        MISSING
    );
    assert_eq!(
        said(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&good))
                .await
        ),
        "200"
    );
}

#[tokio::test]
async fn settings_narrow_what_is_accepted() {
    let world = World::start().await;
    let issuer = &world.issuer;
    let claims = issuer.claims("ada");
    let mut tally = Tally::default();

    let function = world
        .function("elevenlabs")
        .env("SESSION_ALGORITHMS", "ES256,EdDSA")
        .start()
        .await;
    for (alg, want) in [
        ("ES256", "200"),
        ("EdDSA", "200"),
        ("RS256", INVALID),
        ("ES384", INVALID),
    ] {
        let event = Event::post("elevenlabs").bearer(&issuer.jwt(alg, &claims).encode());
        tally.is(alg, said(&function.invoke(&event).await), want);
    }

    let function = world
        .function("elevenlabs")
        .env("SESSION_AUTHORIZED_PARTIES", "web,mobile")
        .start()
        .await;
    for (case, claims, want) in [
        ("azp", with(&claims, "azp", "web"), "200"),
        ("client_id", with(&claims, "client_id", "mobile"), "200"),
        ("another azp", with(&claims, "azp", "desktop"), INVALID),
        (
            "another client_id",
            with(&claims, "client_id", "desktop"),
            INVALID,
        ),
        ("no party", claims.clone(), INVALID),
    ] {
        let event = Event::post("elevenlabs").bearer(&issuer.sign(&claims));
        tally.is(case, said(&function.invoke(&event).await), want);
    }

    let function = world
        .function("elevenlabs")
        .env("SESSION_REQUIRED_CLAIMS", "token_use=access,tier=gold")
        .start()
        .await;
    let full = with(&with(&claims, "token_use", "access"), "tier", "gold");
    for (case, claims, want) in [
        ("both claims", full.clone(), "200"),
        ("one claim", without(&full, "tier"), INVALID),
        ("another value", with(&full, "token_use", "id"), INVALID),
        (
            "an array of it",
            with(&full, "token_use", json!(["access", "id"])),
            INVALID,
        ),
    ] {
        let event = Event::post("elevenlabs").bearer(&issuer.sign(&claims));
        tally.is(case, said(&function.invoke(&event).await), want);
    }

    let function = world
        .function("elevenlabs")
        .env("SESSION_AUDIENCE", "one,two")
        .start()
        .await;
    for (audience, want) in [
        (json!("one"), "200"),
        (json!(["two"]), "200"),
        (json!("one,two"), INVALID),
        (json!("three"), INVALID),
    ] {
        let event =
            Event::post("elevenlabs").bearer(&issuer.sign(&with(&claims, "aud", audience.clone())));
        tally.is(
            &audience.to_string(),
            said(&function.invoke(&event).await),
            want,
        );
    }

    let function = world
        .function("elevenlabs")
        .env("SESSION_AUDIENCE", "*")
        .start()
        .await;
    for claims in [with(&claims, "aud", "anything"), without(&claims, "aud")] {
        let event = Event::post("elevenlabs").bearer(&issuer.sign(&claims));
        tally.is(
            &format!("any audience: {claims}"),
            said(&function.invoke(&event).await),
            "200",
        );
    }
    tally.done();
}
