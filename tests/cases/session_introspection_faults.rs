//! Faults of the authorization server: they lead to 503 and never to 401, are not cached, and
//! transient ones are retried once. Also rotated client credentials.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::task::JoinSet;
use voicemint_tests::{ClosedPort, Event, Reply, ScriptedServer, Server, TestEnv};

use crate::support::{FaultCase, assert_fault_is_503, assert_problem, join_all, status_and_code};

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

fn fault_cases() -> Vec<FaultCase> {
    let page = || Reply::new(200, "text/html", "<!doctype html><title>Sign in</title>");
    let raw = |text: &str| Reply::new(200, "application/json", text);
    vec![
        ("500", good().status(500), 2, 1500),
        ("502", good().status(502), 2, 1500),
        ("503", good().status(503), 2, 1500),
        ("408", good().status(408), 2, 1500),
        ("429", good().status(429), 2, 1500),
        (
            "429 for 30 seconds",
            good().status(429).header("retry-after", "30"),
            1,
            1000,
        ),
        (
            "429 for one day",
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
        ("an HTML page", page(), 1, 1000),
        (
            "an empty body",
            Reply::new(200, "application/json", ""),
            1,
            1000,
        ),
        (
            "truncated JSON",
            Reply::new(200, "application/json", r#"{"active":true,"sub":"ada""#),
            1,
            1000,
        ),
        (
            "a repeated active",
            raw(r#"{"active":false,"active":true,"sub":"ada"}"#),
            1,
            1000,
        ),
        (
            "a repeated subject",
            raw(r#"{"active":true,"sub":"bob","sub":"ada"}"#),
            1,
            1000,
        ),
        (
            "a repeated nested member",
            raw(r#"{"active":true,"sub":"ada","x":{"y":1,"y":1}}"#),
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
async fn faults_are_503_and_the_next_request_calls_the_server_again() {
    let mut cases = JoinSet::new();
    for fault_case in fault_cases() {
        cases.spawn(async move {
            let env = TestEnv::start().await;
            let server = ScriptedServer::start([fault_case.1.clone()]).await;
            let id = env
                .secret("introspection", &client("a-client-secret-that-is-fake"))
                .await;
            let function = env
                .introspection("elevenlabs", &server.url(), &id)
                .start()
                .await;
            let case = fault_case.0;
            let wait = assert_fault_is_503(&env, &server, &function, good(), fault_case).await;
            let expected = if case.ends_with("day") { 60 } else { 30 };
            assert!(
                !case.starts_with("429 for") || wait == expected,
                "{case}: {wait}"
            );
        });
    }
    join_all(cases).await;
}

#[tokio::test]
async fn a_transient_failure_is_retried_once() {
    let env = TestEnv::start().await;
    let id = env
        .secret("introspection", &client("a-client-secret-that-is-fake"))
        .await;
    for failure in [
        good().status(500),
        good().status(429),
        good().status(408),
        Reply::reset(),
        good().reset_after(80),
    ] {
        let server = ScriptedServer::start([failure, good()]).await;
        let function = env
            .introspection("elevenlabs", &server.url(), &id)
            .start()
            .await;
        let response = function
            .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
            .await;
        assert_eq!(
            (status_and_code(&response), server.requests().len()),
            ("200".to_owned(), 2),
            "{}",
            function.logs()
        );
    }
    // After two failures there is no third attempt.
    let server = ScriptedServer::start([good().status(500), Reply::reset(), good()]).await;
    let function = env
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    let response = function
        .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
        .await;
    assert_eq!(
        (status_and_code(&response), server.requests().len()),
        (UNAVAILABLE.to_owned(), 2)
    );
}

#[tokio::test]
async fn a_response_of_64_kib_is_read() {
    let env = TestEnv::start().await;
    let id = env
        .secret("introspection", &client("a-client-secret-that-is-fake"))
        .await;
    let server = ScriptedServer::start([padded(64 * 1024)]).await;
    let function = env
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    assert_eq!(
        status_and_code(
            &function
                .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
                .await
        ),
        "200"
    );
}

#[tokio::test]
async fn a_refused_connection_or_a_missing_secret_is_503_and_reported_quickly() {
    let env = TestEnv::start().await;
    let closed_port = ClosedPort::reserve();
    let server = ScriptedServer::start([good()]).await;
    let id = env
        .secret("introspection", &client("a-client-secret-that-is-fake"))
        .await;
    for (endpoint, id) in [
        (closed_port.url(), id.as_str()),
        (server.url(), "voicemint/never-created-for-introspection"),
    ] {
        let function = env.introspection("elevenlabs", &endpoint, id).start().await;
        for _ in 0..2 {
            let begin = Instant::now();
            let response = function
                .invoke(&Event::post("elevenlabs").bearer("an-opaque-token"))
                .await;
            assert_problem(&response, 503, "session_unavailable");
            assert!(
                response.has_header("retry-after") && !response.has_header("www-authenticate"),
                "{response:?}"
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

/// A server that accepts only one client secret.
async fn accepting(secret: &'static str) -> Server {
    let wanted = format!("Basic {}", STANDARD.encode(format!("voicemint:{secret}")));
    Server::start(move |request| match request.header("authorization") {
        Some(sent) if sent == wanted => good(),
        _ => Reply::json(401, &json!({ "error": "invalid_client" })),
    })
    .await
}

#[tokio::test]
async fn a_rotated_client_secret_fails_no_session() {
    let env = TestEnv::start().await;
    let (old, new) = ("the-old-client-secret", "the-new-client-secret");
    let id = env.secret("introspection", &client(old)).await;
    let server = accepting(new).await;
    let function = env
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    // The function has loaded the old secret when it responds to this request.
    assert_eq!(
        status_and_code(&function.invoke(&Event::post("elevenlabs")).await),
        "401 session_missing"
    );
    assert_eq!(env.secrets_proxy.count(&id), 1);
    env.moto.put_secret(&id, &client(new)).await;
    for (token, calls) in [("first", 2), ("second", 3), ("third", 4)] {
        let response = function
            .invoke(&Event::post("elevenlabs").bearer(token))
            .await;
        assert_eq!(
            (status_and_code(&response), server.requests().len()),
            ("200".to_owned(), calls),
            "{}",
            function.logs()
        );
    }
}

#[tokio::test]
async fn a_refused_client_secret_is_fetched_again_at_most_once_in_ten_seconds() {
    let env = TestEnv::start().await;
    let id = env
        .secret("introspection", &client("a-wrong-client-secret"))
        .await;
    let server = accepting("the-right-client-secret").await;
    let function = env
        .introspection("elevenlabs", &server.url(), &id)
        .start()
        .await;
    for number in 0..6 {
        let event = Event::post("elevenlabs").bearer(&format!("token-{number}"));
        assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
    }
    assert_eq!(
        env.secrets_proxy.count(&id),
        2,
        "the first fetch and one more"
    );
    assert_eq!(server.requests().len(), 6);
}
