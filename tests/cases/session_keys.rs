//! Session keys: discovery, caching, rotation, and every fault of the identity provider.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;
use voicemint_tests::{ClosedPort, DocumentFault, Event, Issuer, TestEnv};

use crate::support::{join_all, status_and_code};

const UNAVAILABLE: &str = "503 session_unavailable";

#[tokio::test]
async fn the_jwk_set_is_found_by_discovery_and_fetched_once() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    for subject in ["ada", "bob", "eve", "ada"] {
        let event = Event::post("elevenlabs").bearer(&env.issuer.token(subject));
        assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    }
    assert_eq!(
        (env.issuer.discovery_fetches(), env.issuer.jwk_set_fetches()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_configured_jwk_set_url_needs_no_discovery() {
    let env = TestEnv::start().await;
    env.issuer.set_discovery_fault(DocumentFault::Error500);
    let function = env
        .function("elevenlabs")
        .env("SESSION_JWKS_URL", env.issuer.jwks_url())
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    assert_eq!(
        (env.issuer.discovery_fetches(), env.issuer.jwk_set_fetches()),
        (0, 1)
    );
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_not_trusted() {
    let env = TestEnv::start().await;
    env.issuer.set_issuer_name("https://issuer.example");
    let function = env.function("elevenlabs").start().await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
}

#[tokio::test]
async fn a_new_key_is_found_immediately_and_unknown_key_ids_cause_few_fetches() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let event = |token: &str| Event::post("elevenlabs").bearer(token);
    let old = env.issuer.jwt("ES256", &env.issuer.claims("ada")).encode();
    assert_eq!(status_and_code(&function.invoke(&event(&old)).await), "200");
    env.issuer.rotate_keys();
    let new = env.issuer.jwt("ES256", &env.issuer.claims("ada")).encode();
    assert_eq!(status_and_code(&function.invoke(&event(&new)).await), "200");
    // While both keys are published, both are accepted.
    assert_eq!(status_and_code(&function.invoke(&event(&old)).await), "200");
    assert_eq!(env.issuer.jwk_set_fetches(), 2);
    for number in 0..50 {
        let token = env
            .issuer
            .jwt("ES256", &env.issuer.claims("ada"))
            .header("kid", format!("stranger-{number}"));
        assert_eq!(
            status_and_code(&function.invoke(&event(&token.encode())).await),
            "401 session_invalid"
        );
    }
    assert!(
        env.issuer.jwk_set_fetches() <= 7,
        "{} fetches",
        env.issuer.jwk_set_fetches()
    );
    assert_eq!(status_and_code(&function.invoke(&event(&new)).await), "200");
}

#[tokio::test]
async fn a_removed_key_is_refused_after_the_next_fetch() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let event = |token: &str| Event::post("elevenlabs").bearer(token);
    let old = env.issuer.jwt("ES256", &env.issuer.claims("ada")).encode();
    assert_eq!(status_and_code(&function.invoke(&event(&old)).await), "200");
    env.issuer.rotate_keys();
    env.issuer.remove_key("p256-1");
    let new = env.issuer.jwt("ES256", &env.issuer.claims("ada")).encode();
    assert_eq!(status_and_code(&function.invoke(&event(&new)).await), "200");
    assert_eq!(
        status_and_code(&function.invoke(&event(&old)).await),
        "401 session_invalid"
    );
}

/// Runs a case for each fault concurrently, because the cases mostly wait.
async fn for_each_fault<F: Future<Output = ()> + Send + 'static>(
    case: impl Fn(DocumentFault) -> F,
) {
    let mut cases = JoinSet::new();
    for fault in DocumentFault::ALL {
        cases.spawn(case(fault));
    }
    join_all(cases).await;
}

#[tokio::test]
async fn a_cold_function_without_a_jwk_set_is_503_in_time_and_never_401() {
    for_each_fault(|fault| async move {
        let env = TestEnv::start().await;
        env.issuer.set_jwk_set_fault(fault);
        let function = env.function("elevenlabs").start().await;
        let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
        let begin = Instant::now();
        assert_eq!(
            status_and_code(&function.invoke(&event).await),
            UNAVAILABLE,
            "{fault:?}\n{}",
            function.logs()
        );
        // The first time includes the start and the request, each with its own attempt.
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{fault:?}: {:?}",
            begin.elapsed()
        );
        let begin = Instant::now();
        let response = function.invoke(&event).await;
        assert_eq!(status_and_code(&response), UNAVAILABLE, "{fault:?}");
        assert!(
            response.has_header("retry-after") && !response.has_header("www-authenticate"),
            "{response:?}"
        );
        assert!(
            begin.elapsed() < Duration::from_millis(2300),
            "{fault:?}: {:?}",
            begin.elapsed()
        );
        // No redirect is followed.
        assert!(
            env.issuer
                .requests()
                .iter()
                .all(|request| request.target != "/moved"),
            "{fault:?}"
        );
        assert_eq!(env.mints("elevenlabs"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_warm_function_survives_an_outage_of_the_jwk_set() {
    for_each_fault(|fault| async move {
        let env = TestEnv::start().await;
        let function = env.function("elevenlabs").start().await;
        let event = |token: &str| Event::post("elevenlabs").bearer(token);
        assert_eq!(
            status_and_code(&function.invoke(&event(&env.issuer.token("ada"))).await),
            "200"
        );
        env.issuer.set_jwk_set_fault(fault);
        env.issuer.set_discovery_fault(fault);
        let unknown = env
            .issuer
            .jwt("RS256", &env.issuer.claims("ada"))
            .header("kid", "unknown")
            .encode();
        let response = status_and_code(&function.invoke(&event(&unknown)).await);
        assert!(
            response == UNAVAILABLE || response == "401 session_invalid",
            "{fault:?}: {response}"
        );
        let begin = Instant::now();
        assert_eq!(
            status_and_code(&function.invoke(&event(&env.issuer.token("bob"))).await),
            "200",
            "{fault:?}"
        );
        assert!(
            begin.elapsed() < Duration::from_secs(1),
            "{fault:?}: {:?}",
            begin.elapsed()
        );
    })
    .await;
}

#[tokio::test]
async fn failed_discovery_and_refused_connections_are_503() {
    for fault in [
        DocumentFault::Error500,
        DocumentFault::Html,
        DocumentFault::WrongShape,
        DocumentFault::Redirect,
    ] {
        let env = TestEnv::start().await;
        env.issuer.set_discovery_fault(fault);
        let function = env.function("elevenlabs").start().await;
        let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
        assert_eq!(
            status_and_code(&function.invoke(&event).await),
            UNAVAILABLE,
            "{fault:?}"
        );
    }
    let env = TestEnv::start().await;
    let closed_port = ClosedPort::reserve();
    let function = env
        .function("elevenlabs")
        .env("SESSION_JWKS_URL", closed_port.url())
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
}

#[tokio::test]
async fn the_function_recovers_when_the_jwk_set_is_available_again() {
    let env = TestEnv::start().await;
    env.issuer.set_jwk_set_fault(DocumentFault::Error500);
    let function = env.function("elevenlabs").start().await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
    env.issuer.set_jwk_set_fault(None);
    let recovery = Instant::now();
    // The pause between attempts doubles up to ten seconds. There were only a few attempts.
    while status_and_code(&function.invoke(&event).await) != "200" {
        assert!(
            recovery.elapsed() < Duration::from_secs(8),
            "{}",
            function.logs()
        );
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_key_of_another_issuer_with_the_same_id_is_refused() {
    let (env, other) = (TestEnv::start().await, Issuer::start().await);
    let function = env.function("elevenlabs").start().await;
    for claims in [other.claims("ada"), env.issuer.claims("ada")] {
        let token = other.jwt("ES256", &claims).encode();
        let response = function
            .invoke(&Event::post("elevenlabs").bearer(&token))
            .await;
        assert_eq!(status_and_code(&response), "401 session_invalid");
    }
}
