//! Tests of Cartesia's text-to-speech socket.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::API_KEY;
use crate::testing::{SocketClient, TestStandin, standin, token};
use voicemint_stand_in::synth::{self, Encoding};

const VERSION: (&str, &str) = ("cartesia-version", "2026-08-14");

fn request(context: &str, transcript: &str, continues: bool) -> Value {
    json!({
        "model_id": "sonic-3",
        "voice": { "id": "e07c00bc-4134-4eae-9ea4-1a55fb45746b" },
        "transcript": transcript,
        "output_format": { "container": "raw", "encoding": "pcm_s16le", "sample_rate": 8_000 },
        "context_id": context,
        "continue": continues,
    })
}

fn audio_of(frame: &Value) -> Vec<u8> {
    STANDARD.decode(frame["data"].as_str().unwrap()).unwrap()
}

async fn open(standin: &TestStandin) -> SocketClient {
    let bearer = format!("Bearer {}", token(standin, &["tts"]).await);
    let headers = [("authorization", bearer.as_str()), VERSION];
    SocketClient::connect(standin, "/tts/websocket", &headers)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

async fn status(standin: &TestStandin, query: &str, headers: &[(&'static str, &str)]) -> u16 {
    let opened = SocketClient::connect(standin, &format!("/tts/websocket{query}"), headers).await;
    opened.map_or_else(|(status, _)| status, |_| 101)
}

#[tokio::test]
async fn token_can_be_in_the_header_or_the_query() {
    let (standin, _) = standin();
    let token = token(&standin, &["tts"]).await;
    let bearer = format!("Bearer {token}");
    let with_key = format!("Bearer {API_KEY}");
    for (query, headers) in [
        (
            String::new(),
            vec![("authorization", bearer.as_str()), VERSION],
        ),
        (
            String::new(),
            vec![("authorization", with_key.as_str()), VERSION],
        ),
        (String::new(), vec![("x-api-key", API_KEY), VERSION]),
        (format!("?access_token={token}"), vec![VERSION]),
        (
            format!(
                "?cartesia_version=2026-08-14&access_token={token}&cartesia_client=cartesia-js/4.2.0"
            ),
            vec![],
        ),
        (
            format!("?cartesia_version=2026-03-01&api_key={API_KEY}"),
            vec![],
        ),
    ] {
        assert_eq!(
            status(&standin, &query, &headers).await,
            101,
            "{query} {headers:?}"
        );
    }
    for (expected, query, headers) in [
        (401, String::new(), vec![VERSION]),
        (401, "?access_token=guess".to_owned(), vec![VERSION]),
        (401, format!("?access_token={API_KEY}"), vec![VERSION]),
        (401, format!("?api_key={token}"), vec![VERSION]),
        (
            401,
            format!("?access_token={token}&api_key={API_KEY}"),
            vec![VERSION],
        ),
        (
            401,
            format!("?access_token={token}"),
            vec![("authorization", "Bearer guess"), VERSION],
        ),
        (
            400,
            format!("?access_token={token}&access_token={token}"),
            vec![VERSION],
        ),
        (400, format!("?access_token={token}"), vec![]),
        (
            400,
            format!("?access_token={token}&cartesia_version=1999-01-01"),
            vec![],
        ),
    ] {
        assert_eq!(
            status(&standin, &query, &headers).await,
            expected,
            "{query} {headers:?}"
        );
    }
}

#[tokio::test]
async fn token_without_the_grant_or_expired_is_refused_before_the_socket_opens() {
    let (standin, time) = standin();
    let stt = token(&standin, &["stt", "agent"]).await;
    let path = format!("/tts/websocket?cartesia_version=2026-08-14&access_token={stt}");
    let (status, body) = SocketClient::connect(&standin, &path, &[])
        .await
        .err()
        .unwrap();
    assert_eq!((status, &body["title"]), (403, &json!("Forbidden")));
    let tts = token(&standin, &["tts"]).await;
    let path = format!("/tts/websocket?cartesia_version=2026-08-14&access_token={tts}");
    for _ in 0..2 {
        assert!(
            SocketClient::connect(&standin, &path, &[]).await.is_ok(),
            "until it expires"
        );
    }
    time.advance(60);
    let (status, body) = SocketClient::connect(&standin, &path, &[])
        .await
        .err()
        .unwrap();
    assert_eq!(
        (status, &body["message"]),
        (401, &json!("The access token has expired."))
    );
    assert_eq!(standin.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn transcript_is_answered_in_chunks_and_done() {
    let (standin, _) = standin();
    let mut client = open(&standin).await;
    let mut once = request("a", "Hello", false);
    once.as_object_mut().unwrap().remove("continue");
    client.send(once).await;
    let (first, second, done) = (
        client.frame().await,
        client.frame().await,
        client.frame().await,
    );
    assert_eq!(
        (&first["type"], &first["done"], &first["status_code"]),
        (&json!("chunk"), &json!(false), &json!(206))
    );
    assert!(first["step_time"].is_number());
    assert_eq!(
        [audio_of(&first), audio_of(&second)].concat(),
        synth::pcm("Hello", 8_000, Encoding::S16)
    );
    assert_eq!(
        done,
        json!({ "type": "done", "context_id": "a", "done": true, "status_code": 200 })
    );
}

#[tokio::test(start_paused = true)]
async fn context_stays_open_until_the_client_ends_it() {
    let (standin, _) = standin();
    let mut client = open(&standin).await;
    let mut first = request("a", "one ", true);
    first["add_timestamps"] = json!(true);
    client.send(first).await;
    let mut second = request("a", "two", true);
    second["add_timestamps"] = json!(true);
    second["flush"] = json!(true);
    client.send(second).await;
    client.send(request("a", "", false)).await;
    let mut kinds = Vec::new();
    let mut starts = Vec::new();
    loop {
        let frame = client.frame().await;
        assert_eq!(frame["context_id"], "a");
        kinds.push(frame["type"].as_str().unwrap().to_owned());
        match kinds.last().unwrap().as_str() {
            "timestamps" => starts.push(frame["word_timestamps"]["start"][0].clone()),
            "flush_done" => assert_eq!(
                (&frame["flush_done"], &frame["flush_id"]),
                (&json!(true), &json!(1))
            ),
            "done" => break,
            _ => {}
        }
    }
    assert_eq!(
        kinds,
        [
            "timestamps",
            "chunk",
            "chunk",
            "timestamps",
            "chunk",
            "flush_done",
            "done"
        ]
    );
    assert_eq!(starts, [json!(0.0), json!(4.0 / 12.0)]);
}

#[tokio::test(start_paused = true)]
async fn cancelled_context_is_silent_and_others_continue() {
    let (standin, _) = standin();
    let mut client = open(&standin).await;
    client.send(request("long", &"a".repeat(240), false)).await;
    assert_eq!(client.frame().await["context_id"], "long");
    client
        .send(json!({ "cancel": true, "context_id": "long" }))
        .await;
    client.send(request("short", "b", false)).await;
    let mut of_long = 0;
    loop {
        let frame = client.frame().await;
        of_long += usize::from(frame["context_id"] == "long");
        if frame["type"] == "done" {
            assert_eq!(frame["context_id"], "short");
            break;
        }
    }
    assert!(of_long < 10, "{of_long}");
}

#[tokio::test]
async fn invalid_message_gets_an_error_for_its_context_and_the_socket_stays_open() {
    let (standin, _) = standin();
    let mut client = open(&standin).await;
    for (pointer, value) in [
        ("/model_id", json!(null)),
        ("/voice", json!({ "mode": "embedding" })),
        ("/transcript", json!(7)),
        ("/transcript", json!("")),
        ("/output_format/container", json!("wav")),
        ("/output_format/sample_rate", json!(7)),
        ("/continue", json!("yes")),
    ] {
        let mut request = request("a", "Hi", false);
        *request.pointer_mut(pointer).unwrap() = value;
        client.send(request).await;
        let frame = client.frame().await;
        let kind = (
            &frame["type"],
            &frame["status_code"],
            &frame["done"],
            &frame["context_id"],
        );
        assert_eq!(
            kind,
            (&json!("error"), &json!(400), &json!(true), &json!("a")),
            "{pointer}"
        );
        assert!(
            frame["title"].is_string()
                && frame["message"].is_string()
                && frame["request_id"].is_string()
        );
    }
    for text in ["", "[]", "{", r#"{"transcript":"Hi"}"#] {
        client.text(text).await;
        let frame = client.frame().await;
        assert_eq!(
            (&frame["type"], frame.get("context_id")),
            (&json!("error"), None),
            "{text}"
        );
    }
    client.audio(10).await;
    assert_eq!(client.frame().await["status_code"], 400);
    client.send(request("a", "Hi", false)).await;
    assert_eq!(client.frame().await["type"], "chunk");
}

#[tokio::test]
async fn contexts_are_limited() {
    let (standin, _) = standin();
    let mut client = open(&standin).await;
    for number in 0..MAX_CONTEXTS {
        client.send(request(&number.to_string(), "", true)).await;
    }
    client.send(request("one too many", "", true)).await;
    let frame = client.frame().await;
    assert_eq!(
        (&frame["status_code"], &frame["context_id"]),
        (&json!(429), &json!("one too many"))
    );
}
