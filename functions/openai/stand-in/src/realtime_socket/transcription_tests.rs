//! Tests of the socket, with transcriptions.

use serde_json::{Value, json};

use crate::testing::{
    MINT, browser, deltas, loud, names, secret, session, silence, standin, until,
};

const PATH: &str = "/v1/realtime?intent=transcription";

fn dictation() -> Value {
    let input = json!({"transcription": {"model": "gpt-4o-transcribe"}});
    json!({"type": "transcription", "audio": {"input": input}})
}

#[tokio::test(start_paused = true)]
async fn speech_is_transcribed_and_not_answered() {
    let (standin, _) = standin();
    let token = secret(&standin, MINT, dictation()).await;
    let (mut socket, created) = session(&standin, PATH, &token).await;
    assert_eq!(created["session"]["type"], "transcription");
    for audio in [loud(900), silence(600), loud(600), silence(600)] {
        socket
            .send(json!({"type": "input_audio_buffer.append", "audio": audio}))
            .await;
    }
    let completed = "conversation.item.input_audio_transcription.completed";
    let events = until(&mut socket, completed).await;
    assert_eq!(
        deltas(&events, "conversation.item.input_audio_transcription.delta"),
        "Hello from the."
    );
    let last = events.last().unwrap();
    assert_eq!(
        (&last["transcript"], &last["item_id"]),
        (&json!("Hello from the."), &events[0]["item_id"])
    );
    assert_eq!(last["usage"], json!({"type": "duration", "seconds": 2}));
    let events = until(&mut socket, completed).await;
    assert_eq!(
        names(&events)[0],
        "input_audio_buffer.speech_started",
        "no response in between"
    );
    assert_ne!(events.last().unwrap()["item_id"], last["item_id"]);
}

#[tokio::test(start_paused = true)]
async fn configuration_can_be_changed_except_for_the_type() {
    let (standin, _) = standin();
    let token = secret(&standin, MINT, dictation()).await;
    let (mut socket, _) = session(&standin, PATH, &token).await;
    let input = json!({"transcription": {"model": "whisper-1"}, "turn_detection": null});
    let changes = json!({"type": "transcription", "audio": {"input": input}});
    socket
        .send(json!({"type": "session.update", "session": changes}))
        .await;
    let events = until(&mut socket, "session.updated").await;
    assert_eq!(
        events[0]["session"]["audio"]["input"]["transcription"]["model"],
        "whisper-1"
    );
    for event in [
        json!({"type": "session.update", "session": {"type": "realtime"}}),
        json!({"type": "response.create"}),
        json!({"type": "conversation.item.create", "item": {"type": "message"}}),
    ] {
        socket.send(event.clone()).await;
        assert_eq!(
            socket.frame().await["error"]["code"],
            "invalid_value",
            "{event}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn secret_of_a_conversation_is_refused() {
    let (standin, _) = standin();
    let token = secret(&standin, MINT, json!({"type": "realtime"})).await;
    let (status, _) = browser(&standin, PATH, &token).await.err().unwrap();
    assert_eq!(status, 401);
}
