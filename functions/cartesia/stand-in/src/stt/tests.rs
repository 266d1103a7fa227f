//! Tests of Cartesia's HTTP endpoints that accept tokens.

use serde_json::Value;

use super::*;
use crate::API_KEY;
use crate::testing::{MULTIPART_TYPE, TestResponse, TestStandin, call, multipart_body, standin};
use voicemint_stand_in::MAX_BODY_BYTES;

const KEY: &str = "Bearer sk_car_standin_opens_nothing_real";
const VERSION: (&str, &str) = ("cartesia-version", "2026-03-01");
const JSON: (&str, &str) = ("content-type", "application/json");

fn request() -> Value {
    json!({
        "model_id": "sonic-3.5",
        "transcript": "Hi",
        "voice": { "mode": "id", "id": "e07c00bc-4134-4eae-9ea4-1a55fb45746b" },
        "output_format": { "container": "wav", "encoding": "pcm_s16le", "sample_rate": 24_000 },
    })
}

async fn token(standin: &TestStandin, grant: &str) -> String {
    let body = format!(r#"{{"grants":{{"{grant}":true}},"expires_in":60}}"#);
    let headers = [("authorization", KEY), VERSION, JSON];
    let response = call(standin, "POST", "/access-token", &headers, &body).await;
    format!("Bearer {}", response.token())
}

async fn speak(standin: &TestStandin, credential: &str, request: &Value) -> TestResponse {
    let headers = [("authorization", credential), VERSION, JSON];
    call(
        standin,
        "POST",
        "/tts/bytes",
        &headers,
        &request.to_string(),
    )
    .await
}

async fn listen(standin: &TestStandin, path: &str, credential: &str, body: &str) -> TestResponse {
    let headers = [
        ("authorization", credential),
        VERSION,
        ("content-type", MULTIPART_TYPE),
    ];
    call(standin, "POST", path, &headers, body).await
}

#[tokio::test]
async fn token_with_the_tts_grant_works_until_it_expires() {
    let (standin, time) = standin();
    let bearer = token(&standin, "tts").await;
    for _ in 0..2 {
        let response = speak(&standin, &bearer, &request()).await;
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), "audio/wav");
        assert_eq!(response.body.len(), 44 + 2 * 2 * 2_000);
        assert!(response.body.starts_with(b"RIFF"));
    }
    time.advance(60);
    let response = speak(&standin, &bearer, &request()).await;
    assert_eq!(response.status, 401);
    assert_eq!(response.json()["message"], "The access token has expired.");
}

#[tokio::test]
async fn token_without_the_grant_is_403_for_tts_and_stt() {
    let (standin, _) = standin();
    let upload = multipart_body(&[("model", "ink-whisper"), ("file", "0123")]);
    let stt = token(&standin, "stt").await;
    assert_eq!(speak(&standin, &stt, &request()).await.status, 403);
    let tts = token(&standin, "tts").await;
    for path in ["/stt", "/audio/transcriptions"] {
        assert_eq!(listen(&standin, path, &tts, &upload).await.status, 403);
        assert_eq!(listen(&standin, path, &stt, &upload).await.status, 200);
    }
}

#[tokio::test]
async fn unknown_or_missing_credentials_are_401() {
    let (standin, _) = standin();
    for credential in ["Bearer standin_car_guess", "Bearer ", "", API_KEY] {
        let response = speak(&standin, credential, &request()).await;
        assert_eq!(response.status, 401, "{credential:?}");
    }
    let token = token(&standin, "tts").await;
    let as_key = [
        ("x-api-key", token.trim_start_matches("Bearer ")),
        VERSION,
        JSON,
    ];
    let response = call(
        &standin,
        "POST",
        "/tts/bytes",
        &as_key,
        &request().to_string(),
    )
    .await;
    assert_eq!(response.status, 401);
}

#[tokio::test]
async fn api_key_is_accepted_in_both_headers() {
    let (standin, _) = standin();
    assert_eq!(speak(&standin, KEY, &request()).await.status, 200);
    let headers = [("x-api-key", API_KEY), VERSION, JSON];
    let response = call(
        &standin,
        "POST",
        "/tts/bytes",
        &headers,
        &request().to_string(),
    )
    .await;
    assert_eq!(response.status, 200);
    standin.set_key("sk_car_another_key_altogether");
    assert_eq!(speak(&standin, KEY, &request()).await.status, 401);
}

#[tokio::test]
async fn raw_floats_and_a_plain_voice_id_are_supported() {
    let (standin, _) = standin();
    let mut request = request();
    request["voice"] = json!("e07c00bc-4134-4eae-9ea4-1a55fb45746b");
    request["output_format"] =
        json!({ "container": "raw", "encoding": "pcm_f32le", "sample_rate": 48_000 });
    let response = speak(&standin, KEY, &request).await;
    assert_eq!(response.header("content-type"), "audio/pcm");
    assert_eq!(response.body.len(), 2 * 4_000 * 4);
}

#[tokio::test]
async fn unsupported_speech_is_400_and_the_field_is_named() {
    let (standin, _) = standin();
    for (pointer, value, named) in [
        ("/model_id", json!(null), "model_id"),
        ("/transcript", json!(" "), "transcript"),
        ("/transcript", json!(7), "transcript"),
        ("/voice", json!({ "mode": "embedding" }), "voice"),
        ("/voice", json!(null), "voice"),
        ("/output_format", json!(["wav"]), "container"),
        ("/output_format/container", json!("ogg"), "container"),
        ("/output_format/container", json!("mp3"), "mp3"),
        ("/output_format/encoding", json!("pcm_mulaw"), "mu-law"),
        ("/output_format/encoding", json!(null), "encoding"),
        ("/output_format/sample_rate", json!(7_999), "sample_rate"),
        ("/output_format/sample_rate", json!("8000"), "sample_rate"),
        ("/output_format/sample_rate", json!(u64::MAX), "sample_rate"),
    ] {
        let mut request = request();
        *request.pointer_mut(pointer).unwrap() = value;
        let response = speak(&standin, KEY, &request).await;
        assert_eq!(response.status, 400, "{request}");
        let message = response.json()["message"].to_string();
        assert!(message.contains(named), "{pointer}: {message}");
    }
    for not_an_object in [json!([]), json!("x"), json!(null)] {
        assert_eq!(speak(&standin, KEY, &not_an_object).await.status, 400);
    }
}

#[tokio::test]
async fn version_is_required_except_for_openai_clients() {
    let (standin, _) = standin();
    let upload = multipart_body(&[("model", "ink-whisper"), ("file", "0123")]);
    let headers = [("authorization", KEY), ("content-type", MULTIPART_TYPE)];
    for (path, status) in [
        ("/tts/bytes", 400),
        ("/stt", 400),
        ("/audio/transcriptions", 200),
    ] {
        let response = call(&standin, "POST", path, &headers, &upload).await;
        assert_eq!(response.status, status, "{path}");
    }
    let unknown = [headers[0], headers[1], ("cartesia-version", "1999-01-01")];
    let response = call(&standin, "POST", "/audio/transcriptions", &unknown, &upload).await;
    assert_eq!(response.status, 400);
}

#[tokio::test]
async fn transcript_has_the_documented_members() {
    let (standin, _) = standin();
    let audio = "s".repeat(16_000);
    let parts = [
        ("model", "ink-whisper"),
        ("language", "de"),
        ("file", &audio),
    ];
    let body = listen(&standin, "/stt", KEY, &multipart_body(&parts))
        .await
        .json();
    assert_eq!(body["type"], "transcript");
    assert_eq!(body["duration"], 0.5);
    assert_eq!(body["language"], "de");
    assert!(body["text"].is_string() && body["request_id"].is_string());
}

#[tokio::test]
async fn uploads_without_audio_or_model_are_refused() {
    let (standin, _) = standin();
    for (body, status) in [
        (multipart_body(&[("model", "ink-whisper")]), 400),
        (
            multipart_body(&[("model", "ink-whisper"), ("file", "")]),
            400,
        ),
        (multipart_body(&[("file", "0123")]), 400),
        (
            multipart_body(&[("model", "whisper-1"), ("file", "0123")]),
            400,
        ),
        (String::new(), 400),
        (
            multipart_body(&[("file", &"s".repeat(MAX_BODY_BYTES))]),
            413,
        ),
    ] {
        assert_eq!(listen(&standin, "/stt", KEY, &body).await.status, status);
    }
    let headers = [("authorization", KEY), VERSION, JSON];
    let response = call(&standin, "POST", "/stt", &headers, "{}").await;
    assert_eq!(response.status, 415);
}
