//! Tests of real-time speech.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};
use voicemint_stand_in::synth::{self, Encoding};

use super::streams::MAX_STREAMS;
use crate::API_KEY;
use crate::testing::{
    PLACES, Place, SocketClient, TestStandin, connect, key, open, refused, standin,
};

const PATH: &str = "/tts-websocket";

fn config(id: &str) -> Value {
    json!({
        "stream_id": id,
        "model": "tts-rt-v2",
        "language": "en",
        "voice": "Adrian",
        "audio_format": "pcm_s16le",
        "sample_rate": 16_000,
    })
}

fn text(id: &str, text: &str, is_last: bool) -> Value {
    json!({ "text": text, "text_end": is_last, "stream_id": id })
}

async fn speech(standin: &TestStandin) -> SocketClient {
    let key = key(standin, "tts_rt", json!({ "single_use": true })).await;
    connect(standin, PATH, Place::Protocols, &key, &config("a")).await
}

/// The frames until a stream is terminated.
async fn until_terminated(client: &mut SocketClient, id: &str) -> Vec<Value> {
    let mut frames = Vec::new();
    loop {
        let frame = client.frame().await;
        let is_last = frame["terminated"] == true && frame["stream_id"] == id;
        frames.push(frame);
        if is_last {
            return frames;
        }
    }
}

fn audio_of(frames: &[Value], id: &str) -> Vec<u8> {
    let of_stream = frames.iter().filter(|frame| frame["stream_id"] == id);
    let decode = |frame: &Value| {
        let audio = frame["audio"].as_str().unwrap_or_default();
        STANDARD.decode(audio).unwrap()
    };
    of_stream.flat_map(decode).collect()
}

#[tokio::test(start_paused = true)]
async fn text_becomes_audio_and_the_connection_stays_open() {
    let (standin, _) = standin();
    let mut client = speech(&standin).await;
    assert_eq!(client.1.as_deref(), Some("soniox-api-key"), "never the key");
    client.send(text("a", "Hello ", false)).await;
    client.send(text("a", "you", false)).await;
    client.send(text("a", "", true)).await;
    let frames = until_terminated(&mut client, "a").await;
    let expected = synth::pcm("Hello you", 16_000, Encoding::S16);
    assert_eq!(audio_of(&frames, "a"), expected);
    let [.., end, terminated] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    assert_eq!(
        end,
        &json!({ "audio": "", "audio_end": true, "stream_id": "a" })
    );
    assert_eq!(terminated, &json!({ "terminated": true, "stream_id": "a" }));
    // The id is free again.
    client.send(json!({ "keep_alive": true })).await;
    client.send(config("a")).await;
    client.send(text("a", "Hi", true)).await;
    let frames = until_terminated(&mut client, "a").await;
    let expected = synth::pcm("Hi", 16_000, Encoding::S16);
    assert_eq!(audio_of(&frames, "a"), expected);
}

#[tokio::test(start_paused = true)]
async fn timestamps_are_sent_on_request() {
    let (standin, _) = standin();
    let mut with_times = config("a");
    with_times["return_timestamps"] = true.into();
    let mut client = connect(&standin, PATH, Place::Header, API_KEY, &with_times).await;
    client.send(text("a", "Hello", true)).await;
    let frames = until_terminated(&mut client, "a").await;
    let times = |frame: &Value, name: &str| -> Vec<i64> {
        let values = frame["timestamps"][name].as_array().unwrap().iter();
        values
            .map(|time| (time.as_f64().unwrap() * 12.0).round() as i64)
            .collect()
    };
    assert_eq!(frames[1]["timestamps"]["characters"], json!(["l", "o"]));
    assert_eq!(times(&frames[1], "character_start_times_seconds"), [3, 4]);
    assert_eq!(times(&frames[1], "character_end_times_seconds"), [4, 5]);
}

#[tokio::test(start_paused = true)]
async fn five_streams_share_a_connection_and_one_can_be_cancelled() {
    let (standin, _) = standin();
    let mut client = speech(&standin).await;
    for id in ["b", "c", "d", "e"] {
        client.send(config(id)).await;
    }
    client.send(config("f")).await;
    let refused = until_terminated(&mut client, "f").await;
    assert_eq!(
        (&refused[0]["error_code"], &refused[0]["stream_id"]),
        (&json!(429), &json!("f"))
    );
    client.send(text("a", &"a".repeat(200), true)).await;
    client.send(text("b", "Two", true)).await;
    client
        .send(json!({ "stream_id": "a", "cancel": true }))
        .await;
    // Its end is queued last.
    let frames = until_terminated(&mut client, "a").await;
    assert!(
        audio_of(&frames, "a").len() < 16_000,
        "most of it is not sent"
    );
    let two = synth::pcm("Two", 16_000, Encoding::S16);
    assert_eq!(audio_of(&frames, "b"), two);
    assert_eq!(MAX_STREAMS, 5);
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_its_stream_only() {
    let (standin, _) = standin();
    let without = |name: &str| {
        let mut frame = config("x");
        frame.as_object_mut().unwrap().remove(name);
        frame
    };
    let with = |name: &str, value: Value| {
        let mut frame = config("x");
        frame[name] = value;
        frame
    };
    let mut client = speech(&standin).await;
    for (frame, message) in [
        (without("model"), "Missing required field: model"),
        (without("language"), "Missing required field: language"),
        (with("voice", json!("")), "Missing required field: voice"),
        (
            with("audio_format", Value::Null),
            "Missing required field: audio_format",
        ),
        (
            with("audio_format", json!("mp3")),
            "The stand-in only supports",
        ),
        (with("sample_rate", json!(22_050)), "sample_rate must be"),
        (without("sample_rate"), "sample_rate must be"),
        (with("speed", json!(2)), "speed must be"),
        (
            with("model", json!("stt-rt-v5")),
            "Invalid model specified.",
        ),
        (with("unknown", json!(1)), "Invalid config message."),
        (text("x", "Hi", false), "Stream \"x\" is not active."),
        (
            json!({ "stream_id": "x", "cancel": true }),
            "Stream \"x\" is not active.",
        ),
    ] {
        client.send(frame).await;
        let frames = until_terminated(&mut client, "x").await;
        assert_eq!(frames[0]["error_code"], 400, "{message}");
        let text = frames[0]["error_message"].as_str().unwrap();
        assert!(text.starts_with(message), "{text}");
    }
    for frame in [
        json!({ "stream_id": "y", "text": 7 }),
        json!({ "stream_id": "y", "text": "x".repeat(5_001) }),
        json!({ "stream_id": "y", "text": "Hi", "text_end": "yes" }),
        config("y"),
    ] {
        client.send(config("y")).await;
        client.send(frame).await;
        let frames = until_terminated(&mut client, "y").await;
        assert_eq!(frames[0]["error_code"], 400, "{frames:?}");
    }
    client.send(text("a", "Hi", true)).await;
    let frames = until_terminated(&mut client, "a").await;
    assert!(!audio_of(&frames, "a").is_empty());
}

#[tokio::test(start_paused = true)]
async fn messages_without_a_stream_end_the_connection() {
    let (standin, _) = standin();
    for message in [
        "",
        "x",
        "[]",
        "{}",
        r#"{"text":"Hi"}"#,
        r#"{"stream_id":7,"text":"Hi"}"#,
        r#"{"stream_id":""}"#,
    ] {
        let mut client = speech(&standin).await;
        client.text(message).await;
        let (code, kind, _) = refused(client).await;
        assert_eq!((code, kind.as_str()), (400, "invalid_request"), "{message}");
    }
    let mut client = speech(&standin).await;
    client.audio(100).await;
    assert_eq!(refused(client).await.0, 400);
}

#[tokio::test(start_paused = true)]
async fn a_key_is_accepted_in_each_place_and_only_once_if_it_is_for_single_use() {
    let (standin, _) = standin();
    for place in PLACES {
        let once = key(&standin, "tts_rt", json!({ "single_use": true })).await;
        let reusable = key(&standin, "tts_rt", json!({})).await;
        for (key, accepted) in [
            (&once, true),
            (&once, false),
            (&reusable, true),
            (&reusable, true),
            (&API_KEY.to_owned(), true),
        ] {
            let mut client = connect(&standin, PATH, place, key, &config("a")).await;
            if accepted {
                client.send(text("a", "Hi", true)).await;
                let frames = until_terminated(&mut client, "a").await;
                assert!(!audio_of(&frames, "a").is_empty(), "{place:?}");
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
        let late = key(&standin, "tts_rt", json!({})).await;
        let other = key(&standin, "transcribe_websocket", json!({})).await;
        let denied = refused(connect(&standin, PATH, place, &other, &config("a")).await).await;
        assert_eq!((denied.0, denied.1.as_str()), (403, "permission_denied"));
        time.advance(60);
        let expired = refused(connect(&standin, PATH, place, &late, &config("a")).await).await;
        assert_eq!(expired.0, 401);
        assert!(expired.2.contains("has expired"), "{}", expired.2);
        let unknown = refused(connect(&standin, PATH, place, "made-up", &config("a")).await).await;
        assert_eq!(unknown.0, 401);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_at_the_limit_of_its_key() {
    let (standin, _) = standin();
    for place in PLACES {
        let more = json!({ "max_session_duration_seconds": 30 });
        let key = key(&standin, "tts_rt", more).await;
        let opened = Instant::now();
        let mut client = connect(&standin, PATH, place, &key, &config("a")).await;
        sleep(Duration::from_secs(20)).await;
        client.send(json!({ "keep_alive": true })).await;
        let (code, kind, _) = refused(client).await;
        assert_eq!((code, kind.as_str()), (403, "temp_api_key_session_expired"));
        assert_eq!(opened.elapsed().as_secs(), 30, "{place:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_in_a_frame_counts_for_the_connection_and_its_error_names_the_stream() {
    let (standin, _) = standin();
    let once = key(&standin, "tts_rt", json!({ "single_use": true })).await;
    let with_key = |id: &str, key: &str| {
        let mut frame = config(id);
        frame["api_key"] = key.into();
        frame
    };
    // A keepalive may come before the first stream.
    let mut client = open(&standin, PATH, &[]).await;
    client.send(json!({ "keep_alive": true })).await;
    for id in ["a", "b"] {
        client.send(with_key(id, &once)).await;
        client.send(text(id, "Hi", true)).await;
        let frames = until_terminated(&mut client, id).await;
        assert!(!audio_of(&frames, id).is_empty(), "{id}");
    }
    let mut client = open(&standin, PATH, &[]).await;
    client.send(with_key("c", &once)).await;
    let (frames, code, _) = client.rest().await;
    assert_eq!(
        (&frames[0]["error_code"], &frames[0]["stream_id"], code),
        (&json!(401), &json!("c"), 1000)
    );
    let mut client = open(&standin, PATH, &[]).await;
    client.send(text("d", "Hi", false)).await;
    assert_eq!(refused(client).await.2, "Missing API key.");
    let both = connect(
        &standin,
        PATH,
        Place::Header,
        API_KEY,
        &with_key("e", API_KEY),
    )
    .await;
    assert_eq!(refused(both).await.0, 400);
}
