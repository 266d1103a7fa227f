//! Deepgram: its fields, the call that mints, the hosts of its sockets, and its error codes.

use serde_json::{Value, json};
use voicemint_tests::{Event, Reply, ScriptedServer, TestEnv, leaks};

use crate::support::{CaseReport, status_and_code};
use crate::token_request::assert_bodies;

const NAME: &str = "deepgram";
const COOKIE: &str = "__Host-deepgram-token";

#[tokio::test]
async fn deepgram_accepts_only_a_lifetime() {
    let env = TestEnv::start().await;
    let function = env
        .function(NAME)
        .env("MAX_EXPIRES_IN", "600")
        .start()
        .await;
    let session = env.issuer.token("ada");
    let bodies = [
        (json!({}), "200"),
        (json!({ "ttl_seconds": 1 }), "200"),
        (json!({ "ttl_seconds": 600 }), "200"),
        (json!({ "expires_in": 600 }), "200"),
        (json!({ "ttl_seconds": 60.0 }), "200"),
        (json!({ "ttl_seconds": 0 }), "422 ttl_seconds"),
        (json!({ "ttl_seconds": 601 }), "422 ttl_seconds"),
        (json!({ "expires_in": 601 }), "422 expires_in"),
        (json!({ "ttl_seconds": 1.5 }), "422 ttl_seconds"),
        (json!({ "ttl_seconds": "60" }), "422 ttl_seconds"),
        (json!({ "ttl_seconds": null }), "422 ttl_seconds"),
        (json!({ "ttl_seconds": [60] }), "422 ttl_seconds"),
        (
            json!({ "ttl_seconds": 60, "expires_in": 60 }),
            "422 expires_in",
        ),
        (
            json!({ "expires_in_seconds": 60 }),
            "422 expires_in_seconds",
        ),
        (json!({ "grants": { "listen": true } }), "422 grants"),
        (json!({ "profile": "default" }), "422 profile"),
    ];
    assert_bodies(&function, NAME, &session, &bodies).await;
    let mut report = CaseReport::default();
    for (query, want) in [
        ("ttl_seconds=120", "200"),
        ("expires_in=120", "200"),
        ("ttl_seconds=%2B60", "422 request_invalid"),
        ("ttl_seconds=60.0", "422 request_invalid"),
        ("ttl_seconds[]=60", "422 request_invalid"),
        ("ttl_seconds=60&ttl_seconds=60", "400 request_malformed"),
    ] {
        let event = Event::get(NAME).bearer(&session).query(query);
        let response = function.invoke(&event).await;
        report.check_eq(query, status_and_code(&response), want);
    }
    report.finish();
}

#[tokio::test]
async fn deepgram_is_sent_the_key_and_the_lifetime() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::minted(NAME, "a.token")]).await;
    let function = env.function(NAME).env("PROVIDER_BASE_URL", standin.url());
    let function = function.start().await;
    let event = Event::post(NAME).bearer(&env.issuer.token("ada"));
    let response = function
        .invoke(&event.json_body(&json!({ "ttl_seconds": 45 })))
        .await;
    assert_eq!(response.json()["expires_in"], 45, "{response:?}");
    let requests = standin.requests();
    let [request] = requests.as_slice() else {
        panic!("{} calls", requests.len())
    };
    let line = (request.method.as_str(), request.target.as_str());
    assert_eq!(line, ("POST", "/v1/auth/grant"));
    let key = format!("Token {}", TestEnv::key(NAME));
    assert_eq!(request.header("authorization"), Some(key.as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.json(), json!({ "ttl_seconds": 45 }));
}

#[tokio::test]
async fn deepgrams_stated_lifetime_counts_if_it_is_shorter() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let function = env.function(NAME).env("PROVIDER_BASE_URL", standin.url());
    let function = function.start().await;
    let mut report = CaseReport::default();
    for (stated, want) in [
        (json!(30), json!(30)),
        (json!(30.9), json!(30)),
        (json!(3600.0), json!(60)),
        (json!(1e300), json!(60)),
        // It is optional.
        (Value::Null, json!(60)),
        (json!(0), Value::Null),
        (json!(-1.0), Value::Null),
        (json!("30"), Value::Null),
    ] {
        let mut body = json!({ "access_token": "a.token" });
        if !stated.is_null() {
            body["expires_in"] = stated.clone();
        }
        standin.set_script([Reply::json(200, &body)]);
        let event = Event::post(NAME).bearer(&env.issuer.token("ada"));
        let response = function.invoke(&event).await;
        if want.is_null() {
            report.check_eq(
                &stated.to_string(),
                status_and_code(&response),
                "502 provider_rejected",
            );
        } else {
            let got = response.json()["expires_in"].clone();
            report.check_eq(&stated.to_string(), got, want);
        }
    }
    report.finish();
}

/// The sockets of a token of this function.
async fn connect(env: &TestEnv, agent: Option<&str>) -> (String, Value) {
    let function = env.function(NAME).without("AGENT_BASE_URL");
    let function = match agent {
        Some(url) => function.env("AGENT_BASE_URL", url),
        None => function,
    };
    let function = function.start().await;
    let event = Event::post(NAME).bearer(&env.issuer.token("ada"));
    let response = function.invoke(&event).await;
    (response.token(), response.json()["connect"].clone())
}

#[tokio::test]
async fn deepgram_has_three_sockets_on_two_hosts() {
    let env = TestEnv::start().await;
    let base = env.provider_url().replacen("http", "ws", 1);
    let (token, sockets) = connect(&env, Some("https://agent.example.com/")).await;
    let entry = |url: String| json!({ "url": url, "protocols": ["bearer", token] });
    assert_eq!(
        sockets,
        json!({
            "listen": entry(format!("{base}/v1/listen")),
            "speak": entry(format!("{base}/v1/speak")),
            "agent": entry("wss://agent.example.com/v1/agent/converse".to_owned()),
        })
    );
    let (token, sockets) = connect(&env, None).await;
    let entry = |url: String| json!({ "url": url, "protocols": ["bearer", token] });
    assert_eq!(
        sockets,
        json!({
            "listen": entry(format!("{base}/v1/listen")),
            "speak": entry(format!("{base}/v1/speak")),
        }),
        "the agents of another base URL are not known"
    );
}

#[tokio::test]
async fn deepgrams_claim_is_all_or_nothing() {
    let env = TestEnv::start().await;
    let function = env
        .function(NAME)
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let mut report = CaseReport::default();
    for (claim, want) in [
        (json!(["listen", "speak", "agent"]), "200"),
        (json!("agent speak listen more"), "200"),
        (json!(["listen", "speak"]), "403 grant_not_allowed"),
        (json!("agent"), "403 grant_not_allowed"),
        (json!("usage:write"), "403 grant_not_allowed"),
        (json!([]), "403 grant_not_allowed"),
    ] {
        let mut claims = env.issuer.claims("ada");
        claims["voice"] = claim.clone();
        let event = Event::post(NAME).bearer(&env.issuer.sign(&claims));
        let response = function.invoke(&event).await;
        report.check_eq(&claim.to_string(), status_and_code(&response), want);
    }
    report.finish();
}

#[tokio::test]
async fn a_deepgram_token_is_resumed_with_its_sockets() {
    let env = TestEnv::start().await;
    let function = env.function(NAME).start().await;
    let session = env.issuer.token("ada");
    let event = || {
        let event = Event::post(NAME).bearer(&session);
        event.json_body(&json!({ "ttl_seconds": 120 }))
    };
    let first = function.invoke(&event()).await;
    let (_, cookie, _) = first.cookie().unwrap_or_else(|| panic!("{first:?}"));
    let again = function.invoke(&event().cookie(COOKIE, &cookie)).await;
    assert_eq!(again.header("voicemint-source"), "resumed", "{again:?}");
    assert_eq!(again.token(), first.token());
    assert_eq!(again.json()["connect"], first.json()["connect"]);
    assert_eq!(env.mints(NAME), 1);
}

#[tokio::test]
async fn deepgrams_errors_are_told_apart_and_its_text_is_not_logged() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let function = env
        .function(NAME)
        .env("PROVIDER_BASE_URL", standin.url())
        .env("LOG_LEVEL", "trace")
        .start()
        .await;
    let text = "words-of-the-provider";
    let legacy = |code: &str| json!({ "err_code": code, "err_msg": text, "request_id": text });
    let modern = |code: &str| json!({ "category": code, "message": text, "details": text });
    let mut report = CaseReport::default();
    for (status, body, reason) in [
        (
            403,
            legacy("FORBIDDEN"),
            "the provider answered 403: FORBIDDEN",
        ),
        (
            403,
            modern("FORBIDDEN"),
            "the provider answered 403: FORBIDDEN",
        ),
        (
            401,
            legacy("INVALID_AUTH"),
            "the provider answered 401: INVALID_AUTH",
        ),
        (
            400,
            modern("INVALID_JSON"),
            "the provider answered 400: INVALID_JSON",
        ),
        (403, legacy(text), "the provider answered 403"),
        (403, json!(text), "the provider answered 403"),
        (402, legacy(text), "the provider answered 402"),
    ] {
        standin.set_script([Reply::json(status, &body)]);
        let before = standin.requests().len();
        let event = Event::post(NAME).bearer(&env.issuer.token("ada"));
        let (response, line) = function.invoke_logged(&event).await;
        let case = format!("{status} {body}");
        report.check_eq(&case, status_and_code(&response), "502 provider_rejected");
        report.check_eq(&case, &line["reason"], &json!(reason));
        report.check_eq(&case, standin.requests().len() - before, 1);
    }
    report.finish();
    let secrets = [
        ("the provider's text", text),
        ("the key", TestEnv::key(NAME)),
    ];
    leaks::assert_absent(&[("the log", &function.logs())], &secrets);
}

#[tokio::test]
async fn a_deepgram_token_that_cannot_be_a_subprotocol_is_rejected() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let function = env.function(NAME).env("PROVIDER_BASE_URL", standin.url());
    let function = function.env("LOG_LEVEL", "trace").start().await;
    for token in [
        "a,b.token-of-the-provider",
        "a/b.token-of-the-provider",
        "a.token-of-the-provider=",
        "a\"b.token-of-the-provider",
    ] {
        standin.set_script([Reply::minted(NAME, token)]);
        let event = Event::post(NAME).bearer(&env.issuer.token("ada"));
        let response = function.invoke(&event).await;
        assert_eq!(
            status_and_code(&response),
            "502 provider_rejected",
            "{token}"
        );
        let place = format!("{response:?}{}", function.logs());
        leaks::assert_absent(
            &[("the response and the log", &place)],
            &[("the token", token)],
        );
    }
}
