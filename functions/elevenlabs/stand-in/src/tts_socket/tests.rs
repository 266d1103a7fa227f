//! Tests of ElevenLabs' text-to-speech sockets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::tts_contexts::MAX_CONTEXTS;
use super::*;
use crate::API_KEY;
use crate::testing::{SocketClient, TestStandin, standin, token};
use voicemint_stand_in::synth;

const ONE: &str = "/v1/text-to-speech/a-voice/stream-input?model_id=eleven_flash_v2_5";
const MULTI: &str = "/v1/text-to-speech/a-voice/multi-stream-input?model_id=eleven_flash_v2_5";

async fn connect(standin: &TestStandin, path: &str) -> SocketClient {
    let path = format!("{path}&output_format=pcm_16000");
    SocketClient::connect(standin, &path, &[])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

async fn open(standin: &TestStandin, path: &str) -> SocketClient {
    let token = token(standin, "tts_websocket").await;
    connect(standin, &format!("{path}&single_use_token={token}")).await
}

fn audio_of(frames: &[Value]) -> Vec<u8> {
    let decode = |frame: &Value| {
        STANDARD
            .decode(frame["audio"].as_str().unwrap_or_default())
            .unwrap()
    };
    frames.iter().flat_map(decode).collect()
}

#[tokio::test(start_paused = true)]
async fn text_is_answered_with_audio_and_the_close() {
    let (standin, _) = standin();
    let mut client = open(&standin, ONE).await;
    client
        .send(json!({ "text": " ", "voice_settings": null, "try_trigger_generation": true }))
        .await;
    client.send(json!({ "text": "Hello " })).await;
    client.send(json!({ "text": "you " })).await;
    client.send(json!({ "text": "" })).await;
    let (frames, code, _) = client.rest().await;
    assert_eq!(
        audio_of(&frames),
        synth::pcm("Hello you ", 16_000, Encoding::S16)
    );
    let alignment = json!({ "chars": ["H", "e", "l"], "charStartTimesMs": [0, 83, 167], "charDurationsMs": [83, 84, 83] });
    assert_eq!(
        (&frames[0]["alignment"], &frames[0]["normalizedAlignment"]),
        (&alignment, &alignment)
    );
    assert_eq!(
        frames.last().unwrap(),
        &json!({ "audio": null, "isFinal": true })
    );
    assert_eq!(code, 1000);
}

#[tokio::test]
async fn token_opens_one_socket_of_its_type() {
    let (standin, time) = standin();
    let scribe = token(&standin, "realtime_scribe").await;
    let late = token(&standin, "tts_websocket").await;
    let refused = |path: String| {
        let standin = &standin;
        async move {
            let (frames, code, reason) = connect(standin, &path).await.rest().await;
            assert_eq!(
                (frames.len(), &frames[0]["code"], code),
                (1, &json!(1008), 1008)
            );
            assert_eq!(frames[0]["message"], reason.as_str());
            frames[0]["error"].as_str().unwrap().to_owned()
        }
    };
    for path in [ONE, MULTI] {
        let token = token(&standin, "tts_websocket").await;
        let path_with_token = format!("{path}&single_use_token={token}");
        let mut client = connect(&standin, &path_with_token).await;
        client.send(json!({ "text": "Hi" })).await;
        assert!(client.frame().await["audio"].is_string());
        assert_eq!(refused(path_with_token).await, "token_already_used");
        assert_eq!(
            refused(format!("{path}&single_use_token={scribe}")).await,
            "wrong_token_type"
        );
        assert_eq!(
            refused(format!("{path}&single_use_token=guess")).await,
            "invalid_token"
        );
    }
    assert_eq!(
        standin.redeem(&scribe, TokenType::RealtimeScribe),
        Ok(()),
        "it is not spent"
    );
    time.advance(900);
    assert_eq!(
        refused(format!("{ONE}&single_use_token={late}")).await,
        "token_expired"
    );
}

#[tokio::test]
async fn api_key_can_be_in_the_header_or_the_first_message() {
    let (standin, _) = standin();
    let path = format!("{ONE}&output_format=pcm_16000");
    let headers = [("xi-api-key", API_KEY)];
    let mut client = SocketClient::connect(&standin, &path, &headers)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    client.send(json!({ "text": "Hi" })).await;
    assert!(client.frame().await["audio"].is_string());
    for name in ["xi_api_key", "xi-api-key"] {
        let mut client = connect(&standin, ONE).await;
        client.send(json!({ "text": "Hi", name: API_KEY })).await;
        assert!(client.frame().await["audio"].is_string());
    }
    let token = token(&standin, "tts_websocket").await;
    for first in [
        json!({ "text": " " }),
        json!({ "text": " ", "xi_api_key": token }),
    ] {
        let mut client = connect(&standin, ONE).await;
        client.send(first).await;
        let (frames, code, _) = client.rest().await;
        assert_eq!(
            (&frames[0]["error"], code),
            (&json!("invalid_api_key"), 1008)
        );
    }
}

#[tokio::test]
async fn invalid_query_or_message_is_refused_and_an_invalid_query_spends_no_token() {
    let (standin, _) = standin();
    let token = token(&standin, "tts_websocket").await;
    for (query, error) in [
        ("", "invalid_output_format"),
        ("&output_format=mp3_44100_128", "invalid_output_format"),
        ("&output_format=pcm_1", "invalid_output_format"),
        (
            "&output_format=pcm_16000&inactivity_timeout=181",
            "invalid_inactivity_timeout",
        ),
    ] {
        let path = format!("{ONE}{query}&single_use_token={token}");
        let mut client = SocketClient::connect(&standin, &path, &[])
            .await
            .unwrap_or_else(|refused| panic!("{refused:?}"));
        let (frames, code, _) = client.rest().await;
        assert_eq!(
            (&frames[0]["error"], code),
            (&json!(error), 1008),
            "{query}"
        );
    }
    assert_eq!(standin.redeem(&token, TokenType::TtsWebsocket), Ok(()));
    for text in ["", "x", "[]", "{}", r#"{"text":7}"#] {
        let mut client = open(&standin, ONE).await;
        client.text(text).await;
        let (frames, code, _) = client.rest().await;
        assert_eq!(
            (&frames[0]["error"], code),
            (&json!("invalid_input_message"), 1008),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_socket_after_the_requested_timeout() {
    let (standin, _) = standin();
    for (query, seconds) in [("", 20), ("&inactivity_timeout=180", 180)] {
        let mut client = open(&standin, &format!("{ONE}{query}")).await;
        let start = tokio::time::Instant::now();
        let (frames, code, _) = client.rest().await;
        assert_eq!(start.elapsed().as_secs(), seconds);
        assert_eq!(
            (&frames[0]["error"], code),
            (&json!("input_timeout_exceeded"), 1008)
        );
        assert!(
            frames[0]["message"]
                .as_str()
                .unwrap()
                .contains(&format!("{seconds} seconds"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn contexts_are_independent_and_closed_one_by_one() {
    let (standin, _) = standin();
    let mut client = open(&standin, MULTI).await;
    client.send(json!({ "text": " ", "context_id": "a" })).await;
    client
        .send(json!({ "text": "One ", "context_id": "a" }))
        .await;
    client
        .send(json!({ "text": "Two", "contextId": "b" }))
        .await;
    client.send(json!({ "text": "", "context_id": "a" })).await;
    client
        .send(json!({ "close_context": true, "context_id": "a" }))
        .await;
    client
        .send(json!({ "close_context": true, "context_id": "unknown" }))
        .await;
    client.send(json!({ "close_socket": true })).await;
    let (frames, code, _) = client.rest().await;
    let of = |context: &str| -> Vec<Value> {
        frames
            .iter()
            .filter(|frame| frame["contextId"] == context)
            .cloned()
            .collect()
    };
    assert_eq!(
        audio_of(&of("a")),
        synth::pcm("One ", 16_000, Encoding::S16)
    );
    assert_eq!(audio_of(&of("b")), synth::pcm("Two", 16_000, Encoding::S16));
    for context in ["a", "b"] {
        let last = json!({ "audio": null, "isFinal": true, "contextId": context });
        assert_eq!(of(context).last().unwrap(), &last);
    }
    assert_eq!((of("a").len() + of("b").len(), code), (frames.len(), 1000));
}

#[tokio::test]
async fn more_contexts_than_allowed_end_the_socket() {
    let (standin, _) = standin();
    let mut client = open(&standin, MULTI).await;
    for number in 0..=MAX_CONTEXTS {
        client
            .send(json!({ "text": " ", "context_id": number.to_string() }))
            .await;
    }
    let (frames, code, _) = client.rest().await;
    assert_eq!(
        (&frames[0]["error"], code),
        (&json!("max_active_contexts_exceeded"), 1008)
    );
}
