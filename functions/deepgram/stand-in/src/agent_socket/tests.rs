//! Tests of Deepgram's voice agents.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use voicemint_stand_in::synth::{self, Encoding};

use super::*;
use crate::testing::{Received, SocketClient, open as open_at, standin};

/// 300 ms of 16 kHz, 16-bit audio: one word.
const WORD: usize = 9_600;

fn settings(agent: Value) -> Value {
    json!({
        "type": "Settings",
        "audio": {
            "input": { "encoding": "linear16", "sample_rate": 16_000 },
            "output": { "encoding": "linear16", "sample_rate": 24_000, "container": "none" },
        },
        "agent": agent,
    })
}

async fn connect() -> SocketClient {
    let (standin, _) = standin();
    let mut client = open_at(&standin, "/v1/agent/converse").await;
    let hello = client.frame().await;
    assert_eq!(hello["type"], "Welcome");
    assert!(hello["request_id"].is_string());
    client
}

async fn open(agent: Value) -> SocketClient {
    let mut client = connect().await;
    client.send(settings(agent)).await;
    assert_eq!(client.frame().await, json!({ "type": "SettingsApplied" }));
    client
}

/// The agent's text and the audio after it, until the audio is done.
async fn agent_says(client: &mut SocketClient) -> (String, Vec<u8>) {
    let text = client.frame().await;
    assert_eq!(
        (&text["type"], &text["role"]),
        (&json!("ConversationText"), &json!("assistant"))
    );
    let mut audio = Vec::new();
    loop {
        match client.next().await {
            Received::Binary(bytes) => audio.extend(bytes),
            Received::Frame(frame) => {
                assert_eq!(frame, json!({ "type": "AgentAudioDone" }));
                return (text["content"].as_str().unwrap().to_owned(), audio);
            }
            closed @ Received::Closed(..) => panic!("{closed:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_agent_greets_and_answers_a_turn() {
    let mut client = open(json!({ "greeting": "Good day" })).await;
    let expected = synth::pcm("Good day", 24_000, Encoding::S16);
    assert_eq!(
        agent_says(&mut client).await,
        ("Good day".to_owned(), expected)
    );
    for _ in 0..10 {
        client.binary(vec![1; WORD]).await;
    }
    assert_eq!(
        client.frame().await,
        json!({ "type": "UserStartedSpeaking" })
    );
    let user = client.frame().await;
    assert_eq!(
        user,
        json!({
            "type": "ConversationText",
            "role": "user",
            "content": "Hello from the stand-in that hears every sound you send.",
        })
    );
    assert_eq!(
        agent_says(&mut client).await.0,
        "The stand-in heard 10 words."
    );
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_turn() {
    let mut client = open(json!({})).await;
    client.audio(10 * WORD).await;
    client.binary(vec![1; WORD]).await;
    assert_eq!(
        client.frame().await,
        json!({ "type": "UserStartedSpeaking" })
    );
    client.audio(WORD).await;
    client.binary(vec![1; WORD]).await;
    client.audio(WORD).await;
    client.audio(WORD).await;
    assert_eq!(client.frame().await["content"], "Hello from.");
    let answer = agent_says(&mut client).await.0;
    assert_eq!(answer, "The stand-in heard 2 words.");
    client.audio(10 * WORD).await;
    client.binary(vec![1; WORD]).await;
    let next = client.frame().await;
    assert_eq!(next, json!({ "type": "UserStartedSpeaking" }));
}

#[tokio::test(start_paused = true)]
async fn the_user_interrupts_the_agent() {
    let mut client = open(json!({ "greeting": "a".repeat(240) })).await;
    client.frame().await;
    assert!(matches!(client.next().await, Received::Binary(_)));
    client.binary(vec![1; WORD]).await;
    let mut chunks = 0;
    loop {
        match client.next().await {
            Received::Binary(_) => chunks += 1,
            Received::Frame(frame) => {
                assert_eq!(frame, json!({ "type": "UserStartedSpeaking" }));
                break;
            }
            closed @ Received::Closed(..) => panic!("{closed:?}"),
        }
    }
    assert!(chunks < 10, "{chunks}");
    client.send(json!({ "type": "ForceEndTurn" })).await;
    assert_eq!(client.frame().await["content"], "Hello.");
    assert_eq!(
        agent_says(&mut client).await.0,
        "The stand-in heard one word."
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_agent_is_locked() {
    let stored = "c0ffee00-0000-4000-8000-000000000000";
    let mut client = open(json!(stored)).await;
    for (kind, member, updated) in [
        ("UpdatePrompt", json!({ "prompt": "Any" }), "PromptUpdated"),
        ("UpdateThink", json!({ "think": {} }), "ThinkUpdated"),
        ("UpdateSpeak", json!({ "speak": {} }), "SpeakUpdated"),
        ("UpdateListen", json!({ "listen": {} }), "ListenUpdated"),
    ] {
        let mut message = member;
        message["type"] = json!(kind);
        client.send(message).await;
        assert_eq!(client.frame().await, json!({ "type": updated }));
    }
    client
        .send(json!({ "type": "InjectAgentMessage", "message": "Any" }))
        .await;
    assert_eq!(agent_says(&mut client).await.0, "Any");
    client
        .send(json!({ "type": "InjectUserMessage", "content": "two words" }))
        .await;
    assert_eq!(client.frame().await["content"], "two words");
    assert_eq!(
        agent_says(&mut client).await.0,
        "The stand-in heard 2 words."
    );
}

/// The code of the error that ends the session.
async fn error_after(mut client: SocketClient, text: &str) -> String {
    client.text(text).await;
    let (frames, code, _) = client.rest().await;
    assert_eq!((frames.len(), code), (1, 1008), "{text}");
    assert_eq!(frames[0]["type"], "Error");
    frames[0]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn wrong_messages_end_the_session() {
    for (text, code) in [
        ("", "UNPARSABLE_CLIENT_MESSAGE"),
        ("[]", "UNPARSABLE_CLIENT_MESSAGE"),
        (
            r#"{"type":"KeepAlive"}"#,
            "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS",
        ),
        (r#"{"type":"Settings"}"#, "INVALID_SETTINGS"),
    ] {
        assert_eq!(error_after(connect().await, text).await, code, "{text}");
    }
    for (text, code) in [
        (r#"{"type":"Settings"}"#, "SETTINGS_ALREADY_APPLIED"),
        (r#"{"type":"CloseStream"}"#, "UNPARSABLE_CLIENT_MESSAGE"),
        (r#"{"type":"UpdatePrompt"}"#, "UNPARSABLE_CLIENT_MESSAGE"),
        (
            r#"{"type":"InjectUserMessage","content":7}"#,
            "UNPARSABLE_CLIENT_MESSAGE",
        ),
    ] {
        let client = open(json!({})).await;
        assert_eq!(error_after(client, text).await, code, "{text}");
    }
    let mut client = connect().await;
    client.binary(vec![1; WORD]).await;
    let (frames, _, _) = client.rest().await;
    assert_eq!(frames[0]["code"], "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_session_unless_the_client_keeps_it_alive() {
    let mut client = open(json!({})).await;
    let start = Instant::now();
    sleep(Duration::from_secs(9)).await;
    client.send(json!({ "type": "KeepAlive" })).await;
    let (frames, _, _) = client.rest().await;
    assert_eq!(frames[0]["code"], "CLIENT_MESSAGE_TIMEOUT");
    assert_eq!(start.elapsed().as_secs(), 19);
}
