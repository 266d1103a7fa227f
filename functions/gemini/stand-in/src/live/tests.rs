//! Tests of Live sessions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use voicemint_stand_in::testing::{Received, SocketClient, TestStandin};

use super::*;
use crate::testing::{standin, token};
use crate::{API_KEY, CONSTRAINED, UNCONSTRAINED};

/// The setup that a client sends, which differs from that of the tokens.
fn client_setup() -> Value {
    json!({
        "model": "models/client",
        "generationConfig": {"responseModalities": ["TEXT"]},
        "systemInstruction": {"parts": [{"text": "the client decides"}]},
    })
}

fn locked() -> Value {
    json!({
        "model": "models/locked",
        "generationConfig": {
            "speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}},
        },
        "systemInstruction": {"parts": [{"text": "be"}, {"text": "very brief"}]},
        "inputAudioTranscription": {},
        "outputAudioTranscription": {},
    })
}

const LOCKED: &str = "Model locked, voice Kore, 3 words of instruction. ";

async fn connect(
    standin: &TestStandin,
    path: &str,
    headers: &[(&'static str, &str)],
) -> SocketClient {
    SocketClient::connect(standin, path, headers)
        .await
        .unwrap_or_else(|refused| panic!("{path}: {refused:?}"))
}

/// The next message: JSON in a binary frame.
async fn message(client: &mut SocketClient) -> Value {
    match client.next().await {
        Received::Binary(bytes) => serde_json::from_slice(&bytes).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The code and reason of the close, which no message precedes.
async fn closed(mut client: SocketClient) -> (u16, String) {
    match client.next().await {
        Received::Closed(code, reason) => (code, reason),
        other => panic!("{other:?}"),
    }
}

/// A session of a token that was minted with this body.
async fn session(standin: &TestStandin, mint: &Value) -> SocketClient {
    let token = token(standin, mint).await;
    let path = format!("{CONSTRAINED}?access_token={token}");
    let mut client = connect(standin, &path, &[]).await;
    client.send(json!({ "setup": client_setup() })).await;
    assert_eq!(message(&mut client).await, json!({ "setupComplete": {} }));
    client
}

async fn locked_session(standin: &TestStandin) -> SocketClient {
    session(standin, &json!({ "bidiGenerateContentSetup": locked() })).await
}

async fn say(client: &mut SocketClient, text: &str) {
    let turn = json!({"role": "user", "parts": [{"text": text}]});
    let content = json!({"turns": [turn], "turnComplete": true});
    client.send(json!({ "clientContent": content })).await;
}

async fn speak(client: &mut SocketClient, milliseconds: usize) {
    let data = STANDARD.encode(vec![0; milliseconds * 32]);
    let audio = json!({"data": data, "mimeType": "audio/pcm;rate=16000"});
    client
        .send(json!({ "realtimeInput": {"audio": audio} }))
        .await;
}

/// All messages up to the end of the model's turn.
async fn turn(client: &mut SocketClient) -> Vec<Value> {
    let mut messages = Vec::new();
    loop {
        let next = message(client).await;
        let is_end = next["serverContent"]["turnComplete"] == true;
        messages.push(next);
        if is_end {
            return messages;
        }
    }
}

/// The texts at a place within `serverContent`, joined.
fn texts(messages: &[Value], place: &str) -> String {
    let texts = messages
        .iter()
        .filter_map(|message| message["serverContent"].pointer(place));
    texts.map(|text| text.as_str().unwrap()).collect()
}

const SAID: &str = "/outputTranscription/text";
const WRITTEN: &str = "/modelTurn/parts/0/text";

#[tokio::test]
async fn a_locked_setup_replaces_the_clients() {
    let (standin, _) = standin();
    let mut client = locked_session(&standin).await;
    say(&mut client, "how are you").await;
    let messages = turn(&mut client).await;
    let answer = "The stand-in heard 3 words.";
    assert_eq!(texts(&messages, SAID), format!("{LOCKED}{answer}"));
    assert_eq!(
        texts(&messages, WRITTEN),
        "",
        "it speaks, as the token says"
    );
    let audio: Vec<u8> = messages
        .iter()
        .filter_map(|message| message.pointer("/serverContent/modelTurn/parts/0/inlineData"))
        .flat_map(|audio| {
            assert_eq!(audio["mimeType"], "audio/pcm;rate=24000");
            STANDARD.decode(audio["data"].as_str().unwrap()).unwrap()
        })
        .collect();
    // Two bytes per sample, and 12 letters per second.
    assert_eq!(audio.len(), (LOCKED.len() + answer.len()) * 4_000);
    let end = &messages[messages.len() - 3..];
    assert_eq!(
        end[0],
        json!({"serverContent": {"generationComplete": true}})
    );
    assert_eq!(
        end[1]["usageMetadata"],
        json!({"promptTokenCount": 3, "responseTokenCount": 13, "totalTokenCount": 16})
    );
    say(&mut client, "again").await;
    let messages = turn(&mut client).await;
    assert_eq!(texts(&messages, SAID), "The stand-in heard one word.");
}

#[tokio::test]
async fn a_token_without_a_setup_or_with_a_mask_leaves_the_rest_to_the_client() {
    let (standin, _) = standin();
    let locked = json!({"model": "models/locked"});
    let cases = [
        (json!({}), "Model client, voice of the model, 3 words of"),
        (
            json!({"bidiGenerateContentSetup": locked, "fieldMask": "model"}),
            "Model locked, voice of the model, 3 words of",
        ),
        (
            json!({"bidiGenerateContentSetup": locked, "fieldMask": "model,systemInstruction"}),
            "Model locked, voice of the model, 0 words of",
        ),
    ];
    for (mint, expected) in cases {
        let mut client = session(&standin, &mint).await;
        say(&mut client, "hello").await;
        let written = texts(&turn(&mut client).await, WRITTEN);
        assert!(written.starts_with(expected), "{mint}: {written}");
    }
}

#[tokio::test]
async fn a_token_is_accepted_in_every_form_of_the_sdks() {
    let (standin, _) = standin();
    let mint = json!({ "bidiGenerateContentSetup": locked() });
    for (path, headers) in [
        ("{path}?access_token={token}", vec![]),
        ("/{path}?access_token={token}", vec![]),
        ("{path}?access_token={escaped}", vec![]),
        (
            "/{path}",
            vec![
                ("authorization", "Token {token}"),
                ("x-goog-api-key", "{token}"),
            ],
        ),
        ("{path}", vec![("authorization", "token {token}")]),
        ("{path}", vec![("x-goog-api-key", "{token}")]),
    ] {
        let token = token(&standin, &mint).await;
        let fill = |text: &str| {
            let escaped = token.replace('/', "%2F");
            let text = text.replace("{path}", CONSTRAINED);
            text.replace("{token}", &token)
                .replace("{escaped}", &escaped)
        };
        let values: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, fill(value)))
            .collect();
        let headers: Vec<_> = values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let mut client = connect(&standin, &fill(path), &headers).await;
        client.send(json!({"setup": {}})).await;
        let complete = message(&mut client).await;
        assert_eq!(complete, json!({ "setupComplete": {} }), "{path}");
    }
}

#[tokio::test]
async fn the_constrained_socket_closes_without_a_good_token() {
    let (standin, time) = standin();
    let (spent, expired) = (
        token(&standin, &json!({})).await,
        token(&standin, &json!({})).await,
    );
    connect(
        &standin,
        &format!("{CONSTRAINED}?access_token={spent}"),
        &[],
    )
    .await;
    let bearer = format!("Bearer {expired}");
    let cases = vec![
        (String::new(), vec![], "unregistered callers"),
        (format!("?key={API_KEY}"), vec![], "unregistered callers"),
        (
            String::new(),
            vec![("x-goog-api-key", API_KEY)],
            "unregistered callers",
        ),
        (
            String::new(),
            vec![("authorization", bearer.as_str())],
            "unregistered callers",
        ),
        (
            "?access_token=auth_tokens/guess".to_owned(),
            vec![],
            "not known",
        ),
        (format!("?access_token={spent}"), vec![], "used before"),
        (
            format!("?access_token={expired}&access_token={expired}"),
            vec![],
            "more than once",
        ),
    ];
    for (query, headers, expected) in cases {
        let client = connect(&standin, &format!("{CONSTRAINED}{query}"), &headers).await;
        let (code, reason) = closed(client).await;
        assert!(
            code == 1008 && reason.contains(expected),
            "{query}: {code} {reason}"
        );
    }
    time.advance(60);
    let path = format!("{CONSTRAINED}?access_token={expired}");
    let (code, reason) = closed(connect(&standin, &path, &[]).await).await;
    assert!(code == 1008 && reason.contains("expired"), "{reason}");
}

#[tokio::test]
async fn the_other_sockets_accept_the_api_key_and_no_token() {
    let (standin, _) = standin();
    for path in UNCONSTRAINED {
        for (path, headers) in [
            (format!("{path}?key={API_KEY}"), vec![]),
            (format!("/{path}"), vec![("x-goog-api-key", API_KEY)]),
        ] {
            let mut client = connect(&standin, &path, &headers).await;
            client.send(json!({ "setup": client_setup() })).await;
            assert_eq!(message(&mut client).await, json!({ "setupComplete": {} }));
        }
        let token = token(&standin, &json!({})).await;
        for query in [format!("?key={token}"), format!("?access_token={token}")] {
            let client = connect(&standin, &format!("{path}{query}"), &[]).await;
            let (code, reason) = closed(client).await;
            assert!(
                code == 1008 && reason.contains("unregistered callers"),
                "{reason}"
            );
        }
        assert_eq!(standin.redeem(&token, LIVE), Ok(()), "it was not spent");
    }
    let path = CONSTRAINED.replace("v1alpha", "v1");
    let refused = SocketClient::connect(&standin, &path, &[]).await.err();
    assert_eq!(refused.unwrap().0, 404, "tokens are a part of v1alpha only");
}

#[tokio::test]
async fn the_users_audio_is_transcribed_and_answered() {
    let (standin, _) = standin();
    let mut client = locked_session(&standin).await;
    for _ in 0..3 {
        speak(&mut client, 300).await;
    }
    client
        .send(json!({"realtimeInput": {"audioStreamEnd": true}}))
        .await;
    let messages = turn(&mut client).await;
    assert_eq!(
        texts(&messages, "/inputTranscription/text"),
        "Hello from the."
    );
    assert!(texts(&messages, SAID).ends_with("The stand-in heard 3 words."));
}

#[tokio::test]
async fn messages_may_have_names_in_snake_case_and_url_safe_base64() {
    let (standin, _) = standin();
    let setup = json!({"model": "models/locked", "input_audio_transcription": {}});
    let mut client = session(&standin, &json!({ "bidi_generate_content_setup": setup })).await;
    let data = "_".repeat(12_800);
    let audio = json!({"data": data, "mime_type": "audio/pcm"});
    client
        .send(json!({ "realtime_input": {"audio": audio} }))
        .await;
    let heard = message(&mut client).await;
    let heard = &heard["serverContent"]["inputTranscription"]["text"];
    assert_eq!(heard, "Hello");
}

#[tokio::test]
async fn the_user_interrupts_the_model() {
    let (standin, _) = standin();
    let mut client = locked_session(&standin).await;
    say(&mut client, "hello my friend").await;
    message(&mut client).await;
    speak(&mut client, 300).await;
    let messages = turn(&mut client).await;
    let interrupted = json!({"serverContent": {"interrupted": true}});
    assert_eq!(messages[messages.len() - 2], interrupted, "{messages:?}");
    assert!(
        !messages
            .iter()
            .any(|message| message["serverContent"]["generationComplete"] == true)
    );
    client
        .send(json!({"realtimeInput": {"activityEnd": {}}}))
        .await;
    let messages = turn(&mut client).await;
    assert_eq!(texts(&messages, SAID), "The stand-in heard one word.");
}

#[tokio::test]
async fn a_turn_ends_when_the_client_says_so() {
    let (standin, _) = standin();
    let mut client = locked_session(&standin).await;
    let part = |text: &str| json!({"turns": [{"parts": [{"text": text}]}]});
    client
        .send(json!({ "clientContent": part("one two") }))
        .await;
    client.send(json!({ "clientContent": part("three") })).await;
    client
        .send(json!({"clientContent": {"turnComplete": true}}))
        .await;
    assert!(texts(&turn(&mut client).await, SAID).ends_with("3 words."));
    client.send(json!({"realtimeInput": {"text": "now"}})).await;
    assert!(texts(&turn(&mut client).await, SAID).ends_with("one word."));
}

#[tokio::test]
async fn a_wrong_message_closes_the_session() {
    let (standin, _) = standin();
    let token_body = json!({ "bidiGenerateContentSetup": locked() });
    for first in [
        "",
        "[]",
        "{",
        "{}",
        r#"{"setup":7}"#,
        r#"{"clientContent":{}}"#,
    ] {
        let token = token(&standin, &token_body).await;
        let path = format!("{CONSTRAINED}?access_token={token}");
        let mut client = connect(&standin, &path, &[]).await;
        client.text(first).await;
        assert_eq!(closed(client).await.0, 1007, "{first}");
    }
    let wav = json!({"realtimeInput": {"audio": {"data": "", "mimeType": "audio/wav"}}});
    let base64 = json!({"realtimeInput": {"audio": {"data": "?", "mimeType": "audio/pcm"}}});
    let twice = json!({"clientContent": {}, "realtimeInput": {}});
    for wrong in [
        wav,
        base64,
        twice,
        json!({"setup": {}}),
        json!({"response": {}}),
    ] {
        let mut client = locked_session(&standin).await;
        client.send(wrong.clone()).await;
        assert_eq!(closed(client).await.0, 1007, "{wrong}");
    }
    let path = format!("{}?key={API_KEY}", UNCONSTRAINED[0]);
    for setup in [
        json!({}),
        json!({"model": "m"}),
        json!({"model": "models/m", "x": 1}),
    ] {
        let mut client = connect(&standin, &path, &[]).await;
        client.send(json!({ "setup": setup })).await;
        assert_eq!(closed(client).await.0, 1007, "{setup}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_with_the_tokens_messages_after_a_warning() {
    let (standin, time) = standin();
    let mint = json!({"expireTime": "2027-01-15T08:01:30Z"});
    let token = token(&standin, &mint).await;
    time.advance(30);
    let start = Instant::now();
    let path = format!("{CONSTRAINED}?access_token={token}");
    let mut client = connect(&standin, &path, &[]).await;
    client.send(json!({ "setup": client_setup() })).await;
    assert_eq!(message(&mut client).await, json!({ "setupComplete": {} }));
    assert_eq!(
        message(&mut client).await,
        json!({"goAway": {"timeLeft": "10s"}})
    );
    assert_eq!(start.elapsed().as_secs(), 50);
    let (code, reason) = closed(client).await;
    assert!(
        code == 1008 && reason.contains("no longer"),
        "{code} {reason}"
    );
    assert_eq!(start.elapsed().as_secs(), 60);
}
