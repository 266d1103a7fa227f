//! Tests of real-time transcription.

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::API_KEY;
use crate::testing::{
    PLACES, Place, Received, SocketClient, TestStandin, connect, key, open, refused, standin,
};

const PATH: &str = "/transcribe-websocket";
/// A word of 16 kHz, 16-bit audio: 300 ms.
const WORD: usize = 9_600;

fn start() -> Value {
    json!({
        "model": "stt-rt-v5",
        "audio_format": "pcm_s16le",
        "sample_rate": 16_000,
        "num_channels": 1,
    })
}

async fn transcription(standin: &TestStandin, more: Value) -> SocketClient {
    let key = key(
        standin,
        "transcribe_websocket",
        json!({ "single_use": true }),
    )
    .await;
    let mut first = start();
    first
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    connect(standin, PATH, Place::Protocols, &key, &first).await
}

fn text(tokens: &Value, is_final: bool) -> String {
    let tokens = tokens.as_array().unwrap().iter();
    let of_kind = tokens.filter(|token| token["is_final"] == is_final);
    of_kind
        .map(|token| token["text"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn words_become_final_and_an_empty_text_frame_ends_the_stream() {
    let (standin, _) = standin();
    let mut client = transcription(&standin, json!({})).await;
    assert_eq!(client.1.as_deref(), Some("soniox-api-key"), "never the key");
    client.audio(WORD).await;
    let first = client.frame().await;
    let token = json!({
        "text": "Hello", "start_ms": 0, "end_ms": 300, "confidence": 0.98, "is_final": false,
    });
    let expected = json!({
        "tokens": [token], "final_audio_proc_ms": 0, "total_audio_proc_ms": 300,
    });
    assert_eq!(first, expected);
    client.audio(4 * WORD).await;
    let second = client.frame().await;
    assert_eq!(text(&second["tokens"], true), "Hello from");
    assert_eq!(text(&second["tokens"], false), " the stand-in that");
    assert_eq!(second["final_audio_proc_ms"], 600);
    client.audio(100).await;
    client.text("").await;
    let (frames, code, _) = client.rest().await;
    assert_eq!(text(&frames[0]["tokens"], true), " the stand-in that hears");
    let finished = json!({
        "tokens": [], "final_audio_proc_ms": 1504, "total_audio_proc_ms": 1504, "finished": true,
    });
    assert_eq!((frames.len(), &frames[1], code), (2, &finished, 1000));
}

#[tokio::test]
async fn an_empty_binary_frame_does_not_end_the_stream() {
    let (standin, _) = standin();
    let mut client = transcription(&standin, json!({})).await;
    client.audio(0).await;
    client.audio(WORD).await;
    assert_eq!(text(&client.frame().await["tokens"], false), "Hello");
}

#[tokio::test]
async fn the_client_finalizes_and_endpoints_are_detected() {
    let (standin, _) = standin();
    let endpoints = json!({ "enable_endpoint_detection": true });
    let mut client = transcription(&standin, endpoints).await;
    client.audio(2 * WORD).await;
    client.frame().await;
    client.send(json!({ "type": "keepalive" })).await;
    client
        .send(json!({ "type": "finalize", "trailing_silence_ms": 300 }))
        .await;
    assert_eq!(
        text(&client.frame().await["tokens"], true),
        "Hello from<fin>"
    );
    // `finalize` ended the first sentence. The second one has ten words.
    client.audio(10 * WORD).await;
    let sentence = " it understands nothing and writes the same words each time.<end>";
    assert_eq!(text(&client.frame().await["tokens"], true), sentence);
}

#[tokio::test]
async fn a_key_is_accepted_in_each_place_and_only_once_if_it_is_for_single_use() {
    let (standin, _) = standin();
    for place in PLACES {
        let once = key(
            &standin,
            "transcribe_websocket",
            json!({ "single_use": true }),
        )
        .await;
        let reusable = key(&standin, "transcribe_websocket", json!({})).await;
        for (key, accepted) in [
            (&once, true),
            (&once, false),
            (&reusable, true),
            (&reusable, true),
            (&API_KEY.to_owned(), true),
        ] {
            let mut client = connect(&standin, PATH, place, key, &start()).await;
            let selected = (place == Place::Protocols).then_some("soniox-api-key");
            assert_eq!(client.1.as_deref(), selected);
            if accepted {
                client.audio(WORD).await;
                let frame = client.frame().await;
                assert_eq!(text(&frame["tokens"], false), "Hello", "{place:?}");
            } else {
                let (code, kind, message) = refused(client).await;
                assert_eq!((code, kind.as_str()), (401, "unauthenticated"), "{place:?}");
                assert!(message.contains("was used before"), "{message}");
            }
        }
    }
}

#[tokio::test]
async fn keys_that_expired_or_have_another_usage_type_are_refused() {
    let (standin, time) = standin();
    for place in PLACES {
        let late = key(&standin, "transcribe_websocket", json!({})).await;
        let early = key(&standin, "transcribe_websocket", json!({})).await;
        let speech = key(&standin, "tts_rt", json!({ "single_use": true })).await;
        let other = refused(connect(&standin, PATH, place, &speech, &start()).await).await;
        assert_eq!((other.0, other.1.as_str()), (403, "permission_denied"));
        let mut client = connect(&standin, PATH, place, &early, &start()).await;
        client.audio(WORD).await;
        client.frame().await;
        time.advance(60);
        // The lifetime bounds the opening only.
        client.audio(WORD).await;
        client.frame().await;
        let expired = refused(connect(&standin, PATH, place, &late, &start()).await).await;
        assert_eq!((expired.0, expired.1.as_str()), (401, "unauthenticated"));
        assert!(expired.2.contains("has expired"), "{}", expired.2);
        let unknown = refused(connect(&standin, PATH, place, "made-up", &start()).await).await;
        assert_eq!((unknown.0, unknown.1.as_str()), (401, "unauthenticated"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_at_the_limit_of_its_key() {
    let (standin, _) = standin();
    for place in PLACES {
        let more = json!({ "max_session_duration_seconds": 30 });
        let key = key(&standin, "transcribe_websocket", more).await;
        let opened = Instant::now();
        let mut client = connect(&standin, PATH, place, &key, &start()).await;
        sleep(Duration::from_secs(15)).await;
        client.send(json!({ "type": "keepalive" })).await;
        let (code, kind, _) = refused(client).await;
        assert_eq!((code, kind.as_str()), (403, "temp_api_key_session_expired"));
        assert_eq!(opened.elapsed().as_secs(), 30, "{place:?}");
    }
}

#[tokio::test]
async fn the_key_of_the_handshake_is_checked_first_and_stands_alone() {
    let (standin, _) = standin();
    let with_key = |key: &str| {
        let mut frame = start();
        frame["api_key"] = key.into();
        frame
    };
    let wrong = connect(&standin, PATH, Place::Header, "made-up", &with_key(API_KEY)).await;
    assert_eq!(refused(wrong).await.0, 401);
    for place in [Place::Header, Place::Protocols] {
        let both = connect(&standin, PATH, place, API_KEY, &with_key(API_KEY)).await;
        assert_eq!(refused(both).await.0, 400, "{place:?}");
    }
    let protocols = (
        "sec-websocket-protocol",
        format!("soniox-api-key, {API_KEY}"),
    );
    let header = ("authorization", format!("Bearer {API_KEY}"));
    let both = open(&standin, PATH, &[protocols, header]).await;
    assert_eq!(refused(both).await.0, 400);
    for headers in [
        vec![("authorization", API_KEY.to_owned())],
        vec![("authorization", format!("Token {API_KEY}"))],
        vec![("sec-websocket-protocol", "soniox-api-key".to_owned())],
    ] {
        let client = open(&standin, PATH, &headers).await;
        assert_eq!(refused(client).await.0, 401, "{headers:?}");
    }
    let mut lower_case = open(
        &standin,
        PATH,
        &[("authorization", format!("bearer {API_KEY}"))],
    )
    .await;
    lower_case.send(start()).await;
    lower_case.audio(WORD).await;
    lower_case.frame().await;
    let mut without = open(&standin, PATH, &[]).await;
    without.send(start()).await;
    let (code, _, message) = refused(without).await;
    assert_eq!((code, message.as_str()), (401, "Missing API key."));
}

#[tokio::test]
async fn wrong_start_requests_are_400() {
    let (standin, _) = standin();
    let with = |name: &str, value: Value| {
        let mut frame = start();
        frame[name] = value;
        frame
    };
    for (first, message) in [
        (json!([]), "Start request is malformed."),
        (with("unknown", json!(1)), "Start request is malformed."),
        (
            with("sample_rate", json!("16000")),
            "Start request is malformed.",
        ),
        (with("api_key", json!(7)), "api_key must be a string."),
        (with("model", Value::Null), "Invalid model specified."),
        (
            with("model", json!("tts-rt-v2")),
            "Invalid model specified.",
        ),
        (with("audio_format", Value::Null), "Missing audio format."),
        (
            with("audio_format", json!("avi")),
            "Invalid audio data format: avi",
        ),
        (
            with("sample_rate", Value::Null),
            "Audio data sample rate must be specified",
        ),
        (
            with("num_channels", json!(0)),
            "Audio data channels must be specified",
        ),
        (
            with("client_reference_id", json!("x".repeat(257))),
            "Client reference ID is too long",
        ),
    ] {
        let headers = [("authorization", format!("Bearer {API_KEY}"))];
        let mut client = open(&standin, PATH, &headers).await;
        client.send(first).await;
        let (code, kind, text) = refused(client).await;
        assert_eq!((code, kind.as_str()), (400, "invalid_request"), "{message}");
        assert!(text.starts_with(message), "{text}");
    }
    let headers = [("authorization", format!("Bearer {API_KEY}"))];
    let mut binary = open(&standin, PATH, &headers).await;
    binary.audio(WORD).await;
    assert_eq!(
        refused(binary).await.2,
        "Start request must be a text message."
    );
}

#[tokio::test]
async fn wrong_control_requests_are_400() {
    let (standin, _) = standin();
    for (message, expected) in [
        ("finalize", "Control request is malformed."),
        ("{}", "Control request invalid type."),
        (r#"{"type":"end"}"#, "Control request invalid type."),
        (r#"{"keep_alive":true}"#, "Control request invalid type."),
    ] {
        let mut client = transcription(&standin, json!({})).await;
        client.text(message).await;
        assert_eq!(refused(client).await.2, expected, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_must_send_audio_or_keepalives() {
    let (standin, _) = standin();
    let mut client = transcription(&standin, json!({})).await;
    for _ in 0..3 {
        sleep(Duration::from_secs(19)).await;
        client.send(json!({ "type": "keepalive" })).await;
    }
    let silent = Instant::now();
    match client.next().await {
        Received::Frame(frame) => assert_eq!(
            (&frame["error_code"], &frame["tokens"]),
            (&json!(408), &json!([]))
        ),
        other => panic!("{other:?}"),
    }
    assert_eq!(silent.elapsed().as_secs(), 20);
}
