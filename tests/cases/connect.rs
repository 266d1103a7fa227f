//! The sockets that a response names: one entry per WebSocket that the token opens, ready for
//! `new WebSocket(url, protocols)`.

use serde_json::{Value, json};
use voicemint_tests::{Event, Reply, ScriptedServer, TestEnv};

use crate::resume::{minted, with_cookie};

/// A base URL with the scheme of its sockets.
fn socket_url(base_url: &str) -> String {
    base_url.replacen("http", "ws", 1)
}

/// An entry without subprotocols.
fn entry(url: String) -> Value {
    json!({ "url": url, "protocols": [] })
}

#[tokio::test]
async fn cartesia_has_a_socket_for_each_of_its_grants() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("ALLOWED_GRANTS", "tts,stt,agent")
        .start()
        .await;
    for (grants, names) in [
        (json!({ "tts": true }), &["tts"][..]),
        (json!({ "stt": true }), &["stt"]),
        (
            json!({ "tts": true, "stt": true, "agent": true }),
            &["tts", "stt"],
        ),
    ] {
        let event = Event::post("cartesia")
            .bearer(&env.issuer.token("ada"))
            .json_body(&json!({ "grants": grants }));
        let response = function.invoke(&event).await;
        let entries = names.iter().map(|name| {
            let url = format!(
                "{}/{name}/websocket?cartesia_version=2026-03-01&access_token={}",
                socket_url(env.provider_url()),
                response.token()
            );
            ((*name).to_owned(), entry(url))
        });
        let expected: Value = entries.collect::<serde_json::Map<_, _>>().into();
        assert_eq!(response.json()["connect"], expected, "{response:?}");
    }
    let agent = Event::post("cartesia")
        .bearer(&env.issuer.token("ada"))
        .json_body(&json!({ "grants": { "agent": true } }));
    let response = function.invoke(&agent).await;
    assert_eq!(
        (response.status, response.json().get("connect")),
        (200, None),
        "no socket is documented for agents: {response:?}"
    );
}

#[tokio::test]
async fn elevenlabs_has_the_socket_of_the_token_type() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    for (token_type, socket) in [
        (
            "realtime_scribe",
            Some("/v1/speech-to-text/realtime?token="),
        ),
        (
            "tts_websocket",
            Some("/v1/text-to-speech/{voice_id}/stream-input?single_use_token="),
        ),
        ("batch_scribe", None),
    ] {
        let event = Event::post("elevenlabs")
            .bearer(&env.issuer.token("ada"))
            .json_body(&json!({ "token_type": token_type }));
        let response = function.invoke(&event).await;
        assert_eq!(response.status, 200, "{response:?}");
        let expected = socket.map(|path| {
            let base = socket_url(env.provider_url());
            json!({ token_type: entry(format!("{base}{path}{}", response.token())) })
        });
        assert_eq!(
            response.json().get("connect"),
            expected.as_ref(),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn assemblyai_has_its_streaming_socket() {
    let env = TestEnv::start().await;
    let function = env.function("assemblyai").start().await;
    let response = function
        .invoke(&Event::post("assemblyai").bearer(&env.issuer.token("ada")))
        .await;
    let url = format!(
        "{}/v3/ws?token={}",
        socket_url(env.provider_url()),
        response.token()
    );
    assert_eq!(
        response.json()["connect"],
        json!({ "streaming": entry(url) })
    );
}

#[tokio::test]
async fn a_resumed_token_has_the_same_sockets() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({})).await;
    let again = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_eq!(again.header("voicemint-source"), "resumed", "{again:?}");
    assert!(first.json()["connect"]["tts"]["url"].is_string());
    assert_eq!(again.json()["connect"], first.json()["connect"]);
}

#[tokio::test]
async fn a_token_is_escaped_in_a_url() {
    let env = TestEnv::start().await;
    let provider = ScriptedServer::start([Reply::token("a+b&c=d#e%f/g:h")]).await;
    let function = env
        .function("assemblyai")
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    let response = function
        .invoke(&Event::post("assemblyai").bearer(&env.issuer.token("ada")))
        .await;
    let url = format!(
        "{}/v3/ws?token=a%2Bb%26c%3Dd%23e%25f/g:h",
        socket_url(&provider.url())
    );
    assert_eq!(
        response.json()["connect"],
        json!({ "streaming": entry(url) })
    );
}
