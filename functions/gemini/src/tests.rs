//! Tests of the mint request, the response and the socket.

use std::time::Duration;

use serde_json::{Map, Value, json};
use voicemint::problem::Code;
use voicemint::provider::{ApiKey, ProfileFormat as _, ProviderToken};

use super::*;

/// 2026-11-22T10:00:00Z.
const START: u64 = 1_795_341_600;
const PROFILE: &str = r#"{"model":"models/m","z":1,"generationConfig":{"temperature":0.10,"seed":123456789012345678901234567890},"systemInstruction":{"parts":[{"text":"Gr\u00fc\u00df Ümläut"}]}}"#;

fn gemini(settings: &[(&str, &str)]) -> Gemini {
    let mut reader = Reader::new(&settings);
    let provider = Gemini::from_settings(&mut reader);
    reader.finish(Some(provider)).unwrap()
}

fn token_request(provider: &Gemini, body: &str) -> Result<TokenRequest<Options>, Problem> {
    let request = Request::post("/")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()));
    provider.token_request(Fields::read(&request.unwrap())?)
}

fn profile(text: &str) -> LiveSetup {
    let members: Map<String, Value> = serde_json::from_str(text).unwrap();
    LiveSetup::read(&members).ok().unwrap().with_text(text)
}

/// What is read of a response, or its error.
fn parse(request: &str, body: &str) -> Result<MintedToken, &'static str> {
    let provider = gemini(&[]);
    let request = token_request(&provider, request).ok().unwrap();
    let context = MintContext::new(&request, Duration::from_millis(START * 1000 + 999));
    provider.parse_token(&context, &Response::new(Bytes::from(body.to_owned())))
}

#[test]
fn wrong_fields_are_refused() {
    for body in [
        r#"{"expires_in":0}"#,
        r#"{"expires_in":3601}"#,
        r#"{"expires_in":"60"}"#,
        r#"{"expires_in":null}"#,
        r#"{"expires_in":61,"max_session_duration_seconds":60}"#,
        r#"{"max_session_duration_seconds":[600]}"#,
        r#"{"uses":1}"#,
        r#"{"model":"models/other"}"#,
    ] {
        let refused = token_request(&gemini(&[]), body).unwrap_err();
        assert_eq!(refused.code, Code::RequestInvalid, "{body}");
    }
}

#[test]
fn a_token_is_spent_by_its_first_session() {
    let request = token_request(&gemini(&[]), "").ok().unwrap();
    assert!(request.is_single_use());
    assert!(request.grants().is_empty(), "the profile is the grant");
}

#[test]
fn the_mint_request_locks_the_whole_profile_as_it_was_written() {
    let provider = gemini(&[]);
    let request = r#"{"expires_in":90,"max_session_duration_seconds":600}"#;
    let request = token_request(&provider, request).ok().unwrap();
    let setup = profile(PROFILE);
    let key = ApiKey::new("k-1");
    let context = MintContext::new(&request, Duration::from_millis(START * 1000 + 999))
        .with_profile(Some(&setup))
        .with_key(&key);
    let Mint::Call(call) = provider.mint(&context).unwrap() else {
        panic!("a mint is a call");
    };
    assert_eq!(
        (call.method().as_str(), call.uri().to_string().as_str()),
        (
            "POST",
            "https://generativelanguage.googleapis.com/v1alpha/auth_tokens"
        )
    );
    let key = &call.headers()["x-goog-api-key"];
    assert!(key.is_sensitive() && key == "k-1");
    assert_eq!(call.headers()["content-type"], "application/json");
    let expected = [
        r#"{"uses":1,"expireTime":"2026-11-22T10:10:00Z","#,
        r#""newSessionExpireTime":"2026-11-22T10:01:30Z","bidiGenerateContentSetup":"#,
        PROFILE,
        "}",
    ];
    assert_eq!(call.body(), &expected.concat());
}

#[test]
fn the_earlier_times_count() {
    let asked = START + 1800;
    for (times, start_by, session_ends) in [
        ("{}", 1800, 1800),
        (r#"{"expireTime":"2026-11-22T10:20:00Z"}"#, 1200, 1200),
        (r#"{"expireTime":"2026-11-22T11:00:00Z"}"#, 1800, 1800),
        (r#"{"expireTime":"2026-11-22T12:00:30.9+02:00"}"#, 30, 30),
        (r#"{"expireTime":"9999-12-31T23:59:59Z"}"#, 1800, 1800),
        (
            r#"{"newSessionExpireTime":"2026-11-22T10:00:45.123456789Z"}"#,
            45,
            1800,
        ),
        (
            r#"{"newSessionExpireTime":"2026-11-22T10:00:45Z","expireTime":"2026-11-22T10:00:40Z"}"#,
            40,
            40,
        ),
        (
            r#"{"newSessionExpireTime":"2027-01-01T00:00:00Z"}"#,
            1800,
            1800,
        ),
    ] {
        let response = TokenResponse::parse(times.as_bytes()).ok().unwrap();
        let expected = (START + start_by, START + session_ends);
        assert_eq!(stated_times(&response, asked), Ok(expected), "{times}");
    }
}

#[test]
fn a_wrong_response_is_an_error_without_its_content() {
    for body in [
        "",
        "{}",
        "[]",
        "<html>",
        r#"{"name":""}"#,
        r#"{"name":7}"#,
        r#"{"name":"auth_tokens/"}"#,
        r#"{"name":"tokens/a"}"#,
        r#"{"name":"AUTH_TOKENS/a"}"#,
        r#"{"name":"auth_tokens/ä"}"#,
        r#"{"name":"auth_tokens/a b"}"#,
        r#"{"token":"auth_tokens/a"}"#,
        r#"{"name":"auth_tokens/a","expireTime":1795341660}"#,
        r#"{"name":"auth_tokens/a","expireTime":null}"#,
        r#"{"name":"auth_tokens/a","newSessionExpireTime":"soon"}"#,
    ] {
        let error = parse("", body).expect_err(body);
        assert!(!error.contains("1795341660") && !error.contains("soon"));
    }
}

#[test]
fn a_token_opens_the_constrained_socket() {
    let sockets = |settings: &[(&str, &str)], token: &str| {
        let provider = gemini(settings);
        let request = token_request(&provider, "").ok().unwrap();
        let token = IssuedToken {
            token: ProviderToken::new(token).unwrap(),
            expires_in: 60,
            expires_at: START + 60,
            members: Map::new(),
        };
        let details = provider.details(&request, &token, None);
        serde_json::to_value(details.connect()).unwrap()
    };
    let at = |host: &str, token: &str| json!({"live": {"url": format!("{host}{SOCKET}?access_token={token}"), "protocols": []}});
    assert_eq!(
        sockets(&[], "auth_tokens/a-1_b"),
        at(
            "wss://generativelanguage.googleapis.com",
            "auth_tokens/a-1_b"
        )
    );
    assert_eq!(
        sockets(
            &[("PROVIDER_BASE_URL", "http://localhost:1/proxy")],
            "auth_tokens/a&b=c+d#e"
        ),
        at("ws://localhost:1/proxy", "auth_tokens/a%26b%3Dc%2Bd%23e")
    );
}
