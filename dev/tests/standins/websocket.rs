//! Tests of the behavior that all WebSockets share.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use voicemint_cartesia_stand_in::API_KEY as CARTESIA_KEY;
use voicemint_stand_in::Standins;
use voicemint_stand_in::testing::{Received, SocketClient, call};
use voicemint_stand_in::websocket::MAX_MESSAGE_BYTES;

use crate::standins;

const VERSION: (&str, &str) = ("cartesia-version", "2026-03-01");

async fn connect(standins: &Standins) -> SocketClient {
    let path = format!("/tts/websocket?api_key={CARTESIA_KEY}");
    SocketClient::connect(standins, &path, &[VERSION])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

#[tokio::test]
async fn request_without_an_upgrade_is_426() {
    let (standins, _) = standins();
    let key = format!("Bearer {CARTESIA_KEY}");
    for path in [
        "/tts/websocket",
        "/stt/websocket?model=ink-2&encoding=pcm_s16le&sample_rate=16000",
        "/v1/speech-to-text/realtime",
        "/v1/text-to-speech/a/stream-input",
        "/v1/text-to-speech/a/multi-stream-input",
        "/v3/ws",
    ] {
        let response = call(
            &standins,
            "GET",
            path,
            &[("authorization", &key), VERSION],
            "",
        )
        .await;
        assert_eq!(response.status, 426, "{path}");
        assert_eq!(response.header("upgrade"), "websocket");
        let response = call(
            &standins,
            "POST",
            path,
            &[("authorization", &key), VERSION],
            "",
        )
        .await;
        assert_eq!(response.status, 405, "{path}");
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_connect() {
    let (standins, _) = standins();
    for origin in ["https://app.example.com", "null", "http://localhost:3000"] {
        let path = format!("/tts/websocket?api_key={CARTESIA_KEY}&cartesia_version=2026-08-14");
        assert!(
            SocketClient::connect(&standins, &path, &[("origin", origin)])
                .await
                .is_ok(),
            "{origin}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silent_socket_is_closed_although_it_pings() {
    let (standins, _) = standins();
    let mut client = connect(&standins).await;
    let start = Instant::now();
    sleep(Duration::from_secs(40)).await;
    client.0.send(Message::Ping(Bytes::new())).await.unwrap();
    assert_eq!(
        client.0.next().await.unwrap().unwrap(),
        Message::Pong(Bytes::new())
    );
    assert_eq!(
        client.next().await,
        Received::Closed(1008, "No message was received for 60 seconds.".to_owned())
    );
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn socket_with_occasional_messages_stays_open() {
    let (standins, _) = standins();
    let mut client = connect(&standins).await;
    for _ in 0..3 {
        sleep(Duration::from_secs(59)).await;
        client
            .send(json!({ "cancel": true, "context_id": "a" }))
            .await;
    }
    client.send(json!({})).await;
    assert_eq!(client.frame().await["type"], "error");
}

#[tokio::test]
async fn message_that_is_too_large_ends_the_socket() {
    let (standins, _) = standins();
    let mut client = connect(&standins).await;
    client.text(&" ".repeat(MAX_MESSAGE_BYTES)).await;
    assert_eq!(client.frame().await["type"], "error", "the maximum size");
    client.text(&" ".repeat(MAX_MESSAGE_BYTES + 1)).await;
    assert!(matches!(client.next().await, Received::Closed(1009, _)));
}

#[tokio::test]
async fn close_is_answered_with_the_same_code() {
    let (standins, _) = standins();
    let mut client = connect(&standins).await;
    let close = CloseFrame {
        code: CloseCode::Normal,
        reason: "OK".into(),
    };
    client.0.close(Some(close)).await.unwrap();
    assert_eq!(client.next().await, Received::Closed(1000, "OK".to_owned()));
}

#[tokio::test]
async fn long_reason_is_truncated_between_characters() {
    let (standins, _) = standins();
    let path = format!("/v3/ws?encoding={}", "%C3%A9".repeat(200));
    let mut client = SocketClient::connect(&standins, &path, &[])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    let (frames, code, reason) = client.rest().await;
    assert_eq!(code, 3006);
    assert!(
        frames[0]["error"].as_str().unwrap().starts_with(&reason) && reason.len() > 100,
        "{reason}"
    );
}
