//! Tests of Deepgram's streaming text to speech.

use voicemint_stand_in::synth;

use super::*;
use crate::testing::{Received, SocketClient, open as open_at, refused, standin};

async fn open(query: &str) -> SocketClient {
    let (standin, _) = standin();
    let mut client = open_at(
        &standin,
        &format!("/v1/speak?model=aura-2-thalia-en{query}"),
    )
    .await;
    let hello = client.frame().await;
    assert_eq!(hello["type"], "Metadata");
    assert_eq!(hello["model_name"], "aura-2-thalia-en");
    for member in ["request_id", "model_version", "model_uuid"] {
        assert!(hello[member].is_string(), "{member}");
    }
    client
}

async fn speak(client: &mut SocketClient, text: &str) {
    client.send(json!({ "type": "Speak", "text": text })).await;
}

/// The audio until the next text frame, and that.
async fn audio(client: &mut SocketClient) -> (Vec<u8>, Value) {
    let mut audio = Vec::new();
    loop {
        match client.next().await {
            Received::Binary(bytes) => audio.extend(bytes),
            Received::Frame(frame) => return (audio, frame),
            closed @ Received::Closed(..) => panic!("{closed:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn text_becomes_audio_at_a_flush() {
    let mut client = open("&encoding=linear16&sample_rate=16000").await;
    for sequence_id in [0, 1] {
        speak(&mut client, "Good").await;
        speak(&mut client, " day").await;
        client.send(json!({ "type": "Flush" })).await;
        let flushed = json!({ "type": "Flushed", "sequence_id": sequence_id });
        let expected = synth::pcm("Good day", 16_000, Encoding::S16);
        assert_eq!(audio(&mut client).await, (expected, flushed));
    }
    client.send(json!({ "type": "Close" })).await;
    assert_eq!(client.next().await, Received::Closed(1000, String::new()));
}

#[tokio::test(start_paused = true)]
async fn clear_drops_what_is_not_spoken_yet() {
    let mut client = open("").await;
    speak(&mut client, &"a".repeat(240)).await;
    client.send(json!({ "type": "Flush" })).await;
    assert!(matches!(client.next().await, Received::Binary(_)));
    speak(&mut client, "never spoken").await;
    client.send(json!({ "type": "Clear" })).await;
    let (rest, cleared) = audio(&mut client).await;
    assert_eq!(cleared, json!({ "type": "Cleared", "sequence_id": 1 }));
    assert!(rest.len() < synth::pcm(&"a".repeat(60), 24_000, Encoding::S16).len());
    client.send(json!({ "type": "Flush" })).await;
    let flushed = json!({ "type": "Flushed", "sequence_id": 2 });
    assert_eq!(audio(&mut client).await, (vec![], flushed));
}

#[tokio::test]
async fn other_messages_close_the_socket() {
    let too_long = json!({ "type": "Speak", "text": "a".repeat(8_001) }).to_string();
    for (text, code, reason) in [
        ("", 1008, "DATA-0000"),
        ("[]", 1008, "DATA-0000"),
        (r#"{"type":"Speak"}"#, 1008, "DATA-0000"),
        (r#"{"type":"Speak","text":7}"#, 1008, "DATA-0000"),
        (r#"{"type":"KeepAlive"}"#, 1008, "DATA-0000"),
        (&too_long, 1009, "BIG-0000"),
    ] {
        let mut client = open("").await;
        client.text(text).await;
        let (_, closed, why) = client.rest().await;
        assert!(closed == code && why.starts_with(reason), "{closed} {why}");
    }
    let mut client = open("").await;
    client.audio(10).await;
    assert_eq!(client.rest().await.1, 1003);
}

#[tokio::test]
async fn a_wrong_query_is_refused_before_the_upgrade() {
    let (standin, _) = standin();
    for query in [
        "model=nova-3",
        "model=aura-2-thalia-en&encoding=mp3",
        "model=aura-2-thalia-en&sample_rate=44100",
        "sample_rate=24000&sample_rate=24000",
    ] {
        let (status, _) = refused(&standin, &format!("/v1/speak?{query}")).await;
        assert_eq!(status, 400, "{query}");
    }
}

#[tokio::test]
async fn no_voice_is_locked() {
    let (standin, _) = standin();
    for model in ["aura-2-thalia-en", "aura-asteria-en", "aura-2-nestor-es"] {
        let mut client = open_at(&standin, &format!("/v1/speak?model={model}")).await;
        assert_eq!(client.frame().await["model_name"], model);
    }
}
