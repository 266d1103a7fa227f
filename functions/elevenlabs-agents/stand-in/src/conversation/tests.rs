//! Tests of the socket of a conversation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;
use crate::testing::{SIGNED_URL, SocketClient, TestStandin, mint, signed_path, standin};

const GREETER: &str = "agent_id=agent_standin_greeter";
const SUPPORT: &str = "agent_id=agent_standin_support";

async fn connect(standin: &TestStandin, path: &str) -> SocketClient {
    let offered = [("sec-websocket-protocol", "bearer.secret, convai")];
    SocketClient::connect(standin, path, &offered)
        .await
        .ok()
        .unwrap()
}

/// The code and the reason of a refused connection.
async fn refused(standin: &TestStandin, path: &str) -> (u16, String) {
    let (frames, code, reason) = connect(standin, path).await.rest().await;
    assert_eq!(frames, [] as [Value; 0]);
    (code, reason)
}

/// A conversation that has started.
async fn start(standin: &TestStandin, query: &str, config: Value) -> SocketClient {
    let mut client = connect(standin, &signed_path(standin, query).await).await;
    client
        .send(json!({"type": frames::INITIATION, "conversation_config_override": config}))
        .await;
    let metadata = client.frame().await;
    assert_eq!(
        metadata["type"], "conversation_initiation_metadata",
        "{metadata}"
    );
    client
}

/// The next frame of a type. Others are skipped.
async fn next(client: &mut SocketClient, kind: &str) -> Value {
    loop {
        let frame = client.frame().await;
        if frame["type"] == kind {
            return frame;
        }
    }
}

fn audio(milliseconds: usize) -> Value {
    json!({"user_audio_chunk": STANDARD.encode(vec![0; milliseconds * 32])})
}

#[tokio::test(start_paused = true)]
async fn a_signature_opens_one_conversation() {
    let (standin, _) = standin();
    let path = signed_path(&standin, GREETER).await;
    let mut client = connect(&standin, &path).await;
    assert_eq!(
        client.1.as_deref(),
        Some("convai"),
        "the offered secret is never selected"
    );
    let metadata = client.frame().await;
    let event = &metadata["conversation_initiation_metadata_event"];
    assert_eq!(event["agent_output_audio_format"], "pcm_16000");
    assert!(path.contains(event["conversation_id"].as_str().unwrap()));
    let again = refused(&standin, &path).await;
    assert_eq!(
        again,
        (3000, "The signature has been used before.".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_url_without_the_id_opens_several_conversations() {
    let (standin, _) = standin();
    let url = mint(&standin, SIGNED_URL, GREETER).await.json()["signed_url"].clone();
    let path = url
        .as_str()
        .unwrap()
        .strip_prefix("ws://localhost:8788")
        .unwrap()
        .to_owned();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let metadata = connect(&standin, &path).await.frame().await;
        ids.push(metadata["conversation_initiation_metadata_event"]["conversation_id"].clone());
    }
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test(start_paused = true)]
async fn an_unsigned_or_wrongly_signed_connection_is_refused() {
    let (standin, time) = standin();
    let path = "/v1/convai/conversation";
    for (query, reason) in [
        ("", "The agent requires a signed URL."),
        (GREETER, "The agent requires a signed URL."),
        (
            "agent_id=agent_standin_greeter&conversation_signature=made-up",
            "Invalid signature.",
        ),
        (
            "conversation_signature=a&conversation_signature=b",
            "A parameter is given more than once.",
        ),
    ] {
        assert_eq!(
            refused(&standin, &format!("{path}?{query}")).await,
            (3000, reason.to_owned())
        );
    }
    let late = signed_path(&standin, GREETER).await;
    time.advance(900);
    assert_eq!(
        refused(&standin, &late).await.1,
        "The signature has expired."
    );
}

#[tokio::test(start_paused = true)]
async fn a_signature_is_bound_to_agent_branch_and_environment() {
    let (standin, _) = standin();
    let other = (
        3000,
        "The signature is for another agent, branch or environment.".to_owned(),
    );
    let staging = format!("{SUPPORT}&environment=staging");
    for (query, from, to) in [
        (GREETER, GREETER, SUPPORT),
        (GREETER, "agent_id=agent_standin_greeter&", ""),
        (
            GREETER,
            GREETER,
            "agent_id=agent_standin_greeter&environment=staging",
        ),
        (
            GREETER,
            GREETER,
            "agent_id=agent_standin_greeter&branch_id=agtbrch_other",
        ),
        (
            staging.as_str(),
            "environment=staging",
            "environment=production",
        ),
    ] {
        let path = signed_path(&standin, query).await;
        let changed = path.replacen(from, to, 1);
        assert_ne!(path, changed);
        assert_eq!(refused(&standin, &changed).await, other, "{query}: {to}");
    }
    let path = signed_path(&standin, &staging)
        .await
        .replacen("&environment=staging", "", 1);
    assert_eq!(
        next(&mut connect(&standin, &path).await, "agent_response").await["agent_response_event"]["agent_response"],
        "The stand-in can help."
    );
}

#[tokio::test(start_paused = true)]
async fn the_agent_greets_with_text_and_sound() {
    let (standin, _) = standin();
    let mut client = start(&standin, GREETER, json!({})).await;
    let greeting = next(&mut client, "agent_response").await;
    let event = &greeting["agent_response_event"];
    assert_eq!(event["agent_response"], "Hello from the stand-in.");
    let mut sound = Vec::new();
    for _ in 0..8 {
        let frame = next(&mut client, "audio").await;
        assert_eq!(frame["audio_event"]["event_id"], event["event_id"]);
        sound.extend(
            STANDARD
                .decode(frame["audio_event"]["audio_base_64"].as_str().unwrap())
                .unwrap(),
        );
    }
    // 24 letters, 12 per second.
    let seconds = sound.len() / 32_000;
    assert!(
        seconds == 1 && sound.iter().any(|byte| *byte != 0),
        "{}",
        sound.len()
    );
}

#[tokio::test(start_paused = true)]
async fn a_turn_ends_with_silence_and_is_answered() {
    let (standin, _) = standin();
    let mut client = start(
        &standin,
        SUPPORT,
        json!({"conversation": {"text_only": true}}),
    )
    .await;
    client.send(audio(900)).await;
    let transcript = next(&mut client, "user_transcript").await;
    let heard = &transcript["user_transcription_event"]["user_transcript"];
    assert_eq!(heard, "Hello from the.");
    let mut response = next(&mut client, "agent_response").await;
    while response["agent_response_event"]["agent_response"] == "The stand-in can help." {
        response = next(&mut client, "agent_response").await;
    }
    assert_eq!(
        response["agent_response_event"]["agent_response"],
        "The stand-in heard 3 words."
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_who_speaks_interrupts_the_agent() {
    let (standin, _) = standin();
    let mut client = start(&standin, GREETER, json!({})).await;
    let spoken = next(&mut client, "audio").await;
    client.send(audio(400)).await;
    let interruption = next(&mut client, "interruption").await;
    let id = |value: &Value| value.as_u64().unwrap();
    let interrupted = id(&interruption["interruption_event"]["event_id"]);
    assert!(interrupted > id(&spoken["audio_event"]["event_id"]));
    // What follows is the answer.
    let response = next(&mut client, "agent_response").await;
    assert!(id(&response["agent_response_event"]["event_id"]) > interrupted);
    let sound = next(&mut client, "audio").await;
    assert!(id(&sound["audio_event"]["event_id"]) > interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_text_is_answered() {
    let (standin, _) = standin();
    let mut client = start(&standin, GREETER, json!({})).await;
    next(&mut client, "agent_response").await;
    for message in [
        json!({"type": "user_message", "text": "How are you?"}),
        json!({"type": "multimodal_message", "text": {"type": "user_message", "text": "How are you?"}}),
    ] {
        client.send(message).await;
        let response = next(&mut client, "agent_response").await;
        assert_eq!(
            response["agent_response_event"]["agent_response"],
            "The stand-in heard 3 words."
        );
    }
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_by_pongs() {
    let (standin, _) = standin();
    let mut client = start(&standin, GREETER, json!({})).await;
    let mut last = 0;
    for _ in 0..3 {
        let ping = next(&mut client, "ping").await;
        let event_id = ping["ping_event"]["event_id"].as_u64().unwrap();
        assert!(event_id > last);
        last = event_id;
        client
            .send(json!({"type": "pong", "event_id": event_id}))
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_agent_decides_what_may_be_overridden() {
    let (standin, _) = standin();
    let hello = json!({"agent": {"first_message": "Welcome."}});
    let mut client = start(&standin, SUPPORT, hello.clone()).await;
    let response = next(&mut client, "agent_response").await;
    assert_eq!(
        response["agent_response_event"]["agent_response"],
        "Welcome."
    );
    let mut client = connect(&standin, &signed_path(&standin, GREETER).await).await;
    client
        .send(json!({"type": frames::INITIATION, "conversation_config_override": hello}))
        .await;
    let (frames, code, reason) = client.rest().await;
    assert_eq!(frames, [] as [Value; 0]);
    assert_eq!(
        (code, reason.as_str()),
        (
            1008,
            "Override for field 'first_message' is not allowed by config."
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_text_only_conversation_has_no_sound() {
    let (standin, _) = standin();
    let mut client = start(
        &standin,
        SUPPORT,
        json!({"conversation": {"text_only": true}}),
    )
    .await;
    let mut pings = 0;
    while pings < 2 {
        let frame = client.frame().await;
        assert_ne!(frame["type"], "audio");
        pings += usize::from(frame["type"] == "ping");
    }
}

#[tokio::test(start_paused = true)]
async fn another_message_is_refused() {
    let (standin, _) = standin();
    for message in [
        "no JSON",
        "[]",
        "{}",
        r#"{"type":"shout"}"#,
        r#"{"type":"user_message"}"#,
        r#"{"type":"user_message","text":7}"#,
        r#"{"type":"conversation_initiation_client_data"}"#,
        r#"{"user_audio_chunk":"%"}"#,
        r#"{"user_audio_chunk":null}"#,
    ] {
        let mut client = start(&standin, GREETER, json!({})).await;
        client.text(message).await;
        assert_eq!(client.rest().await.1, 1008, "{message}");
    }
    let mut client = start(&standin, GREETER, json!({})).await;
    client.audio(100).await;
    assert_eq!(client.rest().await.2, "Send JSON as text messages.");
}
