//! Several issuers: each has an exact name, and its keys or its secret verify only its own tokens.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use voicemint_tests::{
    DocumentFault, Event, Function, FunctionBuilder, Issuer, TestEnv, hmac_jwt, with_claim,
    without_claim,
};

use crate::resume::{assert_new_token, minted, with_cookie};
use crate::settings::{mentions, startup_error};
use crate::support::{CaseReport, base64url, join_all, status_and_code};

const INVALID: &str = "401 session_invalid";
const UNAVAILABLE: &str = "503 session_unavailable";

/// A function that trusts the issuer of the environment and another one.
fn trusting_both(env: &TestEnv, other: &Issuer, provider: &str) -> FunctionBuilder {
    env.function(provider).env(
        "SESSION_ISSUER",
        format!("{}, {}", env.issuer.url(), other.url()),
    )
}

async fn mint(function: &Function, token: &str) -> String {
    status_and_code(
        &function
            .invoke(&Event::post("elevenlabs").bearer(token))
            .await,
    )
}

#[tokio::test]
async fn a_key_of_one_issuer_never_verifies_a_token_of_another() {
    let (env, other) = (TestEnv::start().await, Issuer::start().await);
    // Both issuers have keys with the same ids. Each has one more key, with an id that the other
    // does not have.
    let own_id = env.issuer.rotate_keys();
    let spare = other.rotate_keys();
    let other_id = other.rotate_keys();
    other.remove_key(&spare);
    assert_ne!(own_id, other_id);
    let function = trusting_both(&env, &other, "elevenlabs").start().await;
    let mut report = CaseReport::default();
    for (own, stranger, id) in [
        (&env.issuer, &other, &other_id),
        (&other, &env.issuer, &own_id),
    ] {
        let claims = own.claims("ada");
        for alg in ["EdDSA", "ES384", "ES256"] {
            report.check_eq(
                &format!("the issuer's own token, {alg}"),
                mint(&function, &own.jwt(alg, &claims).encode()).await,
                "200",
            );
            let foreign = stranger.jwt(alg, &stranger.claims("ada")).encode();
            report.check_eq(
                &format!("the other issuer's own token, {alg}"),
                mint(&function, &foreign).await,
                "200",
            );
            let forged = stranger.jwt(alg, &claims).encode();
            report.check_eq(
                &format!("{alg} with the key's id"),
                mint(&function, &forged).await,
                INVALID,
            );
            let without_key_id = stranger
                .jwt(alg, &claims)
                .header("kid", Value::Null)
                .encode();
            report.check_eq(
                &format!("{alg} without a key id"),
                mint(&function, &without_key_id).await,
                INVALID,
            );
        }
        for id in [id.as_str(), "p256-1", "nobody"] {
            let forged = stranger.jwt("ES256", &claims).header("kid", id).encode();
            report.check_eq(
                &format!("ES256 with the id {id}"),
                mint(&function, &forged).await,
                INVALID,
            );
        }
    }
    report.check_eq("tokens minted", env.mints("elevenlabs"), 12);
    report.finish();
}

#[tokio::test]
async fn an_unknown_issuer_is_refused_without_a_fetch() {
    let (env, other, stranger) = (
        TestEnv::start().await,
        Issuer::start().await,
        Issuer::start().await,
    );
    let function = trusting_both(&env, &other, "elevenlabs").start().await;
    for issuer in [&env.issuer, &other] {
        assert_eq!(
            mint(
                &function,
                &issuer.jwt("EdDSA", &issuer.claims("ada")).encode()
            )
            .await,
            "200"
        );
    }
    let fetched = || [&env.issuer, &other, &stranger].map(|issuer| issuer.requests().len());
    let before = fetched();
    let (a, b) = (env.issuer.url(), other.url());
    let claims = env.issuer.claims("ada");
    let repeated_issuer = claims
        .to_string()
        .replacen('{', &format!("{{\"iss\":\"{b}\","), 1);
    let mut report = CaseReport::default();
    for (case, claims) in [
        ("an unknown issuer", stranger.claims("ada")),
        (
            "both names in one",
            with_claim(&claims, "iss", format!("{a}, {b}")),
        ),
        (
            "a trailing slash",
            with_claim(&claims, "iss", format!("{a}/")),
        ),
        ("a path", with_claim(&claims, "iss", format!("{a}/other"))),
        (
            "another scheme",
            with_claim(&claims, "iss", a.replace("http:", "https:")),
        ),
        (
            "another spelling",
            with_claim(&claims, "iss", a.replace("http:", "HTTP:")),
        ),
        (
            "another host",
            with_claim(&claims, "iss", a.replace("127.0.0.1", "localhost")),
        ),
        ("a space", with_claim(&claims, "iss", format!(" {a}"))),
        (
            "a part of the name",
            with_claim(&claims, "iss", &a[..a.len() - 1]),
        ),
        ("an empty name", with_claim(&claims, "iss", "")),
        ("several names", with_claim(&claims, "iss", json!([a, b]))),
        ("no name", without_claim(&claims, "iss")),
    ] {
        for kid in ["ed25519-1", "unheard-of"] {
            let token = stranger.jwt("EdDSA", &claims).header("kid", kid).encode();
            report.check_eq(
                &format!("{case}, {kid}"),
                mint(&function, &token).await,
                INVALID,
            );
        }
    }
    let token = env
        .issuer
        .jwt("EdDSA", &claims)
        .raw_payload(&repeated_issuer)
        .encode();
    report.check_eq("a repeated name", mint(&function, &token).await, INVALID);
    let unsigned = format!(
        "{}.{}.",
        base64url(r#"{"alg":"none"}"#),
        base64url(&claims.to_string())
    );
    report.check_eq("no signature", mint(&function, &unsigned).await, INVALID);
    report.check_eq("fetches", fetched(), before);
    report.finish();
}

#[tokio::test]
async fn an_outage_of_one_issuer_does_not_affect_the_other() {
    let mut cases = JoinSet::new();
    for fault in DocumentFault::ALL {
        cases.spawn(async move {
            let (env, other) = (TestEnv::start().await, Issuer::start().await);
            other.set_discovery_fault(fault);
            other.set_jwk_set_fault(fault);
            let function = trusting_both(&env, &other, "elevenlabs").start().await;
            let (good, unavailable) = (env.issuer.token("ada"), other.token("ada"));
            assert_eq!(
                mint(&function, &good).await,
                "200",
                "{fault:?}\n{}",
                function.logs()
            );
            for _ in 0..3 {
                let response = function
                    .invoke(&Event::post("elevenlabs").bearer(&unavailable))
                    .await;
                assert_eq!(status_and_code(&response), UNAVAILABLE, "{fault:?}");
                assert!(
                    response.has_header("retry-after") && !response.has_header("www-authenticate"),
                    "{response:?}"
                );
                let begin = Instant::now();
                assert_eq!(mint(&function, &good).await, "200", "{fault:?}");
                assert!(
                    begin.elapsed() < Duration::from_secs(1),
                    "{fault:?}: {:?}",
                    begin.elapsed()
                );
            }
            // A token that the unavailable issuer signed is not a token of the other issuer.
            let forged = other.jwt("EdDSA", &env.issuer.claims("ada")).encode();
            assert_eq!(mint(&function, &forged).await, INVALID, "{fault:?}");
            other.set_discovery_fault(None);
            other.set_jwk_set_fault(None);
            let recovery = Instant::now();
            while mint(&function, &unavailable).await != "200" {
                assert!(
                    recovery.elapsed() < Duration::from_secs(12),
                    "{fault:?}\n{}",
                    function.logs()
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
    }
    join_all(cases).await;
}

#[tokio::test]
async fn jwk_sets_are_listed_in_the_order_of_the_issuers() {
    let (env, other) = (TestEnv::start().await, Issuer::start().await);
    let urls = [env.issuer.jwks_url(), other.jwks_url()];
    let tokens =
        [&env.issuer, &other].map(|issuer| issuer.jwt("EdDSA", &issuer.claims("ada")).encode());
    for (order, want) in [([0, 1], "200"), ([1, 0], INVALID)] {
        let ordered = order.map(|number: usize| urls[number].clone()).join(",");
        let function = trusting_both(&env, &other, "elevenlabs")
            .env("SESSION_JWKS_URL", ordered)
            .start()
            .await;
        for token in &tokens {
            assert_eq!(mint(&function, token).await, want, "{order:?}");
        }
    }
    assert_eq!(
        (env.issuer.discovery_fetches(), other.discovery_fetches()),
        (0, 0)
    );
}

#[tokio::test]
async fn lists_that_do_not_match_stop_the_function() {
    let (env, other) = (TestEnv::start().await, Issuer::start().await);
    let (a, b) = (env.issuer.url(), other.url());
    let mut report = CaseReport::default();
    for (kind, issuers, setting, value, named) in [
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            env.issuer.jwks_url(),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,{a}/2,{a}/3"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            a.clone(),
            "SESSION_JWKS_URL",
            format!("{a}/1,{a}/2"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,http://b.example/2"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,b.example"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b},{a}"),
            "LOG_LEVEL",
            "info".to_owned(),
            "SESSION_ISSUER",
        ),
        (
            "jwt",
            format!("{a}, {a}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,{a}/2"),
            "SESSION_ISSUER",
        ),
        (
            "jwt",
            format!("{a},http://b.example"),
            "LOG_LEVEL",
            "info".to_owned(),
            "SESSION_ISSUER",
        ),
        (
            "jwt",
            " , ".to_owned(),
            "LOG_LEVEL",
            "info".to_owned(),
            "SESSION_ISSUER",
        ),
        (
            "secret",
            "one,two".to_owned(),
            "SESSION_SECRET_ID",
            "a".to_owned(),
            "SESSION_SECRET_ID",
        ),
        (
            "secret",
            "one,two".to_owned(),
            "SESSION_SECRET_ID",
            "a,b,c".to_owned(),
            "SESSION_SECRET_ID",
        ),
        (
            "secret",
            "one".to_owned(),
            "SESSION_SECRET_ID",
            "a,b".to_owned(),
            "SESSION_SECRET_ID",
        ),
        (
            "secret",
            "one,one".to_owned(),
            "SESSION_SECRET_ID",
            "a,b".to_owned(),
            "SESSION_ISSUER",
        ),
    ] {
        let builder = env
            .function("cartesia")
            .env("SESSION_KIND", kind)
            .env("SESSION_ISSUER", &issuers);
        let text = startup_error(builder.env(setting, &value)).await;
        let reported = text.as_ref().is_some_and(|text| mentions(text, named));
        report.check(
            &format!("{kind} {issuers} {setting}={value}: {text:?}"),
            reported,
        );
    }
    report.finish();
}

#[tokio::test]
async fn each_issuer_has_its_own_shared_secret() {
    let env = TestEnv::start().await;
    let texts = [
        "the-first-apps-secret-of-32-bytes-or-more",
        "the-second-apps-secret-of-32-bytes-or-so",
    ];
    let ids = [
        env.secret("first", texts[0]).await,
        env.secret("second", texts[1]).await,
    ];
    let function = env
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_ISSUER", "first,second");
    let function = function
        .env("SESSION_SECRET_ID", ids.join(","))
        .start()
        .await;
    let claims = |issuer: &str| with_claim(&env.issuer.claims("ada"), "iss", issuer);
    let mut report = CaseReport::default();
    for (issuer, secret, want) in [
        ("first", texts[0], "200"),
        ("second", texts[1], "200"),
        ("first", texts[1], INVALID),
        ("second", texts[0], INVALID),
        ("third", texts[0], INVALID),
        ("first,second", texts[0], INVALID),
    ] {
        let token = hmac_jwt("HS256", secret.as_bytes(), &claims(issuer));
        report.check_eq(
            &format!("{issuer} with {secret}"),
            mint(&function, &token).await,
            want,
        );
    }
    // A missing secret makes only its own issuer unavailable.
    let ids = [
        ids[0].clone(),
        "voicemint/never-created-for-the-second".to_owned(),
    ];
    let function = env
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_ISSUER", "first,second");
    let function = function
        .env("SESSION_SECRET_ID", ids.join(","))
        .start()
        .await;
    for (issuer, secret, want) in [
        ("first", texts[0], "200"),
        ("second", texts[1], UNAVAILABLE),
    ] {
        let token = hmac_jwt("HS256", secret.as_bytes(), &claims(issuer));
        report.check_eq(
            &format!("{issuer}, the second secret is missing"),
            mint(&function, &token).await,
            want,
        );
    }
    report.finish();
}

#[tokio::test]
async fn users_with_the_same_name_at_two_issuers_are_different_users() {
    let (env, other) = (TestEnv::start().await, Issuer::start().await);
    let function = trusting_both(&env, &other, "cartesia").start().await;
    let tokens = [&env.issuer, &other].map(|issuer| issuer.token("ada"));
    let (first, cookie) = minted(&function, &tokens[0], &json!({})).await;
    assert_new_token(
        &function
            .invoke(&with_cookie(&tokens[1], &json!({}), &cookie))
            .await,
        &first,
    );
    let again = function
        .invoke(&with_cookie(&tokens[0], &json!({}), &cookie))
        .await;
    assert_eq!(
        (again.header("voicemint-source"), again.token()),
        ("resumed", first.token())
    );
}
