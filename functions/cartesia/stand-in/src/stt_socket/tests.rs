//! Tests of Cartesia's speech-to-text sockets.

use super::*;
use crate::API_KEY;
use crate::testing::{SocketClient, TestStandin, standin, token};

/// 100 ms of 16 kHz, 16-bit audio.
const CHUNK: usize = 3_200;
const QUERY: &str = "model=ink-2&encoding=pcm_s16le&sample_rate=16000&cartesia_version=2026-08-14";

async fn open(standin: &TestStandin, path: &str) -> SocketClient {
    let token = token(standin, &["stt"]).await;
    let path = format!("{path}?{QUERY}&access_token={token}");
    SocketClient::connect(standin, &path, &[])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

fn kinds(frames: &[Value]) -> Vec<&str> {
    frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn grant_and_expiry_are_checked_before_the_socket_opens() {
    let (standin, time) = standin();
    let (stt, tts) = (
        token(&standin, &["stt"]).await,
        token(&standin, &["tts"]).await,
    );
    for path in ["/stt/websocket", "/stt/turns/websocket"] {
        let connect = |token: &str| {
            let path = format!("{path}?{QUERY}&access_token={token}");
            let standin = &standin;
            async move {
                SocketClient::connect(standin, &path, &[])
                    .await
                    .map_or_else(|(status, _)| status, |_| 101)
            }
        };
        assert_eq!(connect(&stt).await, 101);
        assert_eq!(connect(&tts).await, 403);
        assert_eq!(connect("guess").await, 401);
    }
    time.advance(60);
    let path = format!("/stt/websocket?{QUERY}&access_token={stt}");
    assert_eq!(
        SocketClient::connect(&standin, &path, &[])
            .await
            .err()
            .unwrap()
            .0,
        401
    );
}

#[tokio::test]
async fn audio_without_a_valid_description_is_refused() {
    let (standin, _) = standin();
    for (query, named) in [
        ("encoding=pcm_s16le&sample_rate=16000", "model"),
        ("model=nova-3&encoding=pcm_s16le&sample_rate=16000", "model"),
        ("model=ink-2&sample_rate=16000", "encoding"),
        ("model=ink-2&encoding=mp3&sample_rate=16000", "encoding"),
        ("model=ink-2&encoding=pcm_s16le", "sample_rate"),
        (
            "model=ink-2&encoding=pcm_s16le&sample_rate=0",
            "sample_rate",
        ),
        (
            "model=ink-2&model=ink-2&encoding=pcm_s16le&sample_rate=16000",
            "model",
        ),
    ] {
        let path = format!("/stt/websocket?{query}&cartesia_version=2026-08-14&api_key={API_KEY}");
        let (status, body) = SocketClient::connect(&standin, &path, &[])
            .await
            .err()
            .unwrap();
        assert_eq!(status, 400, "{query}");
        assert!(
            body["message"].as_str().unwrap().starts_with(named),
            "{body}"
        );
    }
}

#[tokio::test]
async fn transcript_grows_until_the_client_finalizes_it() {
    let (standin, _) = standin();
    let mut client = open(&standin, "/stt/websocket").await;
    for _ in 0..6 {
        client.audio(CHUNK).await;
    }
    let (first, second) = (client.frame().await, client.frame().await);
    assert_eq!(
        (&first["text"], &first["is_final"]),
        (&json!("Hello"), &json!(false))
    );
    assert_eq!(
        (&second["text"], &second["duration"]),
        (&json!("Hello from"), &json!(0.6))
    );
    client.text("finalize").await;
    let (last, flushed) = (client.frame().await, client.frame().await);
    assert_eq!(
        (&last["text"], &last["is_final"], &last["language"]),
        (&json!("Hello from."), &json!(true), &json!("en"))
    );
    assert_eq!(
        flushed,
        json!({ "type": "flush_done", "request_id": last["request_id"] })
    );
    client.audio(CHUNK).await;
    client.text("close").await;
    let (frames, code, _) = client.rest().await;
    assert_eq!((kinds(&frames), code), (vec!["transcript", "done"], 1000));
    assert_eq!(
        frames[0]["text"], " It.",
        "clients concatenate final transcripts without changes"
    );
}

#[tokio::test]
async fn no_audio_gives_no_transcript() {
    let (standin, _) = standin();
    let mut client = open(&standin, "/stt/websocket").await;
    client.text("finalize").await;
    client.text("commit").await;
    client.text("done").await;
    let (frames, code, _) = client.rest().await;
    assert_eq!(
        (kinds(&frames), code),
        (vec!["flush_done", "error", "done"], 1000)
    );
}

#[tokio::test]
async fn turns_start_grow_and_end_with_the_sentence() {
    let (standin, _) = standin();
    let mut client = open(&standin, "/stt/turns/websocket").await;
    assert_eq!(client.frame().await["type"], "connected");
    for _ in 0..30 {
        client.audio(CHUNK).await;
    }
    let mut frames = Vec::new();
    for _ in 0..12 {
        frames.push(client.frame().await);
    }
    assert_eq!(frames[0]["type"], "turn.start");
    assert!(
        kinds(&frames[1..11])
            .iter()
            .all(|kind| *kind == "turn.update")
    );
    assert_eq!(frames[1]["transcript"], "Hello");
    assert_eq!(frames[11]["type"], "turn.end");
    assert_eq!(
        frames[11]["transcript"],
        "Hello from the stand-in that hears every sound you send."
    );
    client
        .send(json!({ "type": "config", "turn": { "end_threshold": 0.3 } }))
        .await;
    client.text("what").await;
    client.audio(CHUNK).await;
    client.send(json!({ "type": "close" })).await;
    let (frames, code, _) = client.rest().await;
    assert_eq!(
        (kinds(&frames), code),
        (vec!["error", "turn.start", "turn.end"], 1000)
    );
    assert_eq!(frames[2]["transcript"], "It.");
}
