//! Tests of the provider.

use super::*;
use serde_json::{Value, json};
use std::time::Duration;
use voicemint::problem::Code;
use voicemint::provider::{ApiKey, ProviderToken};

fn assemblyai(cap: &'static str) -> AssemblyAi {
    with(&[("MAX_SESSION_DURATION_SECONDS", cap)]).unwrap()
}

fn with(environment: &[(&str, &str)]) -> Result<AssemblyAi, String> {
    let mut reader = Reader::new(&environment);
    let provider = AssemblyAi::from_settings(&mut reader);
    reader
        .finish(Some(provider))
        .map_err(|error| error.to_string())
}

const BOTH: (&str, &str) = ("ALLOWED_PRODUCTS", "streaming,agent");
const AGENT: (&str, &str) = ("ALLOWED_PRODUCTS", "agent");

fn token_request(provider: &AssemblyAi, query: &str) -> Result<TokenRequest<Options>, Problem> {
    provider.token_request(Fields::read(
        &Request::get(format!("/?{query}"))
            .body(Bytes::new())
            .unwrap(),
    )?)
}

#[test]
fn the_lifetime_has_two_names_but_only_one_may_be_sent() {
    assert_eq!(
        token_request(&assemblyai(""), "expires_in_seconds=90")
            .ok()
            .unwrap()
            .expires_in(),
        90
    );
    assert_eq!(
        token_request(&assemblyai(""), "expires_in=90")
            .ok()
            .unwrap()
            .expires_in(),
        90
    );
    assert!(token_request(&assemblyai(""), "expires_in=90&expires_in_seconds=90").is_err());
    assert!(token_request(&assemblyai(""), "expires_in=601").is_err());
}

#[test]
fn the_deployment_limits_the_session_duration() {
    assert_eq!(
        token_request(&assemblyai(""), "")
            .ok()
            .unwrap()
            .options()
            .max_session_duration,
        None
    );
    assert_eq!(
        token_request(&assemblyai("120"), "")
            .ok()
            .unwrap()
            .options()
            .max_session_duration,
        Some(120)
    );
    assert_eq!(
        token_request(&assemblyai("120"), "max_session_duration_seconds=60")
            .ok()
            .unwrap()
            .options()
            .max_session_duration,
        Some(60)
    );
    assert!(token_request(&assemblyai("120"), "max_session_duration_seconds=121").is_err());
    assert!(token_request(&assemblyai(""), "max_session_duration_seconds=59").is_err());
}

#[test]
fn the_response_states_the_lifetime() {
    let provider = assemblyai("");
    let request = token_request(&provider, "").ok().unwrap();
    let context = MintContext::new(&request, Duration::ZERO);
    let read = |body: &'static str| {
        provider.parse_token(
            &context,
            &Response::new(Bytes::from_static(body.as_bytes())),
        )
    };
    for body in [
        r#"{"token":"t","expires_in_seconds":50}"#,
        r#"{"token":"t","expires_in_seconds":3600}"#,
        r#"{"token":"t"}"#,
    ] {
        assert!(read(body).is_ok(), "{body}");
    }
    for body in [
        r#"{"token":"t","expires_in_seconds":0}"#,
        r#"{"token":"t","expires_in_seconds":-1}"#,
        "{}",
    ] {
        assert!(read(body).is_err(), "{body}");
    }
}

/// The host and the sockets of the response.
fn details(provider: &AssemblyAi, query: &str) -> (String, Value) {
    let request = token_request(provider, query).unwrap();
    let token = IssuedToken {
        token: ProviderToken::new("t-1").unwrap(),
        expires_in: 60,
        expires_at: 1_800_000_000,
        members: serde_json::Map::new(),
    };
    let details = provider.details(&request, &token, None);
    let connect = serde_json::to_value(details.connect()).unwrap();
    (details.base_url().public().to_owned(), connect)
}

/// The URL and the credential of the call.
fn call(provider: &AssemblyAi, query: &str) -> (String, String) {
    let request = token_request(provider, query).unwrap();
    let key = ApiKey::new("the-key");
    let context = MintContext::new(&request, Duration::ZERO).with_key(&key);
    let Ok(Mint::Call(call)) = provider.mint(&context) else {
        panic!("the provider is called");
    };
    assert_eq!((call.method(), call.body().len()), (&http::Method::GET, 0));
    let credential = call.headers()[header::AUTHORIZATION].to_str().unwrap();
    (call.uri().to_string(), credential.to_owned())
}

#[test]
fn a_token_opens_the_socket_of_its_product() {
    let socket = |url: &str| json!({"url": url, "protocols": []});
    let streaming = (
        "https://streaming.assemblyai.com".to_owned(),
        json!({"streaming": socket("wss://streaming.assemblyai.com/v3/ws?token=t-1")}),
    );
    let agent = (
        "https://agents.assemblyai.com".to_owned(),
        json!({"agent": socket("wss://agents.assemblyai.com/v1/ws?token=t-1")}),
    );
    assert_eq!(details(&assemblyai(""), ""), streaming);
    assert_eq!(details(&with(&[BOTH]).unwrap(), ""), streaming);
    assert_eq!(
        details(&with(&[BOTH]).unwrap(), "product=streaming"),
        streaming
    );
    assert_eq!(details(&with(&[BOTH]).unwrap(), "product=agent"), agent);
    assert_eq!(details(&with(&[AGENT]).unwrap(), ""), agent);
}

#[test]
fn each_product_is_minted_at_its_own_host_with_the_bare_key() {
    let provider = with(&[BOTH]).unwrap();
    for (query, url) in [
        (
            "",
            "https://streaming.assemblyai.com/v3/token?expires_in_seconds=60",
        ),
        (
            "product=agent",
            "https://agents.assemblyai.com/v1/token?expires_in_seconds=60",
        ),
        (
            "product=agent&expires_in=600&max_session_duration_seconds=60",
            "https://agents.assemblyai.com/v1/token?expires_in_seconds=600&max_session_duration_seconds=60",
        ),
    ] {
        assert_eq!(
            call(&provider, query),
            (url.to_owned(), "the-key".to_owned())
        );
    }
    let capped = with(&[AGENT, ("MAX_SESSION_DURATION_SECONDS", "90")]).unwrap();
    assert!(
        call(&capped, "")
            .0
            .ends_with("&max_session_duration_seconds=90")
    );
    for query in [
        "expires_in=601",
        "expires_in=0",
        "max_session_duration_seconds=91",
        "max_session_duration_seconds=59",
    ] {
        assert!(token_request(&capped, query).is_err(), "{query}");
    }
}

#[test]
fn the_deployment_and_the_claim_decide_which_products_are_minted() {
    for (settings, query, grant) in [
        (&[][..], "", Ok("stt")),
        (&[], "product=streaming", Ok("stt")),
        (&[], "product=agent", Err(Code::GrantNotAllowed)),
        (&[BOTH], "", Ok("stt")),
        (&[BOTH], "product=agent", Ok("agent")),
        (&[AGENT], "", Ok("agent")),
        (&[AGENT], "product=streaming", Err(Code::GrantNotAllowed)),
        (&[BOTH], "product=tts", Err(Code::RequestInvalid)),
        (&[BOTH], "product=", Err(Code::RequestInvalid)),
        (&[BOTH], "product=Agent", Err(Code::RequestInvalid)),
        (
            &[BOTH],
            "product=streaming,agent",
            Err(Code::RequestInvalid),
        ),
    ] {
        let request = token_request(&with(settings).unwrap(), query);
        let found = request.map(|request| {
            assert!(request.is_single_use());
            request.grants().to_vec()
        });
        match grant {
            Ok(grant) => assert_eq!(found.unwrap(), [grant], "{settings:?} {query}"),
            Err(code) => assert_eq!(found.unwrap_err().code, code, "{settings:?} {query}"),
        }
    }
}

#[test]
fn another_host_needs_a_host_for_agents_too() {
    let eu = ("PROVIDER_BASE_URL", "https://streaming.eu.test");
    let agents = ("AGENT_BASE_URL", "https://agents.eu.test");
    for settings in [&[eu, BOTH][..], &[eu, AGENT]] {
        let error = with(settings).unwrap_err();
        assert!(
            error.contains("AGENT_BASE_URL is not set") && error.contains("https://agents."),
            "{error}"
        );
    }
    assert!(with(&[eu]).is_ok(), "no agents are allowed");
    assert!(with(&[agents, BOTH]).is_ok(), "only agents are elsewhere");
    let provider = with(&[eu, agents, BOTH]).unwrap();
    assert_eq!(
        call(&provider, "product=agent").0,
        "https://agents.eu.test/v1/token?expires_in_seconds=60"
    );
    assert_eq!(
        details(&provider, "product=agent").0,
        "https://agents.eu.test"
    );
    assert!(with(&[("ALLOWED_PRODUCTS", "tts")]).is_err());
}

#[test]
fn the_hosts_are_those_of_the_allowed_products_and_the_first_is_warmed() {
    let (streaming, agents) = (
        "https://streaming.assemblyai.com",
        "https://agents.assemblyai.com",
    );
    for (settings, hosts) in [
        (&[][..], &[streaming][..]),
        (&[BOTH], &[streaming, agents]),
        (&[AGENT], &[agents]),
    ] {
        let provider = with(settings).unwrap();
        assert_eq!(provider.hosts(), hosts);
        assert_eq!(provider.base_url().as_str(), hosts[0]);
    }
}
