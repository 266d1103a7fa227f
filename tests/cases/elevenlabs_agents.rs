//! What is special to ElevenLabs Agents: two connections, tokens that are URLs, and the agent.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{Event, Reply, ScriptedServer, TestEnv, now};

use crate::support::{CaseReport, status_and_code};

const PROVIDER: &str = "elevenlabs-agents";
const REJECTED: &str = "502 provider_rejected";

fn event(env: &TestEnv, request: &Value) -> Event {
    Event::post(PROVIDER)
        .bearer(&env.issuer.token("ada"))
        .json_body(request)
}

#[tokio::test]
async fn a_signed_url_is_the_token_and_the_socket() {
    let env = TestEnv::start().await;
    let function = env
        .function(PROVIDER)
        .without("ALLOWED_CONNECTIONS")
        .start()
        .await;
    let response = function
        .invoke(&event(&env, &json!({ "expires_in": 900 })))
        .await;
    assert_eq!(response.status, 200, "{response:?}");
    let (body, token) = (response.json(), response.token());
    let host = env.provider_url().replacen("http", "ws", 1);
    let start = format!("{host}/v1/convai/conversation?agent_id=agent_standin_greeter&");
    assert!(token.starts_with(&start), "{token}");
    let socket = json!({ "url": token, "protocols": ["convai"] });
    assert_eq!(body["connect"], json!({ "conversation": socket }));
    let id = body["conversation_id"].as_str().expect("an id");
    assert!(
        token.contains(&format!("conversation_id={id}")),
        "the id is that of the URL"
    );
    assert_eq!(body["base_url"], env.provider_url());
    assert_eq!(
        (&body["expires_in"], &body["single_use"]),
        (&json!(900), &json!(true))
    );
    assert_eq!(body.get("livekit_url"), None);
    assert!(
        env.redeem(PROVIDER, &token) && !env.redeem(PROVIDER, &token),
        "it is spent once"
    );
}

#[tokio::test]
async fn a_conversation_token_has_the_room_server_and_no_socket() {
    let env = TestEnv::start().await;
    let function = env.function(PROVIDER).start().await;
    let response = function
        .invoke(&event(&env, &json!({ "connection": "webrtc" })))
        .await;
    assert_eq!(response.status, 200, "{response:?}");
    let body = response.json();
    assert_eq!(body["livekit_url"], "wss://livekit.rtc.elevenlabs.io");
    assert!(body["conversation_id"].is_string());
    assert_eq!(body.get("connect"), None);
    assert_eq!(body["expires_in"], 900);
    let claims = response
        .token()
        .split('.')
        .nth(1)
        .map(|payload| URL_SAFE_NO_PAD.decode(payload));
    let claims: Value =
        serde_json::from_slice(&claims.expect("a JWT").expect("base64url")).expect("JSON");
    let name = claims["name"].as_str().expect("the hash of the subject");
    assert!(!name.contains("ada") && name.len() >= 16, "{name}");
}

#[tokio::test]
async fn the_provider_is_told_of_the_user_what_the_deployment_permits() {
    let env = TestEnv::start().await;
    let token = json!({ "token": "opaque", "conversation_id": "conv_1" });
    for (reference, told) in [("plain", Some("participant_name=ada")), ("none", None)] {
        let server = ScriptedServer::start([Reply::json(200, &token)]).await;
        let function = env
            .function(PROVIDER)
            .env("PROVIDER_BASE_URL", server.url())
            .env("SUBJECT_REFERENCE", reference)
            .start()
            .await;
        let response = function
            .invoke(&event(&env, &json!({ "connection": "webrtc" })))
            .await;
        assert_eq!(response.status, 200, "{response:?}");
        let requests = server.requests();
        let target = &requests[0].target;
        assert_eq!(
            told.is_some_and(|told| target.contains(told)),
            told.is_some(),
            "{target}"
        );
        assert_eq!(
            target.contains("participant_name"),
            told.is_some(),
            "{target}"
        );
        assert_eq!(
            requests[0].header("xi-api-key"),
            Some(TestEnv::key(PROVIDER))
        );
    }
}

#[tokio::test]
async fn a_connection_must_be_allowed() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (allowed, request, want) in [
        (
            "",
            json!({ "connection": "webrtc" }),
            "403 grant_not_allowed",
        ),
        (
            "webrtc",
            json!({ "connection": "websocket" }),
            "403 grant_not_allowed",
        ),
        ("webrtc", json!({}), "200"),
        ("", json!({ "connection": "sip" }), "422 request_invalid"),
        (
            "",
            json!({ "agent_id": "agent_standin_support" }),
            "422 request_invalid",
        ),
        ("", json!({ "expires_in": 60 }), "422 request_invalid"),
    ] {
        let function = env
            .function(PROVIDER)
            .env("ALLOWED_CONNECTIONS", allowed)
            .start()
            .await;
        let response = function.invoke(&event(&env, &request)).await;
        report.check_eq(
            &format!("{allowed} {request}"),
            status_and_code(&response),
            want,
        );
    }
    report.finish();
}

#[tokio::test]
async fn a_url_that_no_page_may_open_is_refused_and_not_logged() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    let query = "agent_id=a&conversation_signature=hostile-4f1c";
    for url in [
        format!("wss://hostile-4f1c.test/v1/convai/conversation?{query}"),
        format!("ws://api.elevenlabs.io/v1/convai/conversation?{query}"),
        format!("https://api.elevenlabs.io/v1/convai/conversation?{query}"),
        format!("wss://api.elevenlabs.io@hostile-4f1c.test/?{query}"),
        format!("wss://api.elevenlabs.io\\@hostile-4f1c.test/?{query}"),
        format!("wss://api.elevenlabs.io/?{query}#hostile-4f1c"),
        format!("wss://api.elevenlabs.io/?{query}\r\nset-cookie: a=hostile-4f1c"),
        format!("wss://api.elevenlabs.io/?{query}{}", "x".repeat(5000)),
        "wss://api.elevenlabs.io/?agent_id=hostile-4f1c".to_owned(),
        "javascript:alert('hostile-4f1c')".to_owned(),
        String::new(),
    ] {
        let server = ScriptedServer::start([Reply::json(200, &json!({ "signed_url": url }))]).await;
        let function = env
            .function(PROVIDER)
            .env("PROVIDER_BASE_URL", server.url())
            .env("LOG_LEVEL", "trace")
            .start()
            .await;
        let response = function.invoke(&event(&env, &json!({}))).await;
        let shown: String = url.chars().take(80).collect();
        report.check_eq(&shown, status_and_code(&response), REJECTED);
        let texts = [
            ("the response", response.body.as_str()),
            ("the log", &function.logs()),
        ];
        assert_absent(&texts, &[("the URL", "hostile-4f1c")]);
    }
    report.finish();
}

#[tokio::test]
async fn a_conversation_token_expires_when_it_says_if_that_is_earlier() {
    let env = TestEnv::start().await;
    let token = |exp: Value| {
        let payload = json!({ "exp": exp, "video": {} }).to_string();
        format!("e30.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(payload))
    };
    let mut report = CaseReport::default();
    for (token, want) in [
        (token(json!(now() + 300)), 280..=300),
        (token(json!(now() + 4000)), 900..=900),
        ("opaque".to_owned(), 900..=900),
        (token(json!(now() - 1)), 0..=0),
        (token(json!("soon")), 0..=0),
    ] {
        let server = ScriptedServer::start([Reply::json(200, &json!({ "token": token }))]).await;
        let function = env
            .function(PROVIDER)
            .env("PROVIDER_BASE_URL", server.url())
            .start()
            .await;
        let response = function
            .invoke(&event(&env, &json!({ "connection": "webrtc" })))
            .await;
        let expires_in = response.json()["expires_in"].as_u64().unwrap_or_default();
        report.check_eq(&token, want.contains(&expires_in), true);
        let refused = *want.end() == 0;
        report.check_eq(&token, status_and_code(&response) == REJECTED, refused);
    }
    report.finish();
}
