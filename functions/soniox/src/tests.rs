//! Tests of the provider: requests, the call that mints, its responses, and the sockets.

use std::time::Duration;

use serde_json::{Map, Value, json};
use voicemint::problem::Code;
use voicemint::provider::{ApiKey, ProviderToken};

use super::*;

fn with_settings(variables: &'static [(&str, &str)]) -> Soniox {
    let mut reader = Reader::new(&variables);
    let provider = Soniox::from_settings(&mut reader);
    reader.finish(Some(provider)).unwrap()
}

fn settings_error(variables: &'static [(&str, &str)]) -> String {
    let mut reader = Reader::new(&variables);
    let provider = Soniox::from_settings(&mut reader);
    reader.finish(Some(provider)).unwrap_err().to_string()
}

fn by_body(provider: &Soniox, body: &str) -> Result<TokenRequest<Options>, Problem> {
    let request = Request::post("/")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()));
    provider.token_request(Fields::read(&request.unwrap())?)
}

fn by_query(provider: &Soniox, query: &str) -> Result<TokenRequest<Options>, Problem> {
    let request = Request::get(format!("/?{query}")).body(Bytes::new());
    provider.token_request(Fields::read(&request.unwrap())?)
}

/// The body of the call that mints what a body requests.
fn minting_body(provider: &Soniox, body: &str, reference: Option<&str>) -> Value {
    let request = by_body(provider, body).unwrap();
    let key = ApiKey::new("the-key");
    let context = MintContext::new(&request, Duration::ZERO)
        .with_key(&key)
        .with_subject("hash", reference);
    let Ok(Mint::Call(call)) = provider.mint(&context) else {
        panic!("a call")
    };
    assert_eq!(call.method(), "POST");
    assert_eq!(call.headers()["authorization"], "Bearer the-key");
    assert_eq!(call.headers()["content-type"], "application/json");
    serde_json::from_slice(call.body()).unwrap()
}

#[test]
fn the_usage_type_is_required_unless_only_one_is_allowed() {
    let both = with_settings(&[]);
    for (body, usage_type) in [
        (r#"{"usage_type":"transcribe_websocket"}"#, TRANSCRIBE),
        (r#"{"usage_type":"tts_rt"}"#, SPEAK),
    ] {
        assert_eq!(by_body(&both, body).unwrap().grants(), [usage_type]);
    }
    let missing = by_body(&both, "").unwrap_err();
    assert_eq!(missing.code, Code::RequestInvalid);
    assert_eq!(missing.errors.len(), 1);
    assert_eq!(missing.errors[0].field, "usage_type");
    assert!(
        missing.errors[0]
            .message
            .contains("transcribe_websocket, tts_rt")
    );

    let one = with_settings(&[("ALLOWED_USAGE_TYPES", "tts_rt")]);
    assert_eq!(by_body(&one, "").unwrap().grants(), [SPEAK]);
    assert_eq!(by_body(&one, "{}").unwrap().grants(), [SPEAK]);
    let denied = by_body(&one, r#"{"usage_type":"transcribe_websocket"}"#).unwrap_err();
    assert_eq!(denied.code, Code::GrantNotAllowed);
}

#[test]
fn wrong_values_are_refused_by_field() {
    let provider = with_settings(&[]);
    let usage = r#""usage_type":"tts_rt""#;
    for (member, field) in [
        (r#""usage_type":null"#, "usage_type"),
        (r#""usage_type":"""#, "usage_type"),
        (r#""usage_type":"TTS_RT""#, "usage_type"),
        (r#""usage_type":"tts_rt ""#, "usage_type"),
        (r#""usage_type":["tts_rt"]"#, "usage_type"),
        (r#""usage_type":"transcribe_async""#, "usage_type"),
        (r#""expires_in_seconds":0"#, "expires_in_seconds"),
        (r#""expires_in_seconds":3601"#, "expires_in_seconds"),
        (r#""expires_in_seconds":-1"#, "expires_in_seconds"),
        (r#""expires_in_seconds":1.5"#, "expires_in_seconds"),
        (r#""expires_in_seconds":"60""#, "expires_in_seconds"),
        (r#""expires_in_seconds":null"#, "expires_in_seconds"),
        (r#""expires_in_seconds":1e300"#, "expires_in_seconds"),
        (r#""expires_in":3601"#, "expires_in"),
        (
            r#""max_session_duration_seconds":0"#,
            "max_session_duration_seconds",
        ),
        (
            r#""max_session_duration_seconds":18001"#,
            "max_session_duration_seconds",
        ),
        (
            r#""max_session_duration_seconds":true"#,
            "max_session_duration_seconds",
        ),
        (
            r#""max_session_duration_seconds":{}"#,
            "max_session_duration_seconds",
        ),
        // What the deployment decides, the caller must not.
        (r#""single_use":false"#, "single_use"),
        (r#""client_reference_id":"eve""#, "client_reference_id"),
        (r#""api_key":"x""#, "api_key"),
    ] {
        let body = if field == "usage_type" {
            format!("{{{member}}}")
        } else {
            format!("{{{usage},{member}}}")
        };
        let refused = by_body(&provider, &body).unwrap_err();
        assert_eq!(refused.code, Code::RequestInvalid, "{body}");
        let fields: Vec<_> = refused.errors.iter().map(|error| &*error.field).collect();
        assert_eq!(fields, [field], "{body}");
    }
    for (query, accepted) in [
        ("usage_type=tts_rt&expires_in=60", true),
        ("usage_type=tts_rt&expires_in_seconds=3600", true),
        ("usage_type=tts_rt&max_session_duration_seconds=18000", true),
        (
            "usage_type=tts_rt&expires_in=60&expires_in_seconds=60",
            false,
        ),
        ("usage_type=tts_rt&expires_in=%2B60", false),
        ("usage_type=tts_rt&expires_in=", false),
        ("usage_type=tts_rt,transcribe_websocket", false),
        ("usage_type[]=tts_rt", false),
        ("usage_type=tts%00rt", false),
    ] {
        assert_eq!(by_query(&provider, query).is_ok(), accepted, "{query}");
    }
}

#[test]
fn the_deployment_limits_lifetime_and_session() {
    let provider = with_settings(&[
        ("MAX_EXPIRES_IN", "120"),
        ("DEFAULT_EXPIRES_IN", "30"),
        ("MAX_SESSION_DURATION_SECONDS", "600"),
    ]);
    let request = |more: &str| by_body(&provider, &format!(r#"{{"usage_type":"tts_rt"{more}}}"#));
    let absent = request("").unwrap();
    assert_eq!(absent.expires_in(), 30);
    assert_eq!(absent.options().max_session_duration, Some(600));
    let less = request(r#","expires_in":120,"max_session_duration_seconds":1"#).unwrap();
    assert_eq!(less.expires_in(), 120);
    assert_eq!(less.options().max_session_duration, Some(1));
    assert!(request(r#","expires_in":121"#).is_err());
    assert!(request(r#","max_session_duration_seconds":601"#).is_err());

    let unlimited = by_body(&with_settings(&[]), r#"{"usage_type":"tts_rt"}"#).unwrap();
    assert_eq!(unlimited.expires_in(), 60);
    assert_eq!(unlimited.options().max_session_duration, None);
}

#[test]
fn settings_outside_the_providers_ranges_are_errors() {
    for (variables, name) in [
        (&[("ALLOWED_USAGE_TYPES", "stt")][..], "ALLOWED_USAGE_TYPES"),
        (&[("ALLOWED_USAGE_TYPES", ",")], "ALLOWED_USAGE_TYPES"),
        (&[("MAX_EXPIRES_IN", "3601")], "MAX_EXPIRES_IN"),
        (&[("MAX_EXPIRES_IN", "0")], "MAX_EXPIRES_IN"),
        (
            &[("MAX_SESSION_DURATION_SECONDS", "18001")],
            "MAX_SESSION_DURATION_SECONDS",
        ),
        (
            &[("MAX_SESSION_DURATION_SECONDS", "0")],
            "MAX_SESSION_DURATION_SECONDS",
        ),
        (&[("SINGLE_USE", "no")], "SINGLE_USE"),
        (&[("SINGLE_USE", "True")], "SINGLE_USE"),
        (
            &[("PROVIDER_BASE_URL", "https://api.soniox.com/v1")],
            "PROVIDER_BASE_URL",
        ),
        (
            &[("PROVIDER_BASE_URL", "http://api.soniox.com")],
            "PROVIDER_BASE_URL",
        ),
    ] {
        let message = settings_error(variables);
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn the_call_states_every_restriction() {
    let request = r#"{"usage_type":"transcribe_websocket"}"#;
    assert_eq!(
        minting_body(&with_settings(&[]), request, Some("hash")),
        json!({
            "usage_type": "transcribe_websocket",
            "expires_in_seconds": 60,
            "single_use": true,
            "client_reference_id": "hash",
        })
    );
    let reusable = with_settings(&[("SINGLE_USE", "false")]);
    let request = r#"{"usage_type":"tts_rt","expires_in":5,"max_session_duration_seconds":9}"#;
    assert_eq!(
        minting_body(&reusable, request, None),
        json!({
            "usage_type": "tts_rt",
            "expires_in_seconds": 5,
            "single_use": false,
            "max_session_duration_seconds": 9,
        })
    );
    // A subject in any script is one JSON text.
    let body = minting_body(&reusable, request, Some("\"ü\u{0}\","));
    assert_eq!(body["client_reference_id"], "\"ü\u{0}\",");
}

#[test]
fn a_resumed_token_was_minted_for_what_is_requested() {
    let provider = with_settings(&[("SINGLE_USE", "false")]);
    // What is sealed with a token and must be equal.
    let sealed = |body: &str| serde_json::to_value(by_body(&provider, body).unwrap()).unwrap();
    let first = sealed(r#"{"usage_type":"tts_rt","expires_in":60}"#);
    assert_eq!(first, sealed(r#"{"usage_type":"tts_rt","expires_in":90}"#));
    for other in [
        r#"{"usage_type":"transcribe_websocket"}"#,
        r#"{"usage_type":"tts_rt","max_session_duration_seconds":60}"#,
    ] {
        assert_ne!(first, sealed(other), "{other}");
    }
}

#[test]
fn the_response_states_token_and_expiry() {
    let provider = with_settings(&[]);
    let request = by_body(&provider, r#"{"usage_type":"tts_rt"}"#).unwrap();
    let context = MintContext::new(&request, Duration::ZERO);
    let parse =
        |body: &str| provider.parse_token(&context, &Response::new(Bytes::from(body.to_owned())));
    let stated = parse(r#"{"api_key":"snx_temp_1","expires_at":"2027-01-15T08:00:01.999Z","x":1}"#);
    let shown = format!("{:?}", stated.unwrap());
    assert!(shown.contains("1800000001"), "{shown}");
    assert!(!shown.contains("snx_temp_1"), "{shown}");
    for body in [
        r#"{"api_key":"snx_temp_1"}"#,
        r#"{"api_key":"temp:WYJ67","expires_at":"2027-01-15T08:00:00+00:00"}"#,
    ] {
        assert!(parse(body).is_ok(), "{body}");
    }
    for body in [
        "",
        "[]",
        "<html>",
        "{}",
        r#"{"token":"snx_temp_1"}"#,
        r#"{"api_key":""}"#,
        r#"{"api_key":7}"#,
        r#"{"api_key":null}"#,
        r#"{"api_key":"a b"}"#,
        r#"{"api_key":"a\r\nx: y"}"#,
        r#"{"api_key":"schlüssel"}"#,
        r#"{"api_key":["snx_temp_1"]}"#,
        r#"{"api_key":"t","expires_at":null}"#,
        r#"{"api_key":"t","expires_at":1800000000}"#,
        r#"{"api_key":"t","expires_at":"soon"}"#,
        r#"{"api_key":"t","expires_at":"2027-13-15T08:00:00Z"}"#,
        r#"{"api_key":"t","expires_at":"1960-01-01T00:00:00Z"}"#,
    ] {
        let reason = parse(body).unwrap_err();
        assert!(!reason.contains("snx_temp_1"), "{reason}");
    }
}

#[test]
fn a_token_opens_the_socket_of_its_usage_type() {
    let response = |variables, usage_type: &str| {
        let provider = with_settings(variables);
        let body = format!(r#"{{"usage_type":"{usage_type}"}}"#);
        let token = IssuedToken {
            token: ProviderToken::new("snx_temp_1").unwrap(),
            expires_in: 60,
            expires_at: 1_800_000_000,
            members: Map::new(),
        };
        let details = provider.details(&by_body(&provider, &body).unwrap(), &token, None);
        let base_url = details.base_url().public().to_owned();
        let hosts: Vec<_> = provider.hosts().into_iter().map(str::to_owned).collect();
        assert!(hosts.contains(&base_url), "{hosts:?}");
        (base_url, serde_json::to_value(details.connect()).unwrap())
    };
    let socket = |url: &str| json!({"url": url, "protocols": ["soniox-api-key", "snx_temp_1"]});
    for (variables, usage_type, base_url, url) in [
        (
            &[][..],
            TRANSCRIBE,
            "https://stt-rt.soniox.com",
            "wss://stt-rt.soniox.com/transcribe-websocket",
        ),
        (
            &[],
            SPEAK,
            "https://tts-rt.soniox.com",
            "wss://tts-rt.soniox.com/tts-websocket",
        ),
        (
            &[("PROVIDER_BASE_URL", "https://API.eu.soniox.com/")],
            TRANSCRIBE,
            "https://stt-rt.eu.soniox.com",
            "wss://stt-rt.eu.soniox.com/transcribe-websocket",
        ),
        (
            &[("PROVIDER_BASE_URL", "https://api.eu.soniox.com")],
            SPEAK,
            "https://tts-rt.eu.soniox.com",
            "wss://tts-rt.eu.soniox.com/tts-websocket",
        ),
        (
            &[("PROVIDER_BASE_URL", "http://127.0.0.1:8788")],
            SPEAK,
            "http://127.0.0.1:8788",
            "ws://127.0.0.1:8788/tts-websocket",
        ),
    ] {
        let (host, connect) = response(variables, usage_type);
        assert_eq!(host, base_url);
        assert_eq!(connect, json!({usage_type: socket(url)}));
    }
}

#[test]
fn the_minting_host_is_called_in_every_region() {
    for (variables, base_url) in [
        (&[][..], "https://api.soniox.com"),
        (
            &[("PROVIDER_BASE_URL", "https://api.eu.soniox.com")],
            "https://api.eu.soniox.com",
        ),
    ] {
        let provider = with_settings(variables);
        let request = by_body(&provider, r#"{"usage_type":"tts_rt"}"#).unwrap();
        let key = ApiKey::new("k");
        let context = MintContext::new(&request, Duration::ZERO).with_key(&key);
        let Ok(Mint::Call(call)) = provider.mint(&context) else {
            panic!("a call")
        };
        let expected = format!("{base_url}/v1/auth/temporary-api-key");
        assert_eq!(call.uri().to_string(), expected);
        assert_eq!(provider.base_url().as_str(), base_url);
    }
}
