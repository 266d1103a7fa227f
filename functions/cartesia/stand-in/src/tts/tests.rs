//! Tests of text-to-speech as server-sent events, and of word timestamps.

use super::*;
use crate::testing::{TestResponse, TestStandin, call, standin, token};

async fn ask_for_events(
    standin: &TestStandin,
    grant: &str,
    change: impl FnOnce(&mut Value),
) -> TestResponse {
    let bearer = format!("Bearer {}", token(standin, &[grant]).await);
    let mut request = json!({
        "model_id": "sonic-3.5",
        "transcript": "Hi you",
        "voice": "e07c00bc-4134-4eae-9ea4-1a55fb45746b",
        "output_format": { "container": "raw", "encoding": "pcm_s16le", "sample_rate": 8_000 },
    });
    change(&mut request);
    let headers = [
        ("authorization", bearer.as_str()),
        ("cartesia-version", "2026-08-14"),
        ("content-type", "application/json"),
    ];
    call(standin, "POST", "/tts/sse", &headers, &request.to_string()).await
}

fn events(response: &TestResponse) -> Vec<(String, Value)> {
    let text = String::from_utf8(response.body.clone()).unwrap();
    let event = |event: &str| {
        let (kind, data) = event.split_once('\n').unwrap();
        let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        (kind.strip_prefix("event: ").unwrap().to_owned(), data)
    };
    text.strip_suffix("\n\n")
        .unwrap()
        .split("\n\n")
        .map(event)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn speech_is_streamed_as_events() {
    let (standin, _) = standin();
    let response = ask_for_events(&standin, "tts", |_| ()).await;
    assert_eq!(
        (response.status.as_u16(), response.header("content-type")),
        (200, "text/event-stream")
    );
    let events = events(&response);
    let kinds: Vec<_> = events.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["chunk", "chunk", "done"]);
    let mut audio = Vec::new();
    for (kind, data) in &events {
        assert_eq!(data["type"], kind.as_str());
        assert_eq!(data.get("context_id"), None);
        audio.extend(
            STANDARD
                .decode(data["data"].as_str().unwrap_or_default())
                .unwrap(),
        );
    }
    assert_eq!(audio, synth::pcm("Hi you", 8_000, Encoding::S16));
}

#[tokio::test(start_paused = true)]
async fn context_and_timestamps_are_sent_on_request() {
    let (standin, _) = standin();
    let response = ask_for_events(&standin, "tts", |request| {
        request["context_id"] = json!("mine");
        request["add_timestamps"] = json!(true);
    });
    let events = events(&response.await);
    assert!(events.iter().all(|(_, data)| data["context_id"] == "mine"));
    assert_eq!(
        events[0].1["word_timestamps"]["words"],
        json!(["Hi", "you"])
    );
}

#[tokio::test(start_paused = true)]
async fn events_require_the_grant_and_a_raw_container() {
    let (standin, _) = standin();
    assert_eq!(ask_for_events(&standin, "stt", |_| ()).await.status, 403);
    let wav = |request: &mut Value| request["output_format"]["container"] = json!("wav");
    let response = ask_for_events(&standin, "tts", wav).await;
    assert_eq!(response.status, 400);
    assert!(response.json()["message"].as_str().unwrap().contains("raw"));
    assert_eq!(
        ask_for_events(&standin, "tts", |request| request["transcript"] =
            json!(" "))
        .await
        .status,
        400
    );
}

#[test]
fn timestamps_of_words_follow_from_their_letters() {
    let frame = timestamps(Some("a"), " Hi  you!", 12);
    let (start, end) = ([13.0 / 12.0, 17.0 / 12.0], [15.0 / 12.0, 21.0 / 12.0]);
    assert_eq!(
        frame["word_timestamps"],
        json!({ "words": ["Hi", "you!"], "start": start, "end": end })
    );
    assert_eq!(
        (&frame["context_id"], &frame["done"]),
        (&json!("a"), &json!(false))
    );
}
