//! The JWK set cache and its limits with sequential requests: fetches during a flood, rotation
//! under load, an identity provider that is down, and clock differences. The tests with concurrent
//! requests are in `shared/tests/`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use voicemint_tests::{
    DocumentFault, Event, Function, Issuer, Reply, Response, ScriptedServer, TestEnv, hmac_jwt,
    now, with_claim,
};

use crate::support::{CaseReport, join_all, status_and_code};

const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";
const UNAVAILABLE: &str = "503 session_unavailable";
/// One regular fetch, three immediate fetches for unknown key ids, and three more within the
/// minute.
const MAX_FETCHES: usize = 7;

async fn mint(function: &Function, token: &str) -> String {
    status_and_code(
        &function
            .invoke(&Event::post("elevenlabs").bearer(token))
            .await,
    )
}

/// The duration of the session check in milliseconds, as the response reports it.
fn session_millis(response: &Response) -> f64 {
    let timing = response.header("server-timing").to_owned();
    let entry = timing
        .split(", ")
        .find_map(|entry| entry.strip_prefix("session;dur="));
    entry
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("no session time in {response:?}"))
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_causes_few_fetches_and_fails_no_valid_session() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let good = env.issuer.token("ada");
    for number in 0..300 {
        let forged = env
            .issuer
            .jwt("ES256", &env.issuer.claims("eve"))
            .header("kid", format!("forged-{number}"));
        assert_eq!(mint(&function, &forged.encode()).await, INVALID, "{number}");
        if number % 10 == 0 {
            assert_eq!(mint(&function, &good).await, "200", "{number}");
        }
    }
    assert!(
        env.issuer.jwk_set_fetches() <= MAX_FETCHES,
        "{} fetches",
        env.issuer.jwk_set_fetches()
    );
    assert!(
        env.issuer.discovery_fetches() <= MAX_FETCHES,
        "{} discovery fetches",
        env.issuer.discovery_fetches()
    );
}

#[tokio::test]
async fn a_flood_without_key_ids_causes_few_fetches_and_fails_no_valid_session() {
    let (env, stranger) = (TestEnv::start().await, Issuer::start().await);
    let function = env.function("elevenlabs").start().await;
    let claims = env.issuer.claims("ada");
    let good = env.issuer.token("ada");
    let without_key_id = env
        .issuer
        .jwt("EdDSA", &claims)
        .header("kid", Value::Null)
        .encode();
    let (message, _) = without_key_id.rsplit_once('.').unwrap_or_default();
    for number in 0..300 {
        // A wrong key, an invalid signature, and an algorithm for which there is no unique key.
        let forged = match number % 3 {
            0 => stranger
                .jwt("EdDSA", &claims)
                .header("kid", Value::Null)
                .encode(),
            1 => format!("{message}.{}", "A".repeat(86)),
            _ => stranger
                .jwt("ES384", &claims)
                .header("kid", Value::Null)
                .header("alg", "ES512")
                .encode(),
        };
        assert_eq!(mint(&function, &forged).await, INVALID, "{number}");
        if number % 10 == 0 {
            assert_eq!(mint(&function, &good).await, "200", "{number}");
            assert_eq!(mint(&function, &without_key_id).await, "200", "{number}");
        }
    }
    assert!(
        env.issuer.jwk_set_fetches() <= MAX_FETCHES,
        "{} fetches",
        env.issuer.jwk_set_fetches()
    );
}

#[tokio::test]
async fn an_overlapping_rotation_under_load_fails_no_request() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let sign = |subject: &str| {
        env.issuer
            .jwt("ES256", &env.issuer.claims(subject))
            .encode()
    };
    let old: Vec<_> = (0..10)
        .map(|number| sign(&format!("user-{number}")))
        .collect();
    let mut requests = 0;
    for token in &old {
        assert_eq!(mint(&function, token).await, "200");
        requests += 1;
    }
    // Both keys are published. The new key signs from now on, and tokens of the old key stay valid
    // until they expire.
    env.issuer.rotate_keys();
    for token in old.iter().cycle().take(50) {
        for token in [token, &sign("somebody-new")] {
            assert_eq!(
                mint(&function, token).await,
                "200",
                "after {requests}: {}",
                function.logs()
            );
            requests += 1;
        }
    }
    // The last token of the old key has expired, so the key is removed.
    env.issuer.remove_key("p256-1");
    for number in 0..50 {
        assert_eq!(
            mint(&function, &sign(&format!("user-{number}"))).await,
            "200",
            "after {requests}"
        );
    }
    assert_eq!(env.issuer.jwk_set_fetches(), 2);
}

#[tokio::test]
async fn a_rotated_key_without_an_id_is_found_immediately() {
    let env = TestEnv::start().await;
    env.issuer.omit_key_ids();
    let function = env.function("elevenlabs").start().await;
    let without_key_id = || {
        env.issuer
            .jwt("ES256", &env.issuer.claims("ada"))
            .header("kid", Value::Null)
            .encode()
    };
    let old = without_key_id();
    assert_eq!(mint(&function, &old).await, "200");
    env.issuer.rotate_keys();
    env.issuer.remove_key("p256-1");
    assert_eq!(
        mint(&function, &without_key_id()).await,
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(mint(&function, &old).await, INVALID, "the key was removed");
    assert_eq!(mint(&function, &without_key_id()).await, "200");
    assert!(
        env.issuer.jwk_set_fetches() <= MAX_FETCHES,
        "{} fetches",
        env.issuer.jwk_set_fetches()
    );
}

#[tokio::test]
async fn two_published_keys_without_ids_are_both_accepted() {
    let env = TestEnv::start().await;
    env.issuer.omit_key_ids();
    let function = env.function("elevenlabs").start().await;
    let without_key_id = || {
        env.issuer
            .jwt("ES256", &env.issuer.claims("ada"))
            .header("kid", Value::Null)
            .encode()
    };
    let old = without_key_id();
    assert_eq!(mint(&function, &old).await, "200");
    env.issuer.rotate_keys();
    for _ in 0..5 {
        assert_eq!(
            mint(&function, &without_key_id()).await,
            "200",
            "{}",
            function.logs()
        );
        assert_eq!(mint(&function, &old).await, "200", "{}", function.logs());
    }
}

#[tokio::test]
async fn no_jwk_set_is_503_within_two_seconds_and_a_cached_one_is_200_immediately() {
    let mut cases = JoinSet::new();
    for fault in DocumentFault::ALL {
        cases.spawn(async move {
            let env = TestEnv::start().await;
            let warm = env.function("elevenlabs").start().await;
            let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
            assert_eq!(status_and_code(&warm.invoke(&event).await), "200");
            env.issuer.set_jwk_set_fault(fault);
            let cold = env.function("elevenlabs").start().await;
            for _ in 0..3 {
                let response = cold.invoke(&event).await;
                assert_eq!(status_and_code(&response), UNAVAILABLE, "{fault:?}");
                assert!(
                    response.has_header("retry-after") && !response.has_header("www-authenticate"),
                    "{response:?}"
                );
                assert!(
                    session_millis(&response) < 2000.0,
                    "{fault:?}: {response:?}"
                );
                let response = warm.invoke(&event).await;
                assert_eq!(status_and_code(&response), "200", "{fault:?}");
                assert!(session_millis(&response) < 500.0, "{fault:?}: {response:?}");
                // A retry after the indicated wait gets the same response within the same time.
                tokio::time::sleep(Duration::from_millis(1100)).await;
            }
        });
    }
    join_all(cases).await;
}

#[tokio::test]
async fn small_clock_differences_are_tolerated_for_every_kind() {
    let env = TestEnv::start().await;
    let secret = "a-shared-secret-of-more-than-32-bytes-that-is-fake";
    let shared = env.secret("skew", secret).await;
    let client = env
        .secret(
            "skew-client",
            r#"{"client_id":"voicemint","client_secret":"fake"}"#,
        )
        .await;
    let server = ScriptedServer::start([]).await;
    let by_key = env.function("elevenlabs").start().await;
    let by_secret = env
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_SECRET_ID", &shared);
    let by_secret = by_secret.start().await;
    let by_introspection = env
        .introspection("elevenlabs", &server.url(), &client)
        .start()
        .await;
    for function in [&by_key, &by_secret, &by_introspection] {
        // Starts the functions first, so that little time passes between signing and verification.
        assert_eq!(
            status_and_code(&function.invoke(&Event::post("elevenlabs")).await),
            "401 session_missing"
        );
    }
    let mut report = CaseReport::default();
    // The exact seconds are tested in `claims`. The values here leave room for a busy machine.
    for (number, (claim, offset, want)) in [
        ("exp", -3, "200"),
        ("exp", -8, EXPIRED),
        ("nbf", 4, "200"),
        ("nbf", 12, INVALID),
        ("iat", 4, "200"),
        ("iat", 12, INVALID),
    ]
    .into_iter()
    .enumerate()
    {
        let claims = || with_claim(&env.issuer.claims("ada"), claim, now() + offset);
        let case = format!("{claim} {offset:+} s");
        report.check_eq(
            &format!("{case}, jwt"),
            mint(&by_key, &env.issuer.sign(&claims())).await,
            want,
        );
        let token = hmac_jwt("HS256", secret.as_bytes(), &claims());
        report.check_eq(
            &format!("{case}, secret"),
            mint(&by_secret, &token).await,
            want,
        );
        server.set_script([Reply::json(
            200,
            &with_claim(&claims(), "active", json!(true)),
        )]);
        report.check_eq(
            &format!("{case}, introspection"),
            mint(&by_introspection, &format!("token-{number}")).await,
            want,
        );
    }
    report.finish();
}
