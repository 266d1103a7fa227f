//! Tests of Deepgram's transcription by turns.

use super::*;
use crate::testing::{Received, SocketClient, open as open_at, refused, standin};

/// 300 ms of 16 kHz, 16-bit audio: one word.
const WORD: usize = 9_600;
const PATH: &str = "/v2/listen?model=flux-general-en&encoding=linear16&sample_rate=16000";

async fn open(query: &str) -> SocketClient {
    let (standin, _) = standin();
    let mut client = open_at(&standin, &format!("{PATH}{query}")).await;
    let hello = client.frame().await;
    assert_eq!(
        (&hello["type"], &hello["sequence_id"]),
        (&json!("Connected"), &json!(0))
    );
    assert!(hello["request_id"].is_string());
    client
}

#[tokio::test]
async fn a_turn_starts_grows_and_ends() {
    let mut client = open("&eager_eot_threshold=0.5").await;
    for _ in 0..10 {
        client.audio(WORD).await;
    }
    client.audio(WORD / 2).await;
    client.send(json!({ "type": "CloseStream" })).await;
    let (frames, code, _) = client.rest().await;
    let events: Vec<_> = frames.iter().map(|frame| &frame["event"]).collect();
    assert_eq!(events[0], "StartOfTurn");
    assert!(
        events[1..9].iter().all(|event| *event == "Update"),
        "{events:?}"
    );
    assert_eq!(events[9..], ["EagerEndOfTurn", "EndOfTurn", "Update"]);
    let end = &frames[10];
    assert_eq!(
        end["transcript"],
        "Hello from the stand-in that hears every sound you send."
    );
    assert_eq!(
        (
            &end["turn_index"],
            &end["audio_window_end"],
            &end["words"][1]["word"]
        ),
        (&json!(0), &json!(3.0), &json!("from"))
    );
    let last = &frames[11];
    assert_eq!(
        (&last["transcript"], &last["turn_index"]),
        (&json!("It"), &json!(1))
    );
    assert_eq!(last["sequence_id"], 12);
    assert_eq!(code, 1000);
}

#[tokio::test]
async fn the_client_configures_turns() {
    let mut client = open("").await;
    client
        .send(json!({ "type": "Configure", "thresholds": { "eot_threshold": 0.8 }, "keyterms": ["a"] }))
        .await;
    let success = client.frame().await;
    assert_eq!(success["type"], "ConfigureSuccess");
    assert_eq!(
        (&success["thresholds"], &success["keyterms"]),
        (&json!({ "eot_threshold": 0.8 }), &json!(["a"]))
    );
    client
        .send(json!({ "type": "Configure", "thresholds": { "eot_threshold": 0.1 } }))
        .await;
    assert_eq!(client.frame().await["type"], "ConfigureFailure");
}

#[tokio::test]
async fn an_unknown_message_is_a_fatal_error() {
    for text in [
        "",
        "[]",
        r#"{"type":"KeepAlive"}"#,
        r#"{"type":"ForceEndTurn"}"#,
    ] {
        let mut client = open("").await;
        client.text(text).await;
        let (frames, code, _) = client.rest().await;
        assert_eq!(
            (&frames[0]["code"], frames.len(), code),
            (&json!("UNPARSABLE_CLIENT_MESSAGE"), 1, 1008),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silence_closes_the_socket() {
    let mut client = open("").await;
    let Received::Closed(code, reason) = client.next().await else {
        panic!("not closed")
    };
    assert!(code == 1011 && reason.starts_with("NET-0001"), "{reason}");
}

#[tokio::test]
async fn a_wrong_query_is_refused_before_the_upgrade() {
    let (standin, _) = standin();
    for query in [
        "",
        "model=nova-3",
        "model=flux-general-en&encoding=linear16",
        "model=flux-general-en&eot_threshold=0.4",
        "model=flux-general-en&eot_threshold=NaN",
        "model=flux-general-en&eager_eot_threshold=high",
        "model=flux-general-en&eot_timeout_ms=1",
    ] {
        let (status, _) = refused(&standin, &format!("/v2/listen?{query}")).await;
        assert_eq!(status, 400, "{query}");
    }
}
