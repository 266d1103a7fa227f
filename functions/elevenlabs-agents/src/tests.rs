//! What callers may request, the two calls, and what is made of their responses.

use std::time::Duration;

use http::Method;
use serde_json::{Map, json};
use voicemint::problem::Code;
use voicemint::provider::{ApiKey, ProfileFormat as _};

use super::*;

fn with_settings(variables: &[(&str, &str)]) -> ElevenLabsAgents {
    let mut reader = Reader::new(&variables);
    let provider = ElevenLabsAgents::from_settings(&mut reader);
    reader.finish(Some(provider)).unwrap()
}

fn allowing(connections: &str) -> ElevenLabsAgents {
    with_settings(&[("ALLOWED_CONNECTIONS", connections)])
}

fn token_request(
    provider: &ElevenLabsAgents,
    body: &str,
) -> Result<TokenRequest<Connection>, Problem> {
    let request = Request::post("/")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()));
    provider.token_request(Fields::read(&request.unwrap())?)
}

fn requested(provider: &ElevenLabsAgents, body: &str) -> TokenRequest<Connection> {
    token_request(provider, body).ok().unwrap()
}

fn agent(profile: Value) -> Agent {
    Agent::read(profile.as_object().unwrap()).unwrap()
}

#[test]
fn a_websocket_is_the_default_where_it_is_allowed() {
    for (allowed, body, expected) in [
        ("", "", Connection::Websocket),
        ("websocket,webrtc", "", Connection::Websocket),
        ("webrtc", "", Connection::Webrtc),
        (
            "websocket,webrtc",
            r#"{"connection":"webrtc"}"#,
            Connection::Webrtc,
        ),
        (
            "",
            r#"{"connection":"websocket","expires_in":900}"#,
            Connection::Websocket,
        ),
    ] {
        let request = requested(&allowing(allowed), body);
        assert_eq!(*request.options(), expected, "{allowed} {body}");
        assert_eq!((request.expires_in(), request.is_single_use()), (900, true));
        assert!(request.grants().is_empty());
    }
}

#[test]
fn a_connection_must_be_known_and_allowed() {
    for (allowed, body, code) in [
        ("", r#"{"connection":"webrtc"}"#, Code::GrantNotAllowed),
        (
            "webrtc",
            r#"{"connection":"websocket"}"#,
            Code::GrantNotAllowed,
        ),
        ("", r#"{"connection":"WebSocket"}"#, Code::RequestInvalid),
        ("", r#"{"connection":["websocket"]}"#, Code::RequestInvalid),
        ("", r#"{"connection":null}"#, Code::RequestInvalid),
        ("", r#"{"connection":""}"#, Code::RequestInvalid),
        ("", r#"{"expires_in":60}"#, Code::RequestInvalid),
        ("", r#"{"expires_in":"900"}"#, Code::RequestInvalid),
        ("", r#"{"agent_id":"agent_1"}"#, Code::RequestInvalid),
        ("", r#"{"participant_name":"Ada"}"#, Code::RequestInvalid),
    ] {
        let problem = token_request(&allowing(allowed), body).unwrap_err();
        assert_eq!(problem.code, code, "{allowed} {body}");
    }
}

/// The call of a mint.
fn call(provider: &ElevenLabsAgents, body: &str, subject: Option<&str>) -> Request<Bytes> {
    let request = requested(provider, body);
    let key = ApiKey::new("sk_1");
    let agent = agent(json!({"agent_id": "agent_1", "branch_id": "b_1", "environment": "staging"}));
    let context = MintContext::new(&request, Duration::ZERO)
        .with_key(&key)
        .with_profile(Some(&agent))
        .with_subject("hash", subject);
    match provider.mint(&context).unwrap() {
        Mint::Call(call) => call,
        Mint::Token(_) => panic!("the function signs no tokens"),
    }
}

#[test]
fn the_agent_is_that_of_the_profile() {
    let provider = allowing("websocket,webrtc");
    let websocket = call(&provider, "", Some("ada"));
    assert_eq!(
        websocket.uri(),
        "https://api.elevenlabs.io/v1/convai/conversation/get-signed-url?agent_id=agent_1&branch_id=b_1\
         &environment=staging&include_conversation_id=true"
    );
    assert_eq!(websocket.method(), Method::GET);
    assert_eq!(websocket.headers()["xi-api-key"], "sk_1");
    let webrtc = |subject| {
        let call = call(&provider, r#"{"connection":"webrtc"}"#, subject);
        call.uri().path_and_query().unwrap().to_string()
    };
    let path = "/v1/convai/conversation/token?agent_id=agent_1&branch_id=b_1&environment=staging";
    assert_eq!(webrtc(None), path);
    assert_eq!(
        webrtc(Some("Ada & é")),
        format!("{path}&participant_name=Ada+%26+%C3%A9")
    );
}

/// The id of the conversation in a response.
fn parse(connection: &str, body: &Value) -> Result<Option<String>, &'static str> {
    let response = TokenResponse::parse(body.to_string().as_bytes())?;
    let parsed = match connection {
        "websocket" => parse_signed_url(&response, allowing("").base_url()),
        _ => parse_conversation_token(&response),
    };
    parsed.map(|(_, _, id)| id)
}

const SIGNED: &str =
    "wss://api.elevenlabs.io/v1/convai/conversation?agent_id=agent_1&conversation_signature=s";

#[test]
fn the_conversations_id_is_returned_where_there_is_one() {
    let id = |connection, body: Value| parse(connection, &body).ok().unwrap();
    let signed = |more: &str| json!({"signed_url": format!("{SIGNED}{more}")});
    assert_eq!(
        id("websocket", signed("&conversation_id=conv_1")),
        Some("conv_1".to_owned())
    );
    assert_eq!(id("websocket", signed("")), None);
    let token = |id: Value| json!({"token": "opaque", "conversation_id": id});
    assert_eq!(
        id("webrtc", token(json!("conv_1"))),
        Some("conv_1".to_owned())
    );
    assert_eq!(id("webrtc", token(Value::Null)), None);
    assert_eq!(id("webrtc", json!({"token": "opaque"})), None);
}

#[test]
fn a_wrong_response_is_an_error() {
    let long = "c".repeat(129);
    for (connection, body) in [
        ("websocket", json!([])),
        ("websocket", json!({})),
        ("websocket", json!({"token": "opaque"})),
        ("websocket", json!({"signed_url": 7})),
        (
            "websocket",
            json!({"signed_url": "wss://example.com/?conversation_signature=s"}),
        ),
        (
            "websocket",
            json!({"signed_url": format!("{SIGNED}&conversation_id=a%0Ab")}),
        ),
        (
            "websocket",
            json!({"signed_url": format!("{SIGNED}&conversation_id={long}")}),
        ),
        ("webrtc", json!({"signed_url": SIGNED})),
        ("webrtc", json!({"token": null})),
        ("webrtc", json!({"token": "a b"})),
        ("webrtc", json!({"token": "t", "conversation_id": 7})),
        ("webrtc", json!({"token": "t", "conversation_id": "é"})),
        (
            "webrtc",
            json!({"token": "e30.eyJleHAiOiJ4In0.c2ln", "conversation_id": "conv_1"}),
        ),
    ] {
        let reason = parse(connection, &body).err().unwrap();
        assert!(!reason.contains("example.com"), "{reason}");
    }
}

#[test]
fn a_token_says_how_to_connect() {
    let details = |base_url: &str, connection: &str, token: &str| {
        let settings = [
            ("PROVIDER_BASE_URL", base_url),
            ("ALLOWED_CONNECTIONS", connection),
        ];
        let provider = with_settings(&settings);
        let token = IssuedToken {
            token: ProviderToken::new(token).unwrap(),
            expires_in: 900,
            expires_at: 1_800_000_000,
            members: Map::new(),
        };
        let details = provider.details(&requested(&provider, ""), &token, None);
        let connect = serde_json::to_value(details.connect()).unwrap();
        (connect, Value::from(details.members().clone()))
    };
    let socket = json!({"conversation": {"url": SIGNED, "protocols": ["convai"]}});
    assert_eq!(details("", "websocket", SIGNED), (socket, json!({})));
    let europe = "https://api.eu.residency.elevenlabs.io";
    let url = json!({"livekit_url": "wss://livekit.rtc.eu.residency.elevenlabs.io"});
    assert_eq!(details(europe, "webrtc", "t"), (Value::Null, url));
}

#[test]
fn an_empty_id_of_the_conversation_is_none() {
    for (connection, body) in [
        (
            "websocket",
            json!({"signed_url": format!("{SIGNED}&conversation_id=")}),
        ),
        ("webrtc", json!({"token": "t", "conversation_id": ""})),
    ] {
        assert!(parse(connection, &body).is_ok(), "{body}");
    }
}
