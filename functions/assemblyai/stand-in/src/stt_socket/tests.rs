//! Tests of AssemblyAI's streaming sessions.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::*;
use crate::API_KEY;
use crate::mint::STREAMING;
use crate::testing::{Received, SocketClient, TestStandin, standin, token};

/// 100 ms of 16 kHz, 16-bit audio.
const CHUNK: usize = 3_200;

async fn connect(
    standin: &TestStandin,
    query: &str,
    headers: &[(&'static str, &str)],
) -> SocketClient {
    let path = format!("/v3/ws?sample_rate=16000{query}");
    SocketClient::connect(standin, &path, headers)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

async fn open(standin: &TestStandin, query: &str) -> SocketClient {
    let token = token(standin, 10_800).await;
    let mut client = connect(standin, &format!("{query}&token={token}"), &[]).await;
    assert_eq!(client.frame().await["type"], "Begin");
    client
}

/// The code and reason of the close, which match the Error frame.
async fn refused(mut client: SocketClient) -> (u16, String) {
    let (frames, code, reason) = client.rest().await;
    assert_eq!(
        frames,
        [json!({ "type": "Error", "error_code": code, "error": reason })]
    );
    (code, reason)
}

#[tokio::test]
async fn session_begins_at_once_with_a_token_or_the_key() {
    let (standin, _) = standin();
    let (one, two) = (token(&standin, 60).await, token(&standin, 60).await);
    for (query, header, session) in [
        (format!("&token={one}"), None, 60),
        (String::new(), Some(two.as_str()), 60),
        (String::new(), Some(API_KEY), 10_800),
    ] {
        let headers: Vec<_> = header
            .map(|credential| ("authorization", credential))
            .into_iter()
            .collect();
        let mut client = connect(&standin, &query, &headers).await;
        let begin = timeout(Duration::from_secs(1), client.frame())
            .await
            .unwrap();
        assert_eq!(begin["type"], "Begin");
        assert!(begin["id"].is_string());
        assert_eq!(begin["expires_at"], 1_800_000_000 + session);
    }
}

#[tokio::test]
async fn token_is_spent_by_begin() {
    let (standin, _) = standin();
    let token = token(&standin, 60).await;
    let path = format!("/v3/ws?token={token}");
    let client = SocketClient::connect(&standin, &path, &[])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(refused(client).await.0, 3006, "the sample rate is missing");
    let query = format!("&token={token}");
    assert_eq!(
        connect(&standin, &query, &[]).await.frame().await["type"],
        "Begin"
    );
    let (code, reason) = refused(connect(&standin, &query, &[]).await).await;
    assert_eq!(
        (code, reason.as_str()),
        (
            1008,
            "Unauthorized Connection: the temporary token was used before"
        )
    );
}

#[tokio::test]
async fn unauthorized_clients_are_closed_with_1008() {
    let (standin, time) = standin();
    let token = token(&standin, 60).await;
    let bearer = format!("Bearer {API_KEY}");
    for (query, headers) in [
        (String::new(), vec![]),
        ("&token=guess".to_owned(), vec![]),
        (format!("&token={API_KEY}"), vec![]),
        (format!("&token={token}&token={token}"), vec![]),
        (String::new(), vec![("authorization", bearer.as_str())]),
    ] {
        assert_eq!(
            refused(connect(&standin, &query, &headers).await).await.0,
            1008,
            "{query}"
        );
    }
    time.advance(60);
    let (code, reason) = refused(connect(&standin, &format!("&token={token}"), &[]).await).await;
    assert!(code == 1008 && reason.ends_with("expired"), "{reason}");
    assert_eq!(
        standin.redeem(&token, STREAMING),
        Err(RedeemError::Expired),
        "never spent"
    );
}

#[tokio::test]
async fn turns_grow_and_end_and_termination_has_the_totals() {
    let (standin, _) = standin();
    let mut client = open(&standin, "&format_turns=true").await;
    for _ in 0..33 {
        client.audio(CHUNK).await;
    }
    let mut turns = Vec::new();
    for _ in 0..11 {
        turns.push(client.frame().await);
    }
    let word = json!({ "start": 0, "end": 300, "confidence": 0.98, "text": "hello", "word_is_final": true });
    let first = json!({
        "type": "Turn", "turn_order": 0, "turn_is_formatted": false, "end_of_turn": false, "transcript": "hello",
        "end_of_turn_confidence": 0.05, "words": [word],
    });
    assert_eq!(turns[0], first);
    let ended = (
        &turns[9]["end_of_turn"],
        &turns[9]["turn_is_formatted"],
        &turns[9]["turn_order"],
    );
    assert_eq!(ended, (&json!(true), &json!(true), &json!(0)));
    assert_eq!(
        turns[9]["transcript"],
        "Hello from the stand-in that hears every sound you send."
    );
    assert_eq!(
        (&turns[10]["transcript"], &turns[10]["turn_order"]),
        (&json!("it"), &json!(1))
    );
    client.send(json!({ "type": "Terminate" })).await;
    let (frames, code, _) = client.rest().await;
    assert_eq!(
        (&frames[0]["transcript"], &frames[0]["end_of_turn"], code),
        (&json!("It."), &json!(true), 1000)
    );
    let sum = json!({ "type": "Termination", "audio_duration_seconds": 3, "session_duration_seconds": 0 });
    assert_eq!(frames[1..], [sum]);
}

#[tokio::test]
async fn session_handles_commands() {
    let (standin, _) = standin();
    let mut client = open(&standin, "").await;
    client.send(json!({ "type": "KeepAlive" })).await;
    client.send(json!({ "type": "ForceEndpoint" })).await;
    client.audio(CHUNK).await;
    client.send(json!({ "type": "ForceEndpoint" })).await;
    let turn = client.frame().await;
    assert_eq!(
        (&turn["transcript"], &turn["end_of_turn"]),
        (&json!("hello"), &json!(true))
    );
    client
        .send(json!({ "type": "UpdateConfiguration", "format_turns": true }))
        .await;
    client.audio(CHUNK).await;
    client.send(json!({ "type": "ForceEndpoint" })).await;
    assert_eq!(client.frame().await["transcript"], "It.");
}

#[tokio::test]
async fn chunks_are_50_to_1000_milliseconds_long() {
    let (standin, _) = standin();
    for (bytes, good) in [
        (1_599, false),
        (1_600, true),
        (32_000, true),
        (32_032, false),
        (0, false),
    ] {
        let mut client = open(&standin, "").await;
        client.audio(bytes).await;
        client.send(json!({ "type": "Terminate" })).await;
        let (frames, code, reason) = client.rest().await;
        assert_eq!(code, if good { 1000 } else { 3007 }, "{bytes}");
        if !good {
            assert_eq!(
                frames,
                [json!({ "type": "Error", "error_code": 3007, "error": reason })]
            );
        }
    }
    let mut client = open(&standin, "&encoding=opus").await;
    client.audio(40).await;
    client.send(json!({ "type": "Terminate" })).await;
    assert_eq!(
        client.rest().await.1,
        1000,
        "the duration of compressed audio is unknown"
    );
}

#[tokio::test]
async fn bad_message_is_3006() {
    let (standin, _) = standin();
    for text in ["", "Terminate", "{}", "[]", r#"{"type":"terminate"}"#] {
        let mut client = open(&standin, "").await;
        client.text(text).await;
        assert_eq!(refused(client).await.0, 3006, "{text}");
    }
    for query in [
        "&encoding=mp3",
        "&sample_rate=8000",
        "&format_turns=true&format_turns=true",
    ] {
        assert_eq!(
            refused(connect(&standin, query, &[]).await).await.0,
            3006,
            "{query}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_session_with_an_error() {
    let (standin, _) = standin();
    let client = open(&standin, "").await;
    let start = Instant::now();
    let (code, reason) = refused(client).await;
    assert_eq!(
        (code, reason.as_str()),
        (1008, "No message was received for 60 seconds.")
    );
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn session_ends_at_the_limit_of_the_token() {
    let (standin, _) = standin();
    let token = token(&standin, 60).await;
    let mut client = connect(&standin, &format!("&token={token}"), &[]).await;
    let start = Instant::now();
    assert_eq!(client.frame().await["type"], "Begin");
    sleep(Duration::from_secs(30)).await;
    client.send(json!({ "type": "KeepAlive" })).await;
    assert_eq!(client.frame().await["error_code"], 3008);
    assert!(matches!(client.next().await, Received::Closed(3008, _)));
    assert_eq!(start.elapsed().as_secs(), 60);
}
