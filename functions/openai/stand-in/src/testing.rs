//! Support for the tests of this stand-in.

use serde_json::{Value, json};
use voicemint_stand_in::testing::{SocketClient, TestClock, TestResponse, TestStandin, call};

use crate::{API_KEY, OpenAiStandin};

pub fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&OpenAiStandin)
}

/// The mint endpoint of most sessions, and of translations.
pub const MINT: &str = "/v1/realtime/client_secrets";
pub const MINT_TRANSLATION: &str = "/v1/realtime/translations/client_secrets";

pub async fn mint(standin: &TestStandin, path: &str, body: &str) -> TestResponse {
    let key = format!("Bearer {API_KEY}");
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
    ];
    call(standin, "POST", path, &headers, body).await
}

/// A client secret with a lifetime of 60 seconds.
pub async fn secret(standin: &TestStandin, path: &str, session: Value) -> String {
    let expires_after = json!({"anchor": "created_at", "seconds": 60});
    let body = json!({"expires_after": expires_after, "session": session});
    let response = mint(standin, path, &body.to_string()).await;
    assert_eq!(response.status, 200, "{}", response.json());
    response.json()["value"].as_str().unwrap().to_owned()
}

/// Connects as a browser does.
pub async fn browser(
    standin: &TestStandin,
    path: &str,
    token: &str,
) -> Result<SocketClient, (u16, Value)> {
    let protocols = format!("realtime, openai-insecure-api-key.{token}");
    let headers = [("sec-websocket-protocol", protocols.as_str())];
    SocketClient::connect(standin, path, &headers).await
}

/// A socket of a session, after its first event.
pub async fn session(standin: &TestStandin, path: &str, token: &str) -> (SocketClient, Value) {
    let mut socket = browser(standin, path, token).await.unwrap();
    let created = socket.frame().await;
    assert_eq!(created["type"], "session.created", "{created}");
    (socket, created)
}

/// All events until one of this type, which is the last.
pub async fn until(socket: &mut SocketClient, name: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let event = socket.frame().await;
        let is_last = event["type"] == name;
        assert!(event["event_id"].is_string(), "{event}");
        assert!(is_last || event["type"] != "error", "{event}");
        events.push(event);
        if is_last {
            return events;
        }
    }
}

/// The types of events, without repetitions of one after another.
pub fn names(events: &[Value]) -> Vec<&str> {
    let mut names: Vec<_> = events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    names.dedup();
    names
}

/// The joined deltas of events of a type.
pub fn deltas(events: &[Value], name: &str) -> String {
    let deltas = events.iter().filter(|event| event["type"] == name);
    deltas
        .map(|event| event["delta"].as_str().unwrap())
        .collect()
}

/// Loud 16-bit samples at 24 kHz, as base64.
pub fn loud(milliseconds: usize) -> String {
    let samples = [0x00, 0x20].repeat(24 * milliseconds);
    crate::client_event::encode(&samples)
}

pub fn silence(milliseconds: usize) -> String {
    crate::client_event::encode(&vec![0; 48 * milliseconds])
}
