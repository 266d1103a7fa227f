//! Network faults of a provider: slow, silent or dripping responses, resets and refused
//! connections. Also the time limits, and the reuse of connections.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;
use voicemint_tests::{ClosedPort, Event, Reply, ScriptedServer, TestEnv, called_providers};

use crate::support::status_and_code;

const UNAVAILABLE: &str = "503 provider_unavailable";
const TIMEOUT: &str = "504 provider_timeout";

/// Sends one request with a scripted provider. Returns status and code, and the elapsed time.
async fn mint_with(script: Vec<Reply>) -> (String, Duration) {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start(script).await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let begin = Instant::now();
    let response = function
        .invoke(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
        .await;
    assert_eq!(function.starts(), 1);
    (status_and_code(&response), begin.elapsed())
}

#[tokio::test]
async fn a_slow_response_within_the_timeout_succeeds() {
    assert_eq!(
        mint_with(vec![
            Reply::token("a-slow-token").delayed(Duration::from_millis(2000))
        ])
        .await
        .0,
        "200"
    );
}

#[tokio::test]
async fn a_response_after_the_timeout_is_a_timeout() {
    let (got, took) = mint_with(vec![
        Reply::token("too-late").delayed(Duration::from_secs(6)),
    ])
    .await;
    assert_eq!(got, TIMEOUT);
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn no_response_is_a_timeout() {
    let (got, took) = mint_with(vec![Reply::silence()]).await;
    assert_eq!(got, TIMEOUT);
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn a_dripping_response_is_a_timeout() {
    let (got, took) = mint_with(vec![
        Reply::token("drop-by-drop").drip(Duration::from_millis(200)),
    ])
    .await;
    assert_eq!(got, TIMEOUT);
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn a_reset_in_the_middle_of_every_response_is_unavailable() {
    let (got, took) = mint_with(vec![Reply::token("never-complete").reset_after(90)]).await;
    assert_eq!(got, UNAVAILABLE);
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn a_refused_connection_is_unavailable_and_reported_quickly() {
    let env = TestEnv::start().await;
    for provider in called_providers() {
        let closed_port = ClosedPort::reserve();
        let function = env
            .function(provider)
            .env("PROVIDER_BASE_URL", closed_port.url())
            .start()
            .await;
        let begin = Instant::now();
        let response = function
            .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
            .await;
        assert_eq!(status_and_code(&response), UNAVAILABLE, "{provider}");
        assert!(
            begin.elapsed() < Duration::from_secs(4),
            "{provider}: {:?}",
            begin.elapsed()
        );
    }
}

#[tokio::test]
async fn every_attempt_ends_before_the_invocation_does() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::silence()]).await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .timeout(2)
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    for _ in 0..2 {
        let begin = Instant::now();
        assert_eq!(status_and_code(&function.invoke(&event).await), TIMEOUT);
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{:?}",
            begin.elapsed()
        );
    }
    assert_eq!(function.starts(), 1, "{}", function.logs());
}

#[tokio::test]
async fn a_recovered_provider_is_used_immediately() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::json(500, &json!({}))]).await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    for _ in 0..5 {
        assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
    }
    standin.set_script([Reply::token("a-token-again")]);
    assert_eq!(status_and_code(&function.invoke(&event).await), "200");
}

#[tokio::test]
async fn connections_are_reused_between_invocations() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::token("a-token-of-the-provider")]).await;
    let function = env
        .function("elevenlabs")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    for _ in 0..8 {
        let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
        assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    }
    assert_eq!(standin.requests().len(), 8);
    // The first mint does not wait for the preconnect.
    assert!(
        standin.connections() <= 2,
        "{} connections",
        standin.connections()
    );
}

#[tokio::test]
async fn a_connection_closed_while_idle_fails_no_request() {
    let env = TestEnv::start().await;
    let standin =
        ScriptedServer::start([Reply::token("a-token-of-the-provider").then_close()]).await;
    let function = env
        .function("elevenlabs")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    for pause in [0, 0, 50, 200, 0] {
        let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
        assert_eq!(status_and_code(&function.invoke(&event).await), "200");
        sleep(Duration::from_millis(pause)).await;
    }
}
