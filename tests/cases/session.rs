//! JWT sessions: what they must contain, where they are read from, and why they are refused.

use serde_json::{Value, json};
use voicemint_tests::{AUDIENCE, Event, SESSION_COOKIE, TestEnv, now, with_claim, without_claim};

use crate::support::{CaseReport, status_and_code};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";

#[tokio::test]
async fn every_permitted_algorithm_is_verified() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let claims = env.issuer.claims("ada");
    let mut report = CaseReport::default();
    for alg in [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ] {
        let good = env.issuer.jwt(alg, &claims).encode();
        report.check_eq(
            alg,
            status_and_code(
                &function
                    .invoke(&Event::post("elevenlabs").bearer(&good))
                    .await,
            ),
            "200",
        );
        let (message, signature) = good.rsplit_once('.').unwrap_or_default();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let bad = format!("{message}.{other}{}", &signature[1..]);
        let response = function
            .invoke(&Event::post("elevenlabs").bearer(&bad))
            .await;
        report.check_eq(
            &format!("{alg}, altered"),
            status_and_code(&response),
            INVALID,
        );
    }
    report.finish();
}

#[tokio::test]
async fn claims_are_required_and_must_be_valid() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let good = env.issuer.claims("ada");
    let mut report = CaseReport::default();
    for (case, claims, want) in [
        ("good", good.clone(), "200"),
        (
            "audience among several",
            with_claim(&good, "aud", json!(["other", AUDIENCE])),
            "200",
        ),
        (
            "expired just now",
            with_claim(&good, "exp", now() - 3),
            "200",
        ),
        (
            "expired beyond the leeway",
            with_claim(&good, "exp", now() - 7),
            EXPIRED,
        ),
        ("expired long ago", with_claim(&good, "exp", 1), EXPIRED),
        (
            "nbf within the leeway",
            with_claim(&good, "nbf", now() + 3),
            "200",
        ),
        (
            "nbf in the future",
            with_claim(&good, "nbf", now() + 30),
            INVALID,
        ),
        (
            "iat within the leeway",
            with_claim(&good, "iat", now() + 3),
            "200",
        ),
        (
            "iat in the future",
            with_claim(&good, "iat", now() + 30),
            INVALID,
        ),
        ("no exp", without_claim(&good, "exp"), INVALID),
        ("no iss", without_claim(&good, "iss"), INVALID),
        ("no aud", without_claim(&good, "aud"), INVALID),
        ("no sub", without_claim(&good, "sub"), INVALID),
        ("empty sub", with_claim(&good, "sub", ""), INVALID),
        ("sub is a whole number", with_claim(&good, "sub", 7), "200"),
        ("sub is a fraction", with_claim(&good, "sub", 7.5), INVALID),
        (
            "sub is null",
            with_claim(&good, "sub", Value::Null),
            INVALID,
        ),
        (
            "exp is a string",
            with_claim(&good, "exp", (now() + 300).to_string()),
            INVALID,
        ),
        ("nbf is a string", with_claim(&good, "nbf", "0"), INVALID),
        (
            "iss is an array",
            with_claim(&good, "iss", json!([env.issuer.url()])),
            INVALID,
        ),
        (
            "iss with a slash",
            with_claim(&good, "iss", env.issuer.url() + "/"),
            INVALID,
        ),
        (
            "another issuer",
            with_claim(&good, "iss", "https://issuer.example"),
            INVALID,
        ),
        (
            "another audience",
            with_claim(&good, "aud", "other"),
            INVALID,
        ),
        (
            "no audience at all",
            with_claim(&good, "aud", json!([])),
            INVALID,
        ),
        (
            "part of the audience",
            with_claim(&good, "aud", &AUDIENCE[1..]),
            INVALID,
        ),
    ] {
        let event = Event::post("elevenlabs").bearer(&env.issuer.sign(&claims));
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
    }
    report.finish();
}

#[tokio::test]
async fn a_bearer_takes_precedence_and_never_falls_back_to_the_cookie() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let good = env.issuer.token("ada");
    let event = Event::post("elevenlabs");
    let both = |authorization: &str| {
        event
            .clone()
            .header("authorization", authorization)
            .cookie(SESSION_COOKIE, &good)
    };
    let mut report = CaseReport::default();
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
            "an AWS signature",
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
        ("no credential", event.clone(), MISSING),
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
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
    }
    report.finish();
}

#[tokio::test]
async fn without_a_cookie_name_only_a_bearer_is_accepted() {
    let env = TestEnv::start().await;
    let function = env
        .function("elevenlabs")
        .without("SESSION_COOKIE")
        .start()
        .await;
    let good = env.issuer.token("ada");
    assert_eq!(
        status_and_code(
            &function
                .invoke(&Event::post("elevenlabs").cookie(SESSION_COOKIE, &good))
                .await
        ),
        MISSING
    );
    assert_eq!(
        status_and_code(
            &function
                .invoke(&Event::post("elevenlabs").bearer(&good))
                .await
        ),
        "200"
    );
}

#[tokio::test]
async fn settings_restrict_what_is_accepted() {
    let env = TestEnv::start().await;
    let issuer = &env.issuer;
    let claims = issuer.claims("ada");
    let mut report = CaseReport::default();

    let function = env
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
        report.check_eq(alg, status_and_code(&function.invoke(&event).await), want);
    }

    let function = env
        .function("elevenlabs")
        .env("SESSION_AUTHORIZED_PARTIES", "web,mobile")
        .start()
        .await;
    for (case, claims, want) in [
        ("azp", with_claim(&claims, "azp", "web"), "200"),
        (
            "client_id",
            with_claim(&claims, "client_id", "mobile"),
            "200",
        ),
        (
            "another azp",
            with_claim(&claims, "azp", "desktop"),
            INVALID,
        ),
        (
            "another client_id",
            with_claim(&claims, "client_id", "desktop"),
            INVALID,
        ),
        ("no party", claims.clone(), INVALID),
    ] {
        let event = Event::post("elevenlabs").bearer(&issuer.sign(&claims));
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
    }

    let function = env
        .function("elevenlabs")
        .env("SESSION_REQUIRED_CLAIMS", "token_use=access,tier=gold")
        .start()
        .await;
    let full = with_claim(&with_claim(&claims, "token_use", "access"), "tier", "gold");
    for (case, claims, want) in [
        ("both claims", full.clone(), "200"),
        ("one claim", without_claim(&full, "tier"), INVALID),
        (
            "another value",
            with_claim(&full, "token_use", "id"),
            INVALID,
        ),
        (
            "an array of it",
            with_claim(&full, "token_use", json!(["access", "id"])),
            INVALID,
        ),
    ] {
        let event = Event::post("elevenlabs").bearer(&issuer.sign(&claims));
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
    }

    let function = env
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
        let event = Event::post("elevenlabs").bearer(&issuer.sign(&with_claim(
            &claims,
            "aud",
            audience.clone(),
        )));
        report.check_eq(
            &audience.to_string(),
            status_and_code(&function.invoke(&event).await),
            want,
        );
    }

    let function = env
        .function("elevenlabs")
        .env("SESSION_AUDIENCE", "*")
        .start()
        .await;
    for claims in [
        with_claim(&claims, "aud", "anything"),
        without_claim(&claims, "aud"),
    ] {
        let event = Event::post("elevenlabs").bearer(&issuer.sign(&claims));
        report.check_eq(
            &format!("any audience: {claims}"),
            status_and_code(&function.invoke(&event).await),
            "200",
        );
    }
    report.finish();
}
