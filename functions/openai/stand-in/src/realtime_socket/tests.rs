//! Tests of the socket, with conversations.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};
use voicemint_stand_in::testing::{Received, SocketClient, TestStandin};

use crate::testing::{
    MINT, MINT_TRANSLATION, browser, deltas, loud, names, secret, session, silence, standin, until,
};

const PATH: &str = "/v1/realtime?model=gpt-realtime";

fn profile() -> Value {
    json!({
        "type": "realtime",
        "model": "gpt-realtime",
        "instructions": "Be kind.",
        "audio": {"input": {"transcription": {"model": "gpt-4o-transcribe"}}},
    })
}

async fn conversation() -> (TestStandin, SocketClient) {
    let (standin, _) = standin();
    let token = secret(&standin, MINT, profile()).await;
    let (socket, _) = session(&standin, PATH, &token).await;
    (standin, socket)
}

async fn append(socket: &mut SocketClient, audio: String) {
    socket
        .send(json!({"type": "input_audio_buffer.append", "audio": audio}))
        .await;
}

async fn error(socket: &mut SocketClient) -> Value {
    let event = socket.frame().await;
    assert_eq!(event["type"], "error", "{event}");
    event["error"].clone()
}

/// `session.update`, and the session that it results in.
async fn updated(socket: &mut SocketClient, changes: Value) -> Value {
    socket
        .send(json!({"type": "session.update", "session": changes}))
        .await;
    until(socket, "session.updated").await.pop().unwrap()["session"].take()
}

#[tokio::test(start_paused = true)]
async fn first_event_has_the_whole_configuration() {
    let (standin, _) = standin();
    let token = secret(&standin, MINT, profile()).await;
    let (socket, created) = session(&standin, PATH, &token).await;
    assert_eq!(socket.1.as_deref(), Some("realtime"), "never the secret");
    let session = &created["session"];
    assert_eq!(
        session["instructions"], "Be kind.",
        "the prompt is readable"
    );
    assert_eq!(session["model"], "gpt-realtime");
    assert_eq!(session["expires_at"], standin.now().as_secs() + 3600);
    assert_eq!(
        session["audio"]["input"]["turn_detection"]["silence_duration_ms"],
        500
    );
}

#[tokio::test(start_paused = true)]
async fn secret_is_accepted_as_header_or_subprotocol() {
    let (standin, _) = standin();
    for (headers, protocol) in [
        (vec![("authorization", "Bearer TOKEN")], None),
        (vec![("authorization", "bearer TOKEN")], None),
        (
            vec![(
                "sec-websocket-protocol",
                "realtime, openai-insecure-api-key.TOKEN, openai-agents-sdk.0.20.0",
            )],
            Some("realtime"),
        ),
        (
            vec![
                ("authorization", "Bearer TOKEN"),
                ("sec-websocket-protocol", "realtime"),
            ],
            Some("realtime"),
        ),
    ] {
        let token = secret(&standin, MINT, profile()).await;
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.replace("TOKEN", &token)))
            .collect();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let mut socket = SocketClient::connect(&standin, PATH, &headers)
            .await
            .unwrap();
        assert_eq!(socket.1.as_deref(), protocol, "{headers:?}");
        assert_eq!(socket.frame().await["type"], "session.created");
    }
}

#[tokio::test(start_paused = true)]
async fn unusable_secret_is_refused_before_the_upgrade() {
    let (standin, time) = standin();
    let expired = secret(&standin, MINT, profile()).await;
    time.advance(60);
    let spent = secret(&standin, MINT, profile()).await;
    session(&standin, PATH, &spent).await;
    let dictation = secret(&standin, MINT, json!({"type": "transcription"})).await;
    let french = secret(&standin, MINT_TRANSLATION, json!({"model": "m-1"})).await;
    for (token, reason) in [
        (spent, "used before"),
        (expired, "expired"),
        (dictation, "another type"),
        (french, "another type"),
        ("ek_made_up".to_owned(), "not known"),
        (crate::API_KEY.to_owned(), "not known"),
    ] {
        let (status, body) = browser(&standin, PATH, &token).await.err().unwrap();
        assert_eq!(
            (status, &body["error"]["code"]),
            (401, &json!("invalid_api_key"))
        );
        let message = body["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    let (status, _) = SocketClient::connect(&standin, PATH, &[])
        .await
        .err()
        .unwrap();
    assert_eq!(status, 401);
}

#[tokio::test(start_paused = true)]
async fn wrong_query_is_refused_and_spends_nothing() {
    let (standin, _) = standin();
    let token = secret(&standin, MINT, profile()).await;
    for query in [
        "model=a&model=b",
        "intent=other",
        "model=a&intent=transcription",
    ] {
        let path = format!("/v1/realtime?{query}");
        let (status, body) = browser(&standin, &path, &token).await.err().unwrap();
        assert_eq!(
            (status, &body["error"]["code"]),
            (400, &json!("invalid_value")),
            "{query}"
        );
    }
    session(&standin, PATH, &token).await;
}

#[tokio::test(start_paused = true)]
async fn beta_is_refused_on_the_socket() {
    let (standin, _) = standin();
    for name in ["subprotocol", "header"] {
        let token = secret(&standin, MINT, profile()).await;
        let bearer = format!("Bearer {token}");
        let beta = match name {
            "header" => ("openai-beta", "realtime=v1"),
            _ => (
                "sec-websocket-protocol",
                "realtime, openai-beta.realtime-v1",
            ),
        };
        let headers = [("authorization", bearer.as_str()), beta];
        let mut socket = SocketClient::connect(&standin, PATH, &headers)
            .await
            .unwrap();
        let (events, code, reason) = socket.rest().await;
        assert_eq!(events[0]["error"]["code"], "beta_api_shape_disabled");
        assert_eq!((events.len(), code), (1, 4000), "{events:?}");
        assert_eq!(reason, "invalid_request_error.beta_api_shape_disabled");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_locked() {
    let (standin, _) = standin();
    let token = secret(&standin, MINT, profile()).await;
    // The URL has the model.
    let (mut socket, created) =
        session(&standin, "/v1/realtime?model=gpt-realtime-2.1", &token).await;
    assert_eq!(created["session"]["model"], "gpt-realtime-2.1");
    let tool = json!({"type": "function", "name": "pay", "parameters": {}});
    let changes = json!({
        "type": "realtime",
        "instructions": "Be rude.",
        "tools": [tool],
        "max_output_tokens": "inf",
        "audio": {"output": {"voice": "cedar"}},
    });
    let session = updated(&mut socket, changes).await;
    assert_eq!(session["instructions"], "Be rude.");
    assert_eq!(session["tools"], json!([tool]));
    assert_eq!(session["audio"]["output"]["voice"], "cedar");
    assert_eq!(session["max_output_tokens"], "inf");
    assert!(
        session["audio"]["input"]["transcription"].is_object(),
        "the rest stays"
    );
}

#[tokio::test(start_paused = true)]
async fn update_changes_no_model_and_after_audio_no_voice() {
    let (_standin, mut socket) = conversation().await;
    let session = updated(&mut socket, json!({"type": "realtime", "model": "other"})).await;
    assert_eq!(session["model"], "gpt-realtime");
    socket.send(json!({"type": "response.create"})).await;
    until(&mut socket, "response.done").await;
    let voice = |voice: &str| json!({"type": "realtime", "audio": {"output": {"voice": voice}}});
    socket
        .send(json!({"type": "session.update", "session": voice("cedar")}))
        .await;
    assert_eq!(error(&mut socket).await["code"], "cannot_update_voice");
    updated(&mut socket, voice("marin")).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_update_changes_nothing() {
    let (_standin, mut socket) = conversation().await;
    for (session, param) in [
        (json!({"instructions": "x"}), "session.type"),
        (json!({"type": "transcription"}), "session.type"),
        (
            json!({"type": "realtime", "instructions": "x", "voice": "cedar"}),
            "session.voice",
        ),
        (
            json!({"type": "realtime", "instructions": "x", "audio": {"output": {"speed": 9}}}),
            "session.audio.output.speed",
        ),
    ] {
        socket
            .send(json!({"type": "session.update", "session": session}))
            .await;
        assert_eq!(error(&mut socket).await["param"], param);
    }
    let session = updated(&mut socket, json!({"type": "realtime"})).await;
    assert_eq!(session["instructions"], "Be kind.");
}

#[tokio::test(start_paused = true)]
async fn speech_becomes_a_turn_with_a_transcript_and_a_spoken_answer() {
    let (_standin, mut socket) = conversation().await;
    append(&mut socket, silence(200)).await;
    append(&mut socket, loud(900)).await;
    append(&mut socket, silence(480)).await;
    append(&mut socket, silence(20)).await;
    let events = until(&mut socket, "response.done").await;
    assert_eq!(
        names(&events)[..9],
        [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.input_audio_transcription.delta",
            "conversation.item.input_audio_transcription.completed",
            "response.created",
            "response.output_item.added",
        ]
    );
    assert_eq!(
        (&events[0]["audio_start_ms"], &events[1]["audio_end_ms"]),
        (&json!(200), &json!(1600))
    );
    let transcript = deltas(&events, "conversation.item.input_audio_transcription.delta");
    assert_eq!(transcript, "Hello from the.");
    let spoken = deltas(&events, "response.output_audio_transcript.delta");
    assert_eq!(spoken, "The stand-in heard 3 words.");
    let audio: usize = events
        .iter()
        .filter(|event| event["type"] == "response.output_audio.delta")
        .map(|event| {
            STANDARD
                .decode(event["delta"].as_str().unwrap())
                .unwrap()
                .len()
        })
        .sum();
    // 12 characters per second, in 16-bit samples at 24 kHz.
    assert_eq!(audio, spoken.len() * 2000 * 2);
    let done = &events.last().unwrap()["response"];
    assert_eq!(
        (
            &done["status"],
            &done["output"][0]["content"][0]["transcript"]
        ),
        (&json!("completed"), &json!(spoken))
    );
    assert_eq!(
        done["id"],
        events
            .iter()
            .find(|event| event["type"] == "response.created")
            .unwrap()["response"]["id"]
    );
}

#[tokio::test(start_paused = true)]
async fn speech_interrupts_an_answer() {
    let (_standin, mut socket) = conversation().await;
    socket.send(json!({"type": "response.create"})).await;
    until(&mut socket, "response.output_audio.delta").await;
    append(&mut socket, loud(100)).await;
    let events = until(&mut socket, "response.done").await;
    let done = &events.last().unwrap()["response"];
    assert_eq!(
        (&done["status"], &done["status_details"]["reason"]),
        (&json!("cancelled"), &json!("turn_detected"))
    );
    append(&mut socket, silence(500)).await;
    let events = until(&mut socket, "response.done").await;
    assert_eq!(events.last().unwrap()["response"]["status"], "completed");
}

#[tokio::test(start_paused = true)]
async fn turn_detection_can_be_off_or_only_listen() {
    let (_standin, mut socket) = conversation().await;
    let detection = |detection: Value| json!({"type": "realtime", "audio": {"input": {"turn_detection": detection}}});
    updated(
        &mut socket,
        detection(json!({"type": "semantic_vad", "create_response": false})),
    )
    .await;
    append(&mut socket, loud(300)).await;
    append(&mut socket, silence(500)).await;
    until(
        &mut socket,
        "conversation.item.input_audio_transcription.completed",
    )
    .await;
    updated(&mut socket, detection(Value::Null)).await;
    append(&mut socket, loud(600)).await;
    append(&mut socket, silence(600)).await;
    socket
        .send(json!({"type": "input_audio_buffer.commit"}))
        .await;
    let events = until(
        &mut socket,
        "conversation.item.input_audio_transcription.completed",
    )
    .await;
    assert_eq!(
        names(&events)[0],
        "input_audio_buffer.committed",
        "{events:?}"
    );
    socket
        .send(json!({"type": "input_audio_buffer.commit"}))
        .await;
    assert_eq!(
        error(&mut socket).await["code"],
        "input_audio_buffer_commit_empty"
    );
    append(&mut socket, loud(600)).await;
    socket
        .send(json!({"type": "input_audio_buffer.clear"}))
        .await;
    assert_eq!(socket.frame().await["type"], "input_audio_buffer.cleared");
    socket
        .send(json!({"type": "input_audio_buffer.commit"}))
        .await;
    assert_eq!(
        error(&mut socket).await["code"],
        "input_audio_buffer_commit_empty"
    );
}

#[tokio::test(start_paused = true)]
async fn text_is_answered_in_the_requested_modality() {
    let (_standin, mut socket) = conversation().await;
    let content = json!([{"type": "input_text", "text": "How are you?"}]);
    let item = json!({"type": "message", "role": "user", "content": content});
    socket
        .send(json!({"type": "conversation.item.create", "item": item}))
        .await;
    let events = until(&mut socket, "conversation.item.done").await;
    let item_id = events[0]["item"]["id"].clone();
    socket
        .send(json!({"type": "response.create", "response": {"output_modalities": ["text"]}}))
        .await;
    let events = until(&mut socket, "response.done").await;
    assert_eq!(
        deltas(&events, "response.output_text.delta"),
        "The stand-in heard 3 words."
    );
    assert!(!names(&events).contains(&"response.output_audio.delta"));
    let answered = events.last().unwrap()["response"]["output"][0]["id"].clone();
    for (event, expected) in [
        (
            json!({"type": "conversation.item.retrieve", "item_id": item_id}),
            "conversation.item.retrieved",
        ),
        (
            json!({"type": "conversation.item.truncate", "item_id": answered, "content_index": 0, "audio_end_ms": 1}),
            "conversation.item.truncated",
        ),
        (
            json!({"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 1}),
            "error",
        ),
        (
            json!({"type": "conversation.item.delete", "item_id": item_id}),
            "conversation.item.deleted",
        ),
        (
            json!({"type": "conversation.item.retrieve", "item_id": item_id}),
            "error",
        ),
        (
            json!({"type": "conversation.item.create", "item": {"type": "message", "role": "boss"}}),
            "error",
        ),
    ] {
        socket.send(event.clone()).await;
        assert_eq!(socket.frame().await["type"], expected, "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_response_at_a_time_which_the_client_can_cancel() {
    let (_standin, mut socket) = conversation().await;
    socket.send(json!({"type": "response.create"})).await;
    until(&mut socket, "response.created").await;
    socket.send(json!({"type": "response.create"})).await;
    let events = until(&mut socket, "error").await;
    assert_eq!(
        events.last().unwrap()["error"]["code"],
        "conversation_already_has_active_response"
    );
    socket.send(json!({"type": "response.cancel"})).await;
    let events = until(&mut socket, "response.done").await;
    assert_eq!(events.last().unwrap()["response"]["status"], "cancelled");
    socket.send(json!({"type": "response.cancel"})).await;
    assert_eq!(
        error(&mut socket).await["code"],
        "response_cancel_not_active"
    );
}

#[tokio::test(start_paused = true)]
async fn errors_keep_the_socket_open() {
    let (_standin, mut socket) = conversation().await;
    for (text, code, param) in [
        ("nonsense", Value::Null, Value::Null),
        ("[]", Value::Null, Value::Null),
        ("{}", json!("invalid_value"), json!("type")),
        (
            r#"{"type":"session.close"}"#,
            json!("invalid_value"),
            json!("type"),
        ),
        (
            r#"{"type":"input_audio_buffer.append"}"#,
            json!("missing_required_parameter"),
            json!("audio"),
        ),
        (
            r#"{"type":"input_audio_buffer.append","audio":7}"#,
            json!("invalid_type"),
            json!("audio"),
        ),
        (
            r#"{"type":"input_audio_buffer.append","audio":"?"}"#,
            json!("invalid_value"),
            json!("audio"),
        ),
        (
            r#"{"type":"session.update"}"#,
            json!("missing_required_parameter"),
            json!("session"),
        ),
        (
            r#"{"type":"response.create","response":{"voice":"x"}}"#,
            json!("unknown_parameter"),
            json!("response.voice"),
        ),
    ] {
        socket.text(text).await;
        let error = error(&mut socket).await;
        assert_eq!((&error["code"], &error["param"]), (&code, &param), "{text}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    socket.audio(10).await;
    error(&mut socket).await;
    socket
        .send(json!({"type": "nonsense", "event_id": "mine-1"}))
        .await;
    assert_eq!(error(&mut socket).await["event_id"], "mine-1");
    updated(&mut socket, json!({"type": "realtime"})).await;
}

#[tokio::test(start_paused = true)]
async fn session_ends_after_an_hour() {
    let (_standin, mut socket) = conversation().await;
    for _ in 0..60 {
        sleep(Duration::from_secs(59)).await;
        updated(&mut socket, json!({"type": "realtime"})).await;
    }
    sleep(Duration::from_secs(59)).await;
    socket
        .send(json!({"type": "input_audio_buffer.clear"}))
        .await;
    assert_eq!(socket.frame().await["type"], "input_audio_buffer.cleared");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(error(&mut socket).await["code"], "session_expired");
    assert!(matches!(socket.next().await, Received::Closed(1001, _)));
}
