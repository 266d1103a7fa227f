//! A provider in trouble on the wire: slow, silent, dripping, resetting, gone; the time that it may
//! take, and the connections to it.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;
use voicemint_tests::{ClosedPort, Event, FaultyService, PROVIDERS, Reply, World};

use crate::support::said;

const UNAVAILABLE: &str = "503 provider_unavailable";
const TIMEOUT: &str = "504 provider_timeout";

/// One request to a provider with that script: what was said, and how long it took.
async fn ask(script: Vec<Reply>) -> (String, Duration) {
    let world = World::start().await;
    let standin = FaultyService::start(script).await;
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let begin = Instant::now();
    let answer = function
        .invoke(&Event::post("cartesia").bearer(&world.issuer.token("ada")))
        .await;
    assert_eq!(function.starts(), 1);
    (said(&answer), begin.elapsed())
}

#[tokio::test]
async fn slow_but_in_time_is_fine() {
    assert_eq!(
        ask(vec![
            Reply::token("a-slow-token").after(Duration::from_millis(2000))
        ])
        .await
        .0,
        "200"
    );
}

#[tokio::test]
async fn too_slow_is_a_timeout() {
    let (said, took) = ask(vec![Reply::token("too-late").after(Duration::from_secs(6))]).await;
    assert_eq!(said, TIMEOUT);
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let (said, took) = ask(vec![Reply::silence()]).await;
    assert_eq!(said, TIMEOUT);
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn a_dripping_answer_is_a_timeout() {
    let (said, took) = ask(vec![
        Reply::token("drop-by-drop").drip(Duration::from_millis(200)),
    ])
    .await;
    assert_eq!(said, TIMEOUT);
    assert!(took < Duration::from_secs(9), "{took:?}");
}

#[tokio::test]
async fn a_reset_in_the_middle_of_every_answer_is_unavailable() {
    let (said, took) = ask(vec![Reply::token("never-complete").reset_after(90)]).await;
    assert_eq!(said, UNAVAILABLE);
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_told_soon() {
    let world = World::start().await;
    for provider in PROVIDERS {
        let nobody = ClosedPort::reserve();
        let function = world
            .function(provider)
            .env("PROVIDER_BASE_URL", nobody.url())
            .start()
            .await;
        let begin = Instant::now();
        let answer = function
            .invoke(&Event::post(provider).bearer(&world.issuer.token("ada")))
            .await;
        assert_eq!(said(&answer), UNAVAILABLE, "{provider}");
        assert!(
            begin.elapsed() < Duration::from_secs(4),
            "{provider}: {:?}",
            begin.elapsed()
        );
    }
}

#[tokio::test]
async fn every_try_ends_before_the_invocation_does() {
    let world = World::start().await;
    let standin = FaultyService::start([Reply::silence()]).await;
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .timeout(2)
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    for _ in 0..2 {
        let begin = Instant::now();
        assert_eq!(said(&function.invoke(&event).await), TIMEOUT);
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{:?}",
            begin.elapsed()
        );
    }
    assert_eq!(function.starts(), 1, "{}", function.logs());
}

#[tokio::test]
async fn a_failing_provider_is_back_as_soon_as_it_is_back() {
    let world = World::start().await;
    let standin = FaultyService::start([Reply::json(500, &json!({}))]).await;
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    for _ in 0..5 {
        assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
    }
    standin.set([Reply::token("a-token-again")]);
    assert_eq!(said(&function.invoke(&event).await), "200");
}

#[tokio::test]
async fn connections_are_kept_between_invocations() {
    let world = World::start().await;
    let standin = FaultyService::start([Reply::token("a-token-of-the-provider")]).await;
    let function = world
        .function("elevenlabs")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    for _ in 0..8 {
        let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
        assert_eq!(said(&function.invoke(&event).await), "200");
    }
    assert_eq!(standin.requests().len(), 8);
    // The first mint does not wait for the one that is being warmed.
    assert!(
        standin.connections() <= 2,
        "{} connections",
        standin.connections()
    );
}

#[tokio::test]
async fn a_connection_that_died_while_idle_costs_nobody_a_token() {
    let world = World::start().await;
    let standin =
        FaultyService::start([Reply::token("a-token-of-the-provider").then_close()]).await;
    let function = world
        .function("elevenlabs")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    for pause in [0, 0, 50, 200, 0] {
        let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
        assert_eq!(said(&function.invoke(&event).await), "200");
        sleep(Duration::from_millis(pause)).await;
    }
}
