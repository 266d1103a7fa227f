//! Tests of Deepgram's streaming transcription.

use tokio::time::{Instant, sleep};

use super::*;
use crate::testing::{Received, SocketClient, open as open_at, refused, standin};

/// 100 ms of 16 kHz, 16-bit audio.
const CHUNK: usize = 3_200;
const PATH: &str = "/v1/listen?model=nova-3&encoding=linear16&sample_rate=16000";

async fn open(query: &str) -> SocketClient {
    let (standin, _) = standin();
    open_at(&standin, &format!("{PATH}{query}")).await
}

fn transcript(frame: &Value) -> &str {
    frame["channel"]["alternatives"][0]["transcript"]
        .as_str()
        .unwrap()
}

#[tokio::test]
async fn utterances_are_final_and_metadata_is_last() {
    let mut client = open("").await;
    for _ in 0..31 {
        client.audio(CHUNK).await;
    }
    client.send(json!({ "type": "CloseStream" })).await;
    let (frames, code, _) = client.rest().await;
    let [sentence, rest, metadata] = frames.as_slice() else {
        panic!("{frames:?}")
    };
    assert_eq!(
        transcript(sentence),
        "hello from the stand-in that hears every sound you send"
    );
    let flags = |frame: &Value| (frame["is_final"].clone(), frame["speech_final"].clone());
    assert_eq!(flags(sentence), (json!(true), json!(true)));
    assert_eq!(sentence["duration"], 3.0);
    let word = &sentence["channel"]["alternatives"][0]["words"][1];
    assert_eq!(
        *word,
        json!({ "word": "from", "start": 0.3, "end": 0.6, "confidence": 0.98 })
    );
    assert_eq!((transcript(rest), &rest["start"]), ("it", &json!(3.0)));
    assert_eq!(
        (
            &metadata["type"],
            &metadata["duration"],
            &metadata["channels"]
        ),
        (&json!("Metadata"), &json!(3.1), &json!(1))
    );
    assert_eq!(metadata["created"], "2027-01-15T08:00:00Z");
    assert_eq!(metadata["request_id"], sentence["metadata"]["request_id"]);
    let silence = aws_lc_rs::digest::digest(&SHA256, &vec![0; 31 * CHUNK]);
    let start: String = silence.as_ref()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(metadata["sha256"].as_str().unwrap().starts_with(&start));
    assert_eq!(code, 1000);
}

#[tokio::test]
async fn interim_results_grow_and_can_be_formatted() {
    let mut client = open("&interim_results=true&smart_format=true&vad_events=true").await;
    for _ in 0..6 {
        client.audio(CHUNK).await;
    }
    assert_eq!(
        client.frame().await,
        json!({ "type": "SpeechStarted", "channel": [0, 1], "timestamp": 0.0 })
    );
    for expected in ["Hello", "Hello from"] {
        let frame = client.frame().await;
        assert_eq!(
            (transcript(&frame), &frame["is_final"]),
            (expected, &json!(false))
        );
    }
    client.send(json!({ "type": "Finalize" })).await;
    let frame = client.frame().await;
    assert_eq!(transcript(&frame), "Hello from.");
    assert_eq!(
        (
            &frame["is_final"],
            &frame["speech_final"],
            &frame["from_finalize"]
        ),
        (&json!(true), &json!(false), &json!(true))
    );
    let word = &frame["channel"]["alternatives"][0]["words"][1];
    assert_eq!(word["punctuated_word"], "from.");
    client.send(json!({ "type": "Finalize" })).await;
    let empty = client.frame().await;
    assert_eq!((transcript(&empty), &empty["duration"]), ("", &json!(0.0)));
}

#[tokio::test(start_paused = true)]
async fn silence_closes_the_socket_unless_the_client_keeps_it_alive() {
    let mut client = open("").await;
    let start = Instant::now();
    for _ in 0..3 {
        sleep(Duration::from_secs(9)).await;
        client.send(json!({ "type": "KeepAlive" })).await;
    }
    let Received::Closed(code, reason) = client.next().await else {
        panic!("not closed")
    };
    assert_eq!(code, 1011);
    assert!(reason.starts_with("NET-0001"), "{reason}");
    assert_eq!(start.elapsed().as_secs(), 37);
}

#[tokio::test]
async fn an_unknown_message_closes_the_socket() {
    for text in ["", "CloseStream", "[]", "{}", r#"{"type":"Configure"}"#] {
        let mut client = open("").await;
        client.text(text).await;
        let (frames, code, _) = client.rest().await;
        assert_eq!((frames.len(), code), (0, 1008), "{text}");
    }
}

#[tokio::test]
async fn a_wrong_query_is_refused_before_the_upgrade() {
    let (standin, _) = standin();
    for query in [
        "model=",
        "model=flux-general-en",
        "model=nova-3&model=nova-3",
        "model=nova-3&encoding=linear16",
        "model=nova-3&encoding=pcm&sample_rate=16000",
        "model=nova-3&interim_results=yes",
    ] {
        let (status, body) = refused(&standin, &format!("/v1/listen?{query}")).await;
        assert_eq!(
            (status, &body["err_code"]),
            (400, &json!("Bad Request")),
            "{query}"
        );
    }
}

#[tokio::test]
async fn nothing_of_a_session_is_locked() {
    for query in [
        "&language=de&redact=pci&tag=anything&mip_opt_out=true",
        "&keyterm=a&keyterm=b",
    ] {
        let mut client = open(query).await;
        client.send(json!({ "type": "CloseStream" })).await;
        assert_eq!(client.rest().await.1, 1000, "{query}");
    }
}
