//! Tests of ElevenLabs' socket for real-time transcription.

use super::*;
use crate::API_KEY;
use crate::testing::{Received, RedeemError, SocketClient, TestStandin, standin, token};

const PATH: &str = "/v1/speech-to-text/realtime?model_id=scribe_v2_realtime";

async fn connect(standin: &TestStandin, path: &str) -> SocketClient {
    SocketClient::connect(standin, path, &[])
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"))
}

async fn open(standin: &TestStandin, query: &str) -> SocketClient {
    let token = token(standin, "realtime_scribe").await;
    let mut client = connect(standin, &format!("{PATH}{query}&token={token}")).await;
    assert_eq!(client.frame().await["message_type"], "session_started");
    client
}

/// 16 kHz, 16-bit audio of this duration.
fn chunk(milliseconds: usize, commit: bool) -> Value {
    let audio = STANDARD.encode(vec![0; milliseconds * 32]);
    json!({ "message_type": "input_audio_chunk", "audio_base_64": audio, "commit": commit, "sample_rate": 16_000 })
}

#[tokio::test]
async fn token_opens_one_session() {
    let (standin, _) = standin();
    let token = token(&standin, "realtime_scribe").await;
    let path = format!("{PATH}&token={token}");
    let mut client = connect(&standin, &path).await;
    let started = client.frame().await;
    assert_eq!(started["message_type"], "session_started");
    assert!(started["session_id"].is_string());
    assert_eq!(started["config"]["sample_rate"], 16_000);
    assert_eq!(started["config"]["model_id"], "scribe_v2_realtime");
    let (frames, code, reason) = connect(&standin, &path).await.rest().await;
    let message = "The single-use token has been used before.";
    assert_eq!(
        frames,
        [json!({ "message_type": "auth_error", "error": message })]
    );
    assert_eq!((code, reason.as_str()), (1008, message));
}

#[tokio::test]
async fn token_of_another_type_or_unknown_or_expired_is_an_auth_error() {
    let (standin, time) = standin();
    let other = token(&standin, "tts_websocket").await;
    let late = token(&standin, "realtime_scribe").await;
    let refused = |query: String| {
        let standin = &standin;
        async move {
            let (frames, code, _) = connect(standin, &format!("{PATH}{query}"))
                .await
                .rest()
                .await;
            assert_eq!(
                (frames.len(), &frames[0]["message_type"], code),
                (1, &json!("auth_error"), 1008)
            );
            frames[0]["error"].as_str().unwrap().to_owned()
        }
    };
    assert!(
        refused(format!("&token={other}"))
            .await
            .contains("another type")
    );
    assert_eq!(
        standin.redeem(&other, TokenType::TtsWebsocket),
        Ok(()),
        "it is not spent"
    );
    assert!(
        refused("&token=guess".to_owned())
            .await
            .contains("not known")
    );
    assert!(
        refused(format!("&token={late}&token={late}"))
            .await
            .contains("not known")
    );
    assert!(
        refused(format!("&single_use_token={late}"))
            .await
            .contains("API key")
    );
    time.advance(900);
    assert!(refused(format!("&token={late}")).await.contains("expired"));
}

#[tokio::test]
async fn api_key_opens_sessions_too() {
    let (standin, _) = standin();
    let headers = [("xi-api-key", API_KEY)];
    let mut client = SocketClient::connect(&standin, PATH, &headers)
        .await
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    assert_eq!(client.frame().await["message_type"], "session_started");
}

#[tokio::test]
async fn invalid_query_is_refused_and_spends_no_token() {
    let (standin, _) = standin();
    let token = token(&standin, "realtime_scribe").await;
    for query in [
        "?model_id=scribe_v2",
        "?audio_format=pcm_16000",
        "?model_id=scribe_v2_realtime&audio_format=mp3",
        "?model_id=scribe_v2_realtime&commit_strategy=never",
    ] {
        let path = format!("/v1/speech-to-text/realtime{query}&token={token}");
        let (frames, code, _) = connect(&standin, &path).await.rest().await;
        assert_eq!(
            (&frames[0]["message_type"], code),
            (&json!("invalid_request"), 1008),
            "{query}"
        );
    }
    let scope = TokenType::RealtimeScribe;
    assert_eq!(standin.redeem(&token, scope), Ok(()));
    assert_eq!(standin.redeem(&token, scope), Err(RedeemError::Spent));
}

#[tokio::test]
async fn partials_grow_until_the_commit() {
    let (standin, _) = standin();
    let mut client = open(&standin, "&include_timestamps=true&language_code=de").await;
    client.send(chunk(300, false)).await;
    assert_eq!(
        client.frame().await,
        json!({ "message_type": "partial_transcript", "text": "Hello" })
    );
    client.send(chunk(300, false)).await;
    assert_eq!(client.frame().await["text"], "Hello from");
    client.send(chunk(100, true)).await;
    assert_eq!(
        client.frame().await,
        json!({ "message_type": "committed_transcript", "text": "Hello from the." })
    );
    let timed = client.frame().await;
    assert_eq!(
        timed["message_type"],
        "committed_transcript_with_timestamps"
    );
    assert_eq!(
        (&timed["text"], &timed["language_code"]),
        (&json!("Hello from the."), &json!("de"))
    );
    let word = json!({ "text": "the", "start": 0.6, "end": 0.7, "type": "word", "logprob": -0.01 });
    assert_eq!(timed["words"][2], word);
    client.send(chunk(0, true)).await;
    assert_eq!(client.frame().await["message_type"], "commit_throttled");
    client.send(chunk(300, true)).await;
    assert_eq!(client.frame().await["text"], "It.");
}

#[tokio::test]
async fn with_vad_the_end_of_a_sentence_commits_it() {
    let (standin, _) = standin();
    let mut client = open(&standin, "&commit_strategy=vad&audio_format=ulaw_8000").await;
    // 3.3 s of audio.
    client.send(chunk(825, false)).await;
    let committed = client.frame().await;
    assert_eq!(committed["message_type"], "committed_transcript");
    assert!(committed["text"].as_str().unwrap().ends_with("you send."));
    assert_eq!(
        client.frame().await,
        json!({ "message_type": "partial_transcript", "text": "It" })
    );
}

#[tokio::test(start_paused = true)]
async fn silence_ends_the_session_with_an_error() {
    let (standin, _) = standin();
    let mut client = open(&standin, "").await;
    let start = tokio::time::Instant::now();
    let (frames, code, reason) = client.rest().await;
    let message = "No message was received for 60 seconds.";
    assert_eq!(
        frames,
        [json!({ "message_type": "insufficient_audio_activity", "error": message })]
    );
    assert_eq!((code, reason.as_str()), (1008, message));
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn invalid_message_ends_the_session() {
    let (standin, _) = standin();
    for message in [
        json!("x"),
        json!({}),
        json!({ "message_type": "commit" }),
        json!({ "message_type": "input_audio_chunk" }),
        json!({ "message_type": "input_audio_chunk", "audio_base_64": "%" }),
    ] {
        let mut client = open(&standin, "").await;
        client.send(message.clone()).await;
        let (frames, code, _) = client.rest().await;
        assert_eq!(
            (&frames[0]["message_type"], code),
            (&json!("input_error"), 1008),
            "{message}"
        );
    }
    let mut client = open(&standin, "").await;
    client.audio(10).await;
    assert_eq!(client.frame().await["message_type"], "input_error");
    let mut client = open(&standin, "").await;
    client.text(&" ".repeat(2 * 1024 * 1024)).await;
    assert_eq!(client.frame().await["message_type"], "chunk_size_exceeded");
    assert!(matches!(client.next().await, Received::Closed(1009, _)));
}
