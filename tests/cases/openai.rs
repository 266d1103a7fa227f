//! What is special to OpenAI Realtime: the profile is the session, and its type decides where it is
//! minted and which socket it opens.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{Event, Reply, ScriptedServer, TestEnv};

use crate::settings::startup_error;
use crate::support::{CaseReport, status_and_code};

const PROVIDER: &str = "openai";

fn event(env: &TestEnv, request: &Value) -> Event {
    Event::post(PROVIDER)
        .bearer(&env.issuer.token("ada"))
        .json_body(request)
}

/// An error in OpenAI's format.
fn error(status: u16, kind: &str, code: Value) -> Reply {
    let error =
        json!({"message": "sk-a-key-in-a-message", "type": kind, "param": null, "code": code});
    Reply::json(status, &json!({ "error": error }))
}

#[tokio::test]
async fn the_profiles_type_decides_the_socket() {
    let env = TestEnv::start().await;
    let function = env
        .function(PROVIDER)
        .env("LOG_LEVEL", "trace")
        .start()
        .await;
    let host = env.provider_url().replacen("http", "ws", 1);
    for (request, profile, name, path) in [
        (
            json!({}),
            "default",
            "realtime",
            "/v1/realtime?model=gpt-realtime",
        ),
        (
            json!({"profile": "dictation"}),
            "dictation",
            "transcription",
            "/v1/realtime?intent=transcription",
        ),
        (
            json!({"profile": "french"}),
            "french",
            "translation",
            "/v1/realtime/translations?model=gpt-realtime-translate",
        ),
    ] {
        let (response, line) = function.invoke_logged(&event(&env, &request)).await;
        assert_eq!(response.status, 200, "{response:?}");
        let body = response.json();
        let secret = format!("openai-insecure-api-key.{}", response.token());
        let socket = json!({"url": format!("{host}{path}"), "protocols": ["realtime", secret]});
        assert_eq!(body["connect"], json!({ name: socket }));
        assert_eq!(
            [
                &body["profile"],
                &body["locked"],
                &body["single_use"],
                &body["expires_in"]
            ],
            [&json!(profile), &json!(false), &json!(true), &json!(60)]
        );
        assert_eq!(body.get("session"), None, "it has the instructions");
        assert_eq!(line["profile"], profile);
        let is_conversation = name == "realtime";
        assert_eq!(
            env.redeem(PROVIDER, &response.token()),
            is_conversation,
            "{name}"
        );
        assert!(!env.redeem(PROVIDER, &response.token()), "a second time");
        let (log, body) = (function.logs(), format!("{response:?}"));
        let texts = [("the log", log.as_str()), ("the response", body.as_str())];
        assert_absent(
            &texts,
            &[(
                "the instructions",
                "the friendly assistant of an online shop",
            )],
        );
    }
}

#[tokio::test]
async fn the_profile_is_sent_unchanged_to_the_endpoint_of_its_type() {
    let env = TestEnv::start().await;
    let provider = ScriptedServer::start([]).await;
    let profiles = r#"{
        "talk": {"type": "realtime", "model": "m 1&x", "instructions": "Sei nett. \ud83d\ude42\u0000 \"quoted\"",
                 "big": 18446744073709551615, "float": 0.1, "none": null, "tools": [{"name": "b"}, {"name": "a"}]},
        "write": {"type": "transcription", "model": 7, "audio": {}},
        "translate": {"type": "translation", "model": "m-3", "audio": {"output": {"language": "fr"}}}
    }"#;
    let function = env
        .function(PROVIDER)
        .without("DEFAULT_PROFILE")
        .env("PROFILES_SECRET_ID", env.secret("profiles", profiles).await)
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    let profiles: Value = serde_json::from_str(profiles).expect("JSON");
    for (name, path) in [
        ("talk", "/v1/realtime/client_secrets"),
        ("write", "/v1/realtime/client_secrets"),
        ("translate", "/v1/realtime/translations/client_secrets"),
    ] {
        provider.set_script([Reply::minted(PROVIDER, "ek_scripted")]);
        let request = json!({"profile": name, "expires_in": 7200});
        let response = function.invoke(&event(&env, &request)).await;
        assert_eq!(response.status, 200, "{response:?}");
        let sent = provider.requests().pop().expect("a request");
        assert_eq!((sent.method.as_str(), sent.target.as_str()), ("POST", path));
        let key = format!("Bearer {}", TestEnv::key(PROVIDER));
        assert_eq!(sent.header("authorization"), Some(key.as_str()));
        assert_eq!(sent.header("content-type"), Some("application/json"));
        let mut session = profiles[name].clone();
        if name == "translate" {
            session.as_object_mut().expect("an object").remove("type");
        }
        let expires_after = json!({"anchor": "created_at", "seconds": 7200});
        assert_eq!(
            sent.json(),
            json!({"expires_after": expires_after, "session": session})
        );
        if name == "talk" {
            assert!(
                sent.text().contains("18446744073709551615"),
                "{}",
                sent.text()
            );
            let url = &response.json()["connect"]["realtime"]["url"];
            assert!(
                url.as_str()
                    .is_some_and(|url| url.ends_with("?model=m%201%26x")),
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn the_earlier_expiry_counts() {
    let env = TestEnv::start().await;
    let provider = ScriptedServer::start([]).await;
    let function = env
        .function(PROVIDER)
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |now| now.as_secs())
    };
    let session = json!({"instructions": "an-instruction-of-the-answer"});
    for (expires_at, expected) in [
        (json!(now() + 30), Some(25..=30)),
        (json!(now() + 7200), Some(60..=60)),
        (json!(now() * 1000), Some(60..=60)),
        (json!(now() as f64 + 30.5), Some(25..=30)),
        (json!(now() - 5), None),
        (json!(0), None),
        (json!(-1), None),
        (json!("2026-11-22T10:00:00Z"), None),
        (Value::Null, None),
    ] {
        let body = json!({"value": "ek_1", "expires_at": expires_at, "session": session});
        provider.set_script([Reply::json(200, &body)]);
        let response = function.invoke(&event(&env, &json!({}))).await;
        assert_absent(
            &[("the response", &response.body)],
            &[("the session", "an-instruction-of-the-answer")],
        );
        match expected {
            Some(range) => {
                let left = response.json()["expires_in"].as_u64().unwrap_or_default();
                assert!(range.contains(&left), "{expires_at}: {response:?}");
            }
            None => assert_eq!(
                status_and_code(&response),
                "502 provider_rejected",
                "{expires_at}"
            ),
        }
    }
}

#[tokio::test]
async fn a_token_that_is_no_subprotocol_is_rejected() {
    let env = TestEnv::start().await;
    let provider = ScriptedServer::start([]).await;
    let function = env
        .function(PROVIDER)
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    for token in ["ek_1,realtime", "ek_1;a", "ek 1", "ek_\"1\"", "ek/1"] {
        provider.set_script([Reply::minted(PROVIDER, token)]);
        let (response, line) = function.invoke_logged(&event(&env, &json!({}))).await;
        assert_eq!(
            status_and_code(&response),
            "502 provider_rejected",
            "{token}"
        );
        assert!(!line.to_string().contains(token), "{line}");
    }
}

#[tokio::test]
async fn an_exceeded_quota_is_not_retried_and_a_rate_limit_is() {
    let env = TestEnv::start().await;
    let provider = ScriptedServer::start([]).await;
    let function = env
        .function(PROVIDER)
        .env("PROVIDER_BASE_URL", provider.url())
        .start()
        .await;
    let mut report = CaseReport::default();
    let quota = "insufficient_quota";
    for (case, reply, want, calls, reason) in [
        (
            "quota",
            error(429, quota, json!(quota)),
            "502 provider_rejected",
            1,
            Some(quota),
        ),
        (
            "quota by its type",
            error(429, quota, Value::Null),
            "502 provider_rejected",
            1,
            Some(quota),
        ),
        (
            "rate",
            error(429, "requests", json!("rate_limit_exceeded")),
            "200",
            2,
            None,
        ),
        (
            "server",
            error(500, "server_error", Value::Null),
            "200",
            2,
            None,
        ),
        (
            "400",
            error(400, "invalid_request_error", json!("unknown_parameter")),
            "502 provider_rejected",
            1,
            Some("unknown_parameter"),
        ),
        (
            "403",
            error(403, "invalid_request_error", json!("sk-not-a-code")),
            "502 provider_rejected",
            1,
            Some("invalid_request_error"),
        ),
        (
            "401",
            error(401, "invalid_request_error", json!("invalid_api_key")),
            "502 provider_rejected",
            1,
            Some("invalid_api_key"),
        ),
    ] {
        let before = provider.requests().len();
        provider.set_script([
            reply.header("retry-after", "1"),
            Reply::minted(PROVIDER, "ek_1"),
        ]);
        let (response, line) = function.invoke_logged(&event(&env, &json!({}))).await;
        report.check_eq(case, status_and_code(&response), want);
        report.check_eq(case, provider.requests().len() - before, calls);
        let logged = line["reason"].as_str().unwrap_or_default();
        report.check(
            &format!("{case}: {logged}"),
            reason.is_none_or(|code| logged.ends_with(code)),
        );
        report.check(case, !line.to_string().contains("sk-"));
    }
    report.finish();
}

#[tokio::test]
async fn a_wrong_profile_is_reported_by_its_pointers_only() {
    let env = TestEnv::start().await;
    let profiles = json!({
        "good": {"type": "realtime", "model": "m-1"},
        "video": {"type": "the-content-of-a-profile-1", "model": 7, "instructions": "the-content-of-a-profile-2"},
        "empty": {},
        "no-model": {"type": "translation", "instructions": "the-content-of-a-profile-3"},
    });
    let function = env
        .function(PROVIDER)
        .without("DEFAULT_PROFILE")
        .env(
            "PROFILES_SECRET_ID",
            env.secret("profiles", &profiles.to_string()).await,
        )
        .env(
            "PROVIDER_BASE_URL",
            ScriptedServer::start([Reply::minted(PROVIDER, "ek_1")])
                .await
                .url(),
        )
        .start()
        .await;
    for (name, pointers) in [
        ("video", &["/type", "/model"][..]),
        ("empty", &["/type"]),
        ("no-model", &["/model"]),
    ] {
        let (response, line) = function
            .invoke_logged(&event(&env, &json!({"profile": name})))
            .await;
        assert_eq!(
            status_and_code(&response),
            "503 secret_unavailable",
            "{name}"
        );
        let reason = line["reason"].as_str().unwrap_or_default();
        assert!(
            pointers.iter().all(|pointer| reason.contains(pointer)),
            "{name}: {reason}"
        );
        assert_absent(
            &[("the log", &line.to_string())],
            &[("a value", "the-content-of-a-profile-")],
        );
    }
}

#[tokio::test]
async fn the_claim_and_the_settings_bound_a_request() {
    let env = TestEnv::start().await;
    let function = env
        .function(PROVIDER)
        .env("GRANTS_CLAIM", "voice")
        .env("MAX_EXPIRES_IN", "100")
        .start()
        .await;
    let mut report = CaseReport::default();
    for (claim, request, want) in [
        (
            json!(["dictation"]),
            json!({"profile": "dictation", "expires_in": 100}),
            "200",
        ),
        (json!(["dictation"]), json!({}), "403 grant_not_allowed"),
        (
            json!(["dictation"]),
            json!({"profile": "unknown"}),
            "403 grant_not_allowed",
        ),
        (
            json!("default unknown"),
            json!({"profile": "unknown"}),
            "422 request_invalid",
        ),
        (
            json!("default"),
            json!({"expires_in": 101}),
            "422 request_invalid",
        ),
        (
            json!("default"),
            json!({"expires_in": 9}),
            "422 request_invalid",
        ),
        (
            json!("default"),
            json!({"expires_in": 60.5}),
            "422 request_invalid",
        ),
        (
            json!("default"),
            json!({"session": {"type": "realtime"}}),
            "422 request_invalid",
        ),
        (
            json!("default"),
            json!({"model": "gpt-realtime"}),
            "422 request_invalid",
        ),
        (json!("realtime"), json!({}), "403 grant_not_allowed"),
    ] {
        let mut claims = env.issuer.claims("ada");
        claims["voice"] = claim.clone();
        let event = Event::post(PROVIDER)
            .bearer(&env.issuer.sign(&claims))
            .json_body(&request);
        let response = function.invoke(&event).await;
        report.check_eq(
            &format!("{claim} for {request}"),
            status_and_code(&response),
            want,
        );
    }
    report.finish();
    for (name, value) in [
        ("MAX_EXPIRES_IN", "9"),
        ("MAX_EXPIRES_IN", "7201"),
        ("DEFAULT_EXPIRES_IN", "9"),
    ] {
        let output = startup_error(env.function(PROVIDER).env(name, value)).await;
        assert!(
            output.is_some_and(|text| text.contains(name)),
            "{name}={value}"
        );
    }
}
