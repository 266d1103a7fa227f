//! Tests of the provider: requests, calls, responses and sockets.

use std::time::Duration;

use serde_json::{Map, Value, json};
use voicemint::problem::Code;
use voicemint::provider::{ApiKey, ProfileFormat};

use super::*;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn openai(variables: &'static [(&str, &str)]) -> OpenAi {
    try_openai(variables).unwrap()
}

fn try_openai(variables: &'static [(&str, &str)]) -> Result<OpenAi, String> {
    let mut reader = Reader::new(&variables);
    let provider = OpenAi::from_settings(&mut reader);
    reader
        .finish(Some(provider))
        .map_err(|error| error.to_string())
}

fn token_request(provider: &OpenAi, body: &str) -> Result<TokenRequest, Problem> {
    let request = Request::post("/")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()));
    provider.token_request(Fields::read(&request.unwrap())?)
}

fn profile(value: Value) -> SessionProfile {
    let profile = SessionProfile::read(value.as_object().unwrap()).unwrap();
    profile.with_text(&value.to_string())
}

fn conversation() -> SessionProfile {
    profile(json!({"type": "realtime", "model": "gpt-realtime", "instructions": "Be kind."}))
}

#[test]
fn the_deployments_settings_limit_a_request() {
    let provider = openai(&[("MAX_EXPIRES_IN", "30")]);
    let request = token_request(&provider, "").ok().unwrap();
    assert_eq!((request.expires_in(), request.is_single_use()), (30, true));
    for body in [
        r#"{"expires_in":31}"#,
        r#"{"expires_in":9}"#,
        r#"{"expires_in":"10"}"#,
        r#"{"expires_in":10.5}"#,
        r#"{"expires_in":null}"#,
        r#"{"session":{}}"#,
        r#"{"model":"gpt-realtime"}"#,
    ] {
        let refused = token_request(&provider, body).unwrap_err();
        assert_eq!(refused.code, Code::RequestInvalid, "{body}");
    }
    for seconds in [10, 7200] {
        let body = json!({"expires_in": seconds}).to_string();
        let request = token_request(&openai(&[]), &body).ok().unwrap();
        assert_eq!(request.expires_in(), seconds);
    }
}

#[test]
fn a_maximum_below_the_shortest_lifetime_is_an_error() {
    let message = try_openai(&[("MAX_EXPIRES_IN", "9")]).err().unwrap();
    assert!(message.contains("MAX_EXPIRES_IN"), "{message}");
    assert!(try_openai(&[("MAX_EXPIRES_IN", "10")]).is_ok());
}

/// The call of a mint with this profile.
fn call(profile: &SessionProfile) -> Request<Bytes> {
    let provider = openai(&[]);
    let request = token_request(&provider, r#"{"expires_in":90}"#)
        .ok()
        .unwrap();
    let key = ApiKey::new("sk-standin");
    let context = MintContext::new(&request, NOW)
        .with_key(&key)
        .with_profile(Some(profile));
    match provider.mint(&context).unwrap() {
        Mint::Call(call) => call,
        Mint::Token(_) => panic!("no call"),
    }
}

#[test]
fn a_mint_sends_the_profile_to_the_endpoint_of_its_type() {
    let host = "https://api.openai.com";
    let transcription = json!({"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}});
    for (sent, path, session) in [
        (
            json!({"type": "realtime", "model": "m-1"}),
            "/v1/realtime/client_secrets",
            json!({"type": "realtime", "model": "m-1"}),
        ),
        (
            transcription.clone(),
            "/v1/realtime/client_secrets",
            transcription,
        ),
        (
            json!({"type": "translation", "model": "m-3"}),
            "/v1/realtime/translations/client_secrets",
            json!({"model": "m-3"}),
        ),
    ] {
        let call = call(&profile(sent));
        assert_eq!(
            (call.method().as_str(), call.uri().to_string()),
            ("POST", format!("{host}{path}"))
        );
        assert_eq!(call.headers()["authorization"], "Bearer sk-standin");
        assert!(call.headers()["authorization"].is_sensitive());
        assert_eq!(call.headers()["content-type"], "application/json");
        let body: Value = serde_json::from_slice(call.body()).unwrap();
        let expires_after = json!({"anchor": "created_at", "seconds": 90});
        assert_eq!(
            body,
            json!({"expires_after": expires_after, "session": session})
        );
    }
}

fn parse(body: &str) -> Result<MintedToken, &'static str> {
    let provider = openai(&[]);
    let request = token_request(&provider, "").ok().unwrap();
    let profile = conversation();
    let context = MintContext::new(&request, NOW).with_profile(Some(&profile));
    provider.parse_token(&context, &Response::new(Bytes::from(body.to_owned())))
}

#[test]
fn the_responses_expiry_is_read() {
    let minted =
        parse(r#"{"value":"ek_1","expires_at":1800000045,"session":{"instructions":"Be kind."}}"#);
    let shown = format!("{:?}", minted.unwrap());
    assert!(shown.contains("At(1800000045)"), "{shown}");
    assert!(
        !shown.contains("Be kind") && !shown.contains("ek_1"),
        "{shown}"
    );
    assert!(parse(r#"{"value":"ek_1"}"#).is_ok());
}

#[test]
fn a_response_without_a_usable_token_is_an_error() {
    for body in [
        "",
        "[]",
        "<html>",
        "{}",
        r#"{"value":""}"#,
        r#"{"value":null}"#,
        r#"{"value":7}"#,
        r#"{"value":{"value":"ek_1"}}"#,
        r#"{"client_secret":{"value":"ek_1"}}"#,
        r#"{"value":"ek 1"}"#,
        r#"{"value":"ek_1,ek_2"}"#,
        r#"{"value":"ek_é"}"#,
        r#"{"value":"ek_1","expires_at":0}"#,
        r#"{"value":"ek_1","expires_at":-1}"#,
        r#"{"value":"ek_1","expires_at":"soon"}"#,
        r#"{"value":"ek_1","expires_at":null}"#,
    ] {
        assert!(parse(body).is_err(), "{body}");
    }
}

#[test]
fn a_token_opens_the_socket_of_its_profile() {
    let provider = openai(&[]);
    let request = token_request(&provider, "").ok().unwrap();
    let token = IssuedToken {
        token: ProviderToken::new("ek_1").unwrap(),
        expires_in: 60,
        expires_at: 1_800_000_060,
        members: Map::new(),
    };
    let protocols = ["realtime", "openai-insecure-api-key.ek_1"];
    for (profile, name, path) in [
        (
            conversation(),
            "realtime",
            "/v1/realtime?model=gpt-realtime",
        ),
        (
            profile(json!({"type": "realtime", "model": "a b&c=d?#é%"})),
            "realtime",
            "/v1/realtime?model=a%20b%26c%3Dd?%23%C3%A9%25",
        ),
        (
            profile(json!({"type": "transcription"})),
            "transcription",
            "/v1/realtime?intent=transcription",
        ),
        (
            profile(json!({"type": "translation", "model": "m-3"})),
            "translation",
            "/v1/realtime/translations?model=m-3",
        ),
    ] {
        let details = provider.details(&request, &token, Some(&profile));
        let url = format!("wss://api.openai.com{path}");
        assert_eq!(
            serde_json::to_value(details.connect()).unwrap(),
            json!({name: {"url": url, "protocols": protocols}})
        );
    }
}
