//! Tests of Cartesia's endpoints that consume tokens.

use serde_json::Value;

use super::*;
use crate::standins::testing::{Answer, FORM_TYPE, call, form, standins};
use crate::standins::{BODY_LIMIT, CARTESIA_KEY, Vendor};

const KEY: &str = "Bearer sk_car_standin_opens_nothing_real";
const VERSION: (&str, &str) = ("cartesia-version", "2026-03-01");
const JSON: (&str, &str) = ("content-type", "application/json");

fn ask() -> Value {
    json!({
        "model_id": "sonic-3.5",
        "transcript": "Hi",
        "voice": { "mode": "id", "id": "e07c00bc-4134-4eae-9ea4-1a55fb45746b" },
        "output_format": { "container": "wav", "encoding": "pcm_s16le", "sample_rate": 24_000 },
    })
}

async fn token(standins: &Standins, grant: &str) -> String {
    let body = format!(r#"{{"grants":{{"{grant}":true}},"expires_in":60}}"#);
    let headers = [("authorization", KEY), VERSION, JSON];
    let answer = call(standins, "POST", "/access-token", &headers, &body).await;
    format!("Bearer {}", answer.token())
}

async fn speak(standins: &Standins, shown: &str, ask: &Value) -> Answer {
    let headers = [("authorization", shown), VERSION, JSON];
    call(standins, "POST", "/tts/bytes", &headers, &ask.to_string()).await
}

async fn listen(standins: &Standins, path: &str, shown: &str, body: &str) -> Answer {
    let headers = [
        ("authorization", shown),
        VERSION,
        ("content-type", FORM_TYPE),
    ];
    call(standins, "POST", path, &headers, body).await
}

#[tokio::test]
async fn token_with_the_tts_grant_speaks_until_it_expires() {
    let (standins, time) = standins();
    let shown = token(&standins, "tts").await;
    for _ in 0..2 {
        let answer = speak(&standins, &shown, &ask()).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "audio/wav");
        assert_eq!(answer.body.len(), 44 + 2 * 2 * 2_000);
        assert!(answer.body.starts_with(b"RIFF"));
    }
    time.advance(60);
    let answer = speak(&standins, &shown, &ask()).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["message"], "The access token has expired.");
}

#[tokio::test]
async fn token_without_the_grant_is_403_on_either_side() {
    let (standins, _) = standins();
    let upload = form(&[("model", "ink-whisper"), ("file", "0123")]);
    let stt = token(&standins, "stt").await;
    assert_eq!(speak(&standins, &stt, &ask()).await.status, 403);
    let tts = token(&standins, "tts").await;
    for path in ["/stt", "/audio/transcriptions"] {
        assert_eq!(listen(&standins, path, &tts, &upload).await.status, 403);
        assert_eq!(listen(&standins, path, &stt, &upload).await.status, 200);
    }
}

#[tokio::test]
async fn unknown_or_missing_credentials_are_401() {
    let (standins, _) = standins();
    for shown in ["Bearer standin_car_guess", "Bearer ", "", CARTESIA_KEY] {
        let answer = speak(&standins, shown, &ask()).await;
        assert_eq!(answer.status, 401, "{shown:?}");
    }
    let token = token(&standins, "tts").await;
    let as_key = [
        ("x-api-key", token.trim_start_matches("Bearer ")),
        VERSION,
        JSON,
    ];
    let answer = call(&standins, "POST", "/tts/bytes", &as_key, &ask().to_string()).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn api_key_itself_speaks_in_either_header() {
    let (standins, _) = standins();
    assert_eq!(speak(&standins, KEY, &ask()).await.status, 200);
    let headers = [("x-api-key", CARTESIA_KEY), VERSION, JSON];
    let answer = call(
        &standins,
        "POST",
        "/tts/bytes",
        &headers,
        &ask().to_string(),
    )
    .await;
    assert_eq!(answer.status, 200);
    standins.set_key(Vendor::Cartesia, "sk_car_another_key_altogether");
    assert_eq!(speak(&standins, KEY, &ask()).await.status, 401);
}

#[tokio::test]
async fn raw_floats_and_a_bare_voice_id_are_honoured() {
    let (standins, _) = standins();
    let mut ask = ask();
    ask["voice"] = json!("e07c00bc-4134-4eae-9ea4-1a55fb45746b");
    ask["output_format"] =
        json!({ "container": "raw", "encoding": "pcm_f32le", "sample_rate": 48_000 });
    let answer = speak(&standins, KEY, &ask).await;
    assert_eq!(answer.header("content-type"), "audio/pcm");
    assert_eq!(answer.body.len(), 2 * 4_000 * 4);
}

#[tokio::test]
async fn speech_that_cannot_be_made_is_400_and_the_field_is_named() {
    let (standins, _) = standins();
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
        let mut ask = ask();
        *ask.pointer_mut(pointer).unwrap() = value;
        let answer = speak(&standins, KEY, &ask).await;
        assert_eq!(answer.status, 400, "{ask}");
        let message = answer.json()["message"].to_string();
        assert!(message.contains(named), "{pointer}: {message}");
    }
    for not_an_object in [json!([]), json!("x"), json!(null)] {
        assert_eq!(speak(&standins, KEY, &not_an_object).await.status, 400);
    }
}

#[tokio::test]
async fn version_is_required_but_where_openai_clients_call() {
    let (standins, _) = standins();
    let upload = form(&[("model", "ink-whisper"), ("file", "0123")]);
    let headers = [("authorization", KEY), ("content-type", FORM_TYPE)];
    for (path, status) in [
        ("/tts/bytes", 400),
        ("/stt", 400),
        ("/audio/transcriptions", 200),
    ] {
        let answer = call(&standins, "POST", path, &headers, &upload).await;
        assert_eq!(answer.status, status, "{path}");
    }
    let unknown = [headers[0], headers[1], ("cartesia-version", "1999-01-01")];
    let answer = call(
        &standins,
        "POST",
        "/audio/transcriptions",
        &unknown,
        &upload,
    )
    .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn transcript_has_the_documented_members() {
    let (standins, _) = standins();
    let sound = "s".repeat(16_000);
    let parts = [
        ("model", "ink-whisper"),
        ("language", "de"),
        ("file", &sound),
    ];
    let body = listen(&standins, "/stt", KEY, &form(&parts)).await.json();
    assert_eq!(body["type"], "transcript");
    assert_eq!(body["duration"], 0.5);
    assert_eq!(body["language"], "de");
    assert!(body["text"].is_string() && body["request_id"].is_string());
}

#[tokio::test]
async fn uploads_without_a_sound_or_model_are_refused() {
    let (standins, _) = standins();
    for (body, status) in [
        (form(&[("model", "ink-whisper")]), 400),
        (form(&[("model", "ink-whisper"), ("file", "")]), 400),
        (form(&[("file", "0123")]), 400),
        (form(&[("model", "whisper-1"), ("file", "0123")]), 400),
        (String::new(), 400),
        (form(&[("file", &"s".repeat(BODY_LIMIT))]), 413),
    ] {
        assert_eq!(listen(&standins, "/stt", KEY, &body).await.status, status);
    }
    let headers = [("authorization", KEY), VERSION, JSON];
    let answer = call(&standins, "POST", "/stt", &headers, "{}").await;
    assert_eq!(answer.status, 415);
}
