//! Tests of Deepgram's wire contract.

use super::*;
use http::StatusCode;
use serde_json::json;
use std::time::Duration;
use voicemint::problem::Code;
use voicemint::provider::{ApiKey, ProviderToken, Verdict};

const BASE: (&str, &str) = ("PROVIDER_BASE_URL", "https://api.eu.deepgram.test");

fn try_deepgram(variables: &[(&str, &str)]) -> Result<Deepgram, String> {
    let mut reader = Reader::new(&variables);
    let provider = Deepgram::from_settings(&mut reader);
    let read = reader.finish(Some(provider));
    read.map_err(|error| error.to_string())
}

fn deepgram(variables: &[(&str, &str)]) -> Deepgram {
    try_deepgram(variables).unwrap()
}

fn from_body(provider: &Deepgram, body: &str) -> Result<TokenRequest, Problem> {
    let request = Request::post("/")
        .header("content-type", "application/json")
        .body(Bytes::from(body.to_owned()));
    provider.token_request(Fields::read(&request.unwrap())?)
}

fn from_query(provider: &Deepgram, query: &str) -> Result<TokenRequest, Problem> {
    let request = Request::get(format!("/?{query}")).body(Bytes::new());
    provider.token_request(Fields::read(&request.unwrap())?)
}

#[test]
fn a_request_has_a_lifetime_and_every_grant() {
    let provider = deepgram(&[]);
    let expected = |seconds| TokenRequest::new(seconds).with_grants(["listen", "speak", "agent"]);
    for (body, seconds) in [
        ("", 60),
        ("{}", 60),
        (r#"{"ttl_seconds":1}"#, 1),
        (r#"{"ttl_seconds":3600}"#, 3600),
        (r#"{"ttl_seconds":30.0}"#, 30),
        (r#"{"expires_in":90}"#, 90),
    ] {
        let request = from_body(&provider, body).unwrap();
        assert_eq!(request, expected(seconds), "{body}");
        assert!(!request.is_single_use());
    }
    for query in ["ttl_seconds=90", "expires_in=90"] {
        assert_eq!(from_query(&provider, query).unwrap(), expected(90));
    }
}

#[test]
fn values_outside_the_documentation_are_invalid() {
    let provider = deepgram(&[]);
    for value in [
        "0",
        "-1",
        "3601",
        "1.5",
        "1e300",
        "4294967297",
        "null",
        "true",
        "\"60\"",
        "[60]",
        "{}",
        "[]",
        "\"６０\"",
    ] {
        for name in ["ttl_seconds", "expires_in"] {
            let body = format!(r#"{{"{name}":{value}}}"#);
            let problem = from_body(&provider, &body).unwrap_err();
            assert_eq!(problem.code, Code::RequestInvalid, "{body}");
        }
    }
    for body in [
        r#"{"ttl_seconds":60,"expires_in":60}"#,
        r#"{"ttl":60}"#,
        r#"{"TTL_SECONDS":60}"#,
        r#"{"grants":{"listen":true}}"#,
        r#"{"scopes":["listen"]}"#,
        r#"{"profile":"default"}"#,
        r#"{"ttl_seconds":60,"model":"nova-3"}"#,
    ] {
        let problem = from_body(&provider, body).unwrap_err();
        assert_eq!(problem.code, Code::RequestInvalid, "{body}");
    }
    for query in [
        "ttl_seconds=",
        "ttl_seconds",
        "ttl_seconds=0",
        "ttl_seconds=3601",
        "ttl_seconds=+60",
        "ttl_seconds=60.0",
        "ttl_seconds=0x3c",
        "ttl_seconds%5B%5D=60",
        "ttl_seconds=60,61",
        "ttl_seconds=60&expires_in=60",
        "ttl_seconds=%EF%BC%96%EF%BC%90",
    ] {
        let problem = from_query(&provider, query).unwrap_err();
        assert_eq!(problem.code, Code::RequestInvalid, "{query}");
    }
    let repeated = from_query(&provider, "ttl_seconds=60&ttl_seconds=60").unwrap_err();
    assert_eq!(repeated.code, Code::RequestMalformed);
    let repeated = from_body(&provider, r#"{"ttl_seconds":60,"ttl_seconds":60}"#).unwrap_err();
    assert_eq!(repeated.code, Code::RequestMalformed);
}

#[test]
fn the_deployments_settings_limit_the_lifetime() {
    let provider = deepgram(&[("MAX_EXPIRES_IN", "120"), ("DEFAULT_EXPIRES_IN", "30")]);
    assert_eq!(from_body(&provider, "").unwrap().expires_in(), 30);
    assert!(from_body(&provider, r#"{"ttl_seconds":120}"#).is_ok());
    assert!(from_body(&provider, r#"{"ttl_seconds":121}"#).is_err());
    assert!(from_query(&provider, "expires_in=121").is_err());
    for settings in [
        [("MAX_EXPIRES_IN", "3601")],
        [("MAX_EXPIRES_IN", "0")],
        [("DEFAULT_EXPIRES_IN", "3601")],
        [("AGENT_BASE_URL", "https://agent.deepgram.com/v1")],
        [("AGENT_BASE_URL", "wss://agent.deepgram.com")],
        [("PROVIDER_BASE_URL", "https://api.deepgram.com/v1")],
    ] {
        let error = try_deepgram(&settings).unwrap_err();
        assert!(error.contains(settings[0].0), "{error}");
    }
}

#[test]
fn a_mint_is_a_call_with_the_key_as_token() {
    let provider = deepgram(&[BASE]);
    let request = from_body(&provider, r#"{"ttl_seconds":45}"#).unwrap();
    let key = ApiKey::new("key-1");
    let context = MintContext::new(&request, Duration::ZERO).with_key(&key);
    let Ok(Mint::Call(call)) = provider.mint(&context) else {
        panic!("not a call")
    };
    assert_eq!(call.method(), "POST");
    assert_eq!(call.uri(), "https://api.eu.deepgram.test/v1/auth/grant");
    assert_eq!(call.headers()["authorization"], "Token key-1");
    assert!(call.headers()["authorization"].is_sensitive());
    assert_eq!(call.headers()["content-type"], "application/json");
    assert_eq!(call.body(), &Bytes::from_static(br#"{"ttl_seconds":45}"#));
}

#[test]
fn a_response_has_a_token_and_perhaps_its_lifetime() {
    let provider = deepgram(&[]);
    let request = from_body(&provider, "").unwrap();
    let context = MintContext::new(&request, Duration::ZERO);
    let read = |body: &str| {
        let response = Response::new(Bytes::from(body.to_owned()));
        provider.parse_token(&context, &response)
    };
    for body in [
        r#"{"access_token":"ey.J-0_.s","expires_in":60}"#,
        r#"{"access_token":"ey.J-0_.s","expires_in":30.5}"#,
        r#"{"access_token":"ey.J-0_.s","expires_in":1e300}"#,
        r#"{"access_token":"ey.J-0_.s"}"#,
        r#"{"access_token":"ey.J-0_.s","more":{"a":[]}}"#,
    ] {
        assert!(read(body).is_ok(), "{body}");
    }
    for body in [
        "",
        "{}",
        "[]",
        "<html>",
        r#""ey.J-0_.s""#,
        r#"{"token":"t"}"#,
        r#"{"access_token":null}"#,
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":["t"]}"#,
        r#"{"access_token":"a b"}"#,
        r#"{"access_token":"é"}"#,
        // These cannot be subprotocols.
        r#"{"access_token":"a,b"}"#,
        r#"{"access_token":"a/b"}"#,
        r#"{"access_token":"a="}"#,
        r#"{"access_token":"a\"b"}"#,
        r#"{"access_token":"t","expires_in":0}"#,
        r#"{"access_token":"t","expires_in":0.5}"#,
        r#"{"access_token":"t","expires_in":-1}"#,
        r#"{"access_token":"t","expires_in":"60"}"#,
        r#"{"access_token":"t","expires_in":null}"#,
    ] {
        let reason = read(body).err().unwrap();
        assert!(reason.starts_with("the provider's "), "{body}: {reason}");
    }
}

#[test]
fn the_token_is_in_no_debug_output() {
    let provider = deepgram(&[]);
    let request = from_body(&provider, "").unwrap();
    let context = MintContext::new(&request, Duration::ZERO);
    let body = r#"{"access_token":"the-token","expires_in":30}"#;
    let response = Response::new(Bytes::from_static(body.as_bytes()));
    let minted = provider.parse_token(&context, &response).unwrap();
    assert!(!format!("{minted:?}").contains("the-token"));
}

#[test]
fn a_status_and_a_known_code_say_what_an_error_means() {
    let provider = deepgram(&[]);
    for (status, verdict) in [
        (400, Verdict::Rejected),
        (401, Verdict::KeyRejected),
        // The key's role is below Member: another version of the secret is no likely remedy.
        (403, Verdict::Rejected),
        (402, Verdict::Rejected),
        (429, Verdict::Unavailable),
        (500, Verdict::Unavailable),
    ] {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(provider.verdict(status, b""), verdict, "{status}");
    }
    let code = |body: &str| provider.error_code(body.as_bytes());
    assert_eq!(
        code(r#"{"err_code":"INVALID_AUTH","err_msg":"Invalid credentials.","request_id":"r"}"#),
        Some("INVALID_AUTH")
    );
    assert_eq!(
        code(r#"{"category":"FORBIDDEN","message":"m","details":"d","request_id":"r"}"#),
        Some("FORBIDDEN")
    );
    for body in [
        "User does not have sufficient permissions.",
        r#""FORBIDDEN""#,
        r#"{"err_code":null}"#,
        r#"{"err_code":["FORBIDDEN"]}"#,
        r#"{"err_code":"the-key"}"#,
        r#"{"category":"forbidden"}"#,
        "",
        "[]",
        "\u{1f8b}",
    ] {
        assert_eq!(code(body), None, "{body}");
    }
}

fn connect(provider: &Deepgram) -> Value {
    let request = from_body(provider, "").unwrap();
    let token = IssuedToken {
        token: ProviderToken::new("t-1").unwrap(),
        expires_in: 60,
        expires_at: 1_800_000_000,
        members: serde_json::Map::new(),
    };
    let details = provider.details(&request, &token, None);
    assert_eq!(details.base_url(), provider.base_url());
    serde_json::to_value(details.connect()).unwrap()
}

fn socket(url: &str) -> Value {
    json!({"url": url, "protocols": ["bearer", "t-1"]})
}

#[test]
fn a_token_opens_the_documented_sockets() {
    let provider = deepgram(&[]);
    assert_eq!(
        connect(&provider),
        json!({
            "listen": socket("wss://api.deepgram.com/v1/listen"),
            "speak": socket("wss://api.deepgram.com/v1/speak"),
            "agent": socket("wss://agent.deepgram.com/v1/agent/converse"),
        })
    );
    let hosts = ["https://api.deepgram.com", "https://agent.deepgram.com"];
    assert_eq!(provider.hosts(), hosts);
}

#[test]
fn another_host_has_agents_only_where_the_deployment_says() {
    let provider = deepgram(&[BASE]);
    assert_eq!(
        connect(&provider),
        json!({
            "listen": socket("wss://api.eu.deepgram.test/v1/listen"),
            "speak": socket("wss://api.eu.deepgram.test/v1/speak"),
        })
    );
    assert_eq!(provider.hosts(), [BASE.1]);
    let provider = deepgram(&[BASE, ("AGENT_BASE_URL", "https://agent.eu.deepgram.test/")]);
    let agent = "wss://agent.eu.deepgram.test/v1/agent/converse";
    assert_eq!(connect(&provider)["agent"], socket(agent));
    assert_eq!(provider.hosts(), [BASE.1, "https://agent.eu.deepgram.test"]);
    let provider = deepgram(&[("AGENT_BASE_URL", "http://localhost:1/proxy")]);
    assert_eq!(
        connect(&provider)["agent"],
        socket("ws://localhost:1/proxy/v1/agent/converse")
    );
    let public = "wss://api.deepgram.com/v1/listen";
    assert_eq!(connect(&provider)["listen"], socket(public));
    let local = "http://127.0.0.1:1";
    let provider = deepgram(&[("PROVIDER_BASE_URL", local), ("AGENT_BASE_URL", local)]);
    assert_eq!(provider.hosts(), [local], "one host is named once");
}
