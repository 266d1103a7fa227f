//! Tests of the socket of translations.

use voicemint_stand_in::testing::{Received, SocketClient, TestStandin};

use super::*;
use crate::testing::{
    MINT, MINT_TRANSLATION, browser, deltas, loud, names, secret, session, silence, standin, until,
};

const PATH: &str = "/v1/realtime/translations?model=m-1";

fn french() -> Value {
    let audio = json!({"input": {"transcription": {"model": "m-2"}}, "output": {"language": "fr"}});
    json!({"model": "m-1", "audio": audio})
}

async fn append(socket: &mut SocketClient, audio: String) {
    socket
        .send(json!({"type": "session.input_audio_buffer.append", "audio": audio}))
        .await;
}

async fn opened(standin: &TestStandin) -> (SocketClient, Value) {
    let token = secret(standin, MINT_TRANSLATION, french()).await;
    session(standin, PATH, &token).await
}

#[tokio::test(start_paused = true)]
async fn speech_is_translated_until_the_client_closes() {
    let (standin, _) = standin();
    let (mut socket, created) = opened(&standin).await;
    assert_eq!(socket.1.as_deref(), Some("realtime"));
    let session = &created["session"];
    assert_eq!(
        (&session["type"], &session["audio"]["output"]["language"]),
        (&json!("translation"), &json!("fr"))
    );
    append(&mut socket, loud(600)).await;
    append(&mut socket, silence(600)).await;
    append(&mut socket, loud(300)).await;
    socket.send(json!({"type": "session.close"})).await;
    let events = until(&mut socket, "session.closed").await;
    assert_eq!(names(&events)[0], "session.input_transcript.delta");
    assert_eq!(
        deltas(&events, "session.input_transcript.delta"),
        "Hello from. It. "
    );
    let heard = deltas(&events, "session.output_transcript.delta");
    assert_eq!(
        heard,
        "The stand-in heard 2 words. The stand-in heard one word. "
    );
    let audio = events
        .iter()
        .find(|event| event["type"] == "session.output_audio.delta")
        .unwrap();
    assert_eq!(audio["sample_rate"], 24_000);
    assert!(audio["delta"].as_str().unwrap().len() > 1000);
    assert_eq!(socket.next().await, Received::Closed(1000, String::new()));
}

#[tokio::test(start_paused = true)]
async fn language_can_be_changed_but_not_the_model() {
    let (standin, _) = standin();
    let (mut socket, _) = opened(&standin).await;
    let changes = json!({"audio": {"output": {"language": "de"}}});
    socket
        .send(json!({"type": "session.update", "session": changes}))
        .await;
    let events = until(&mut socket, "session.updated").await;
    assert_eq!(events[0]["session"]["audio"]["output"]["language"], "de");
    for (event, code) in [
        (
            json!({"type": "session.update", "session": {"model": "m-2"}}),
            "unknown_parameter",
        ),
        (
            json!({"type": "input_audio_buffer.append", "audio": ""}),
            "invalid_value",
        ),
        (
            json!({"type": "session.input_audio_buffer.append", "audio": "?"}),
            "invalid_value",
        ),
    ] {
        socket.send(event.clone()).await;
        assert_eq!(socket.frame().await["error"]["code"], code, "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn unusable_secret_is_refused_before_the_upgrade() {
    let (standin, time) = standin();
    let expired = secret(&standin, MINT_TRANSLATION, french()).await;
    time.advance(60);
    let spent = secret(&standin, MINT_TRANSLATION, french()).await;
    session(&standin, PATH, &spent).await;
    let dictation = secret(&standin, MINT, json!({"type": "transcription"})).await;
    for token in [spent, expired, dictation, "ek_made_up".to_owned()] {
        let (status, body) = browser(&standin, PATH, &token).await.err().unwrap();
        assert_eq!(
            (status, &body["error"]["code"]),
            (401, &json!("invalid_api_key")),
            "{body}"
        );
    }
    let token = secret(&standin, MINT_TRANSLATION, french()).await;
    let (status, _) = browser(&standin, "/v1/realtime/translations", &token)
        .await
        .err()
        .unwrap();
    assert_eq!(status, 400, "without a model");
}
