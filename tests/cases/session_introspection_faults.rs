//! An authorization server in every kind of trouble: 503 and never 401, nothing of it remembered,
//! one more try where that may help; and client credentials that were rotated.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::task::JoinSet;
use voicemint_tests::{ClosedPort, Event, FaultyService, Reply, Server, World};

use crate::support::{Trouble, all, assert_problem, said, trouble_is_503};

const UNAVAILABLE: &str = "503 session_unavailable";

fn client(secret: &str) -> String {
    json!({ "client_id": "voicemint", "client_secret": secret }).to_string()
}

fn good() -> Reply {
    Reply::json(200, &json!({ "active": true, "sub": "ada" }))
}

fn padded(length: usize) -> Reply {
    let text = json!({ "active": true, "sub": "ada" }).to_string();
    Reply::new(
        200,
        "application/json",
        format!("{text}{}", " ".repeat(length - text.len())),
    )
}

fn troubles() -> Vec<Trouble> {
    let page = || Reply::new(200, "text/html", "<!doctype html><title>Sign in</title>");
    let twice = |text: &str| Reply::new(200, "application/json", text);
    vec![
        ("500", good().status(500), 2, 1500),
        ("502", good().status(502), 2, 1500),
        ("503", good().status(503), 2, 1500),
        ("408", good().status(408), 2, 1500),
        ("429", good().status(429), 2, 1500),
        (
            "429 for long",
            good().status(429).header("retry-after", "30"),
            1,
            1000,
        ),
        (
            "429 for very long",
            good().status(429).header("retry-after", "86400"),
            1,
            1000,
        ),
        ("401", good().status(401), 1, 1000),
        ("403", good().status(403), 1, 1000),
        ("404", good().status(404), 1, 1000),
        ("201", good().status(201), 1, 1000),
        ("204", Reply::new(204, "text/plain", ""), 1, 1000),
        (
            "302",
            good().status(302).header("location", "/elsewhere"),
            1,
            1000,
        ),
        (
            "307",
            good().status(307).header("location", "/elsewhere"),
            1,
            1000,
        ),
        ("a page", page(), 1, 1000),
        ("nothing", Reply::new(200, "application/json", ""), 1, 1000),
        (
            "half of it",
            Reply::new(200, "application/json", r#"{"active":true,"sub":"ada""#),
            1,
            1000,
        ),
        (
            "active twice",
            twice(r#"{"active":false,"active":true,"sub":"ada"}"#),
            1,
            1000,
        ),
        (
            "the subject twice",
            twice(r#"{"active":true,"sub":"bob","sub":"ada"}"#),
            1,
            1000,
        ),
        (
            "a member twice, deep within",
            twice(r#"{"active":true,"sub":"ada","x":{"y":1,"y":1}}"#),
            1,
            1000,
        ),
        ("more than 64 KiB", padded(64 * 1024 + 1), 1, 1000),
        ("a drip", good().drip(Duration::from_millis(200)), 1, 4000),
        ("silence", Reply::silence(), 1, 4000),
        ("a reset", good().reset_after(0), 2, 1500),
        ("a reset in the middle", good().reset_after(80), 2, 1500),
    ]
}

#[tokio::test]
async fn trouble_is_503_and_over_as_soon_as_it_is_over() {
    let mut cases = JoinSet::new();
    for trouble in troubles() {
        cases.spawn(async move {
            let world = World::start().await;
            let server = FaultyService::start([trouble.1.clone()]).await;
            let id = world
                .secret("introspection", &client("a-client-secret-that-is-fake"))
                .await;
            let function = world
                .introspection("elevenlabs", &server.url(), &id)
                .start()
                .await;
            let case = trouble.0;
            let wait = trouble_is_503(&world, &server, &function, good(), trouble).await;
            let told = if case.contains("very") { 60 } else { 30 };
            assert!(!case.ends_with(" long") || wait == told, "{case}: {wait}");
        });
    }
    all(cases).await;
}

#[tokio::test]
async fn a_slip_is_mended_by_one_more_try() {
    let world = World::start().await;
    let id = world
        .secret("introspection", &client("a-client-secret-that-is-fake"))
        .await;
    for slip in [
        good().status(500),
        good().status(429),
        good().status(408),
        Reply::reset(),
        good().reset_after(80),
    ] {
        let server = FaultyService::start([slip, good()]).await;
        let function = world
            .introspection("elevenlabs", &server.url(), &id)
            .start()
            .await;
        let answer = function
            .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
            .await;
        assert_eq!(
            (said(&answer), server.requests().len()),
            ("200".to_owned(), 2),
            "{}",
            function.logs()
        );
    }
    // Two slips are trouble, and no third try is made.
    let server = FaultyService::start([good().status(500), Reply::reset(), good()]).await;
    let function = world
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    let answer = function
        .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
        .await;
    assert_eq!(
        (said(&answer), server.requests().len()),
        (UNAVAILABLE.to_owned(), 2)
    );
}

#[tokio::test]
async fn an_answer_of_64_kib_is_read() {
    let world = World::start().await;
    let id = world
        .secret("introspection", &client("a-client-secret-that-is-fake"))
        .await;
    let server = FaultyService::start([padded(64 * 1024)]).await;
    let function = world
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    assert_eq!(
        said(
            &function
                .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
                .await
        ),
        "200"
    );
}

#[tokio::test]
async fn nobody_there_and_no_secret_is_503_and_told_soon() {
    let world = World::start().await;
    let nobody = ClosedPort::reserve();
    let server = FaultyService::start([good()]).await;
    let id = world
        .secret("introspection", &client("a-client-secret-that-is-fake"))
        .await;
    for (endpoint, id) in [
        (nobody.url(), id.as_str()),
        (server.url(), "voicemint/never-created-for-introspection"),
    ] {
        let function = world
            .introspection("elevenlabs", &endpoint, id)
            .start()
            .await;
        for _ in 0..2 {
            let begin = Instant::now();
            let answer = function
                .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
                .await;
            assert_problem(&answer, 503, "session_unavailable");
            assert!(
                answer.has_header("retry-after") && !answer.has_header("www-authenticate"),
                "{answer:?}"
            );
            assert!(
                begin.elapsed() < Duration::from_secs(4),
                "{:?}",
                begin.elapsed()
            );
        }
    }
    assert_eq!(server.requests().len(), 0);
}

/// A server that takes one client secret and no other.
async fn taking(secret: &'static str) -> Server {
    let wanted = format!("Basic {}", STANDARD.encode(format!("voicemint:{secret}")));
    Server::start(move |request| match request.header("authorization") {
        Some(sent) if sent == wanted => good(),
        _ => Reply::json(401, &json!({ "error": "invalid_client" })),
    })
    .await
}

#[tokio::test]
async fn a_rotated_client_secret_fails_no_session() {
    let world = World::start().await;
    let (old, new) = ("the-old-client-secret", "the-new-client-secret");
    let id = world.secret("introspection", &client(old)).await;
    let server = taking(new).await;
    let function = world
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    // The function has loaded the old one when this is answered.
    assert_eq!(
        said(&function.invoke(&Event::post("elevenlabs")).await),
        "401 session_missing"
    );
    assert_eq!(world.gate.count(&id), 1);
    world.moto.put_secret(&id, &client(new)).await;
    for (token, tries) in [("first", 2), ("second", 3), ("third", 4)] {
        let answer = function
            .invoke(&Event::post("elevenlabs").bearer(token))
            .await;
        assert_eq!(
            (said(&answer), server.requests().len()),
            ("200".to_owned(), tries),
            "{}",
            function.logs()
        );
    }
}

#[tokio::test]
async fn a_refused_client_secret_is_looked_up_again_at_most_once_in_ten_seconds() {
    let world = World::start().await;
    let id = world
        .secret("introspection", &client("a-wrong-client-secret"))
        .await;
    let server = taking("the-right-client-secret").await;
    let function = world
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    for number in 0..6 {
        let event = Event::post("elevenlabs").bearer(&format!("token-{number}"));
        assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
    }
    assert_eq!(world.gate.count(&id), 2, "one to begin with, and one more");
    assert_eq!(server.requests().len(), 6);
}
