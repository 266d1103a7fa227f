//! Profiles: named session configurations of the deployment, in a secret of their own.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{Event, Function, Reply, Response, ScriptedServer, TestEnv};

use crate::settings::{mentions, startup_error};
use crate::support::{CaseReport, status_and_code};

const PROVIDER: &str = "elevenlabs-agents";
const GREETER: &str = "agent_standin_greeter";
const SUPPORT: &str = "agent_standin_support";
const UNAVAILABLE: &str = "503 secret_unavailable";
const INVALID: &str = "422 request_invalid";
const DENIED: &str = "403 grant_not_allowed";

/// A function whose profiles are this text, with these further settings.
async fn start(env: &TestEnv, profiles: &str, settings: &[(&str, &str)]) -> Function {
    let secret = env.secret("profiles", profiles).await;
    let mut function = env
        .function(PROVIDER)
        .without("DEFAULT_PROFILE")
        .env("PROFILES_SECRET_ID", secret);
    for (name, value) in settings {
        function = function.env(name, *value);
    }
    function.start().await
}

fn event(env: &TestEnv, request: &Value) -> Event {
    Event::post(PROVIDER)
        .bearer(&env.issuer.token("ada"))
        .json_body(request)
}

fn named(profile: &str) -> Value {
    json!({ "profile": profile })
}

/// The agent of a response: its signed URL names it.
fn agent_of(response: &Response) -> String {
    assert_eq!(response.status, 200, "{response:?}");
    let token = response.token();
    let (_, rest) = token.split_once("agent_id=").expect("an agent's id");
    rest.split('&').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_request_gets_the_agent_of_its_profile() {
    let env = TestEnv::start().await;
    let function = env.function(PROVIDER).start().await;
    for (request, profile, agent) in [
        (json!({}), "default", GREETER),
        (named("default"), "default", GREETER),
        (named("support"), "support", SUPPORT),
        (named("tutor"), "tutor", "agent_standin_tutor"),
    ] {
        let (response, line) = function.invoke_logged(&event(&env, &request)).await;
        assert_eq!(agent_of(&response), agent);
        let body = response.json();
        assert_eq!(
            (&body["profile"], &body["locked"]),
            (&json!(profile), &json!(true))
        );
        assert_eq!(line["profile"], profile);
    }
}

#[tokio::test]
async fn profiles_are_loaded_again_after_the_configured_time() {
    let env = TestEnv::start().await;
    let secret = env
        .secret(
            "profiles",
            &json!({ "a": { "agent_id": GREETER } }).to_string(),
        )
        .await;
    let function = env
        .function(PROVIDER)
        .without("DEFAULT_PROFILE")
        .env("PROFILES_SECRET_ID", &secret)
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    assert_eq!(
        agent_of(&function.invoke(&event(&env, &json!({}))).await),
        GREETER
    );
    let edited = json!({ "a": { "agent_id": SUPPORT }, "b": { "agent_id": GREETER } });
    env.moto.put_secret(&secret, &edited.to_string()).await;
    sleep(Duration::from_millis(1200)).await;
    let mut report = CaseReport::default();
    for (request, want) in [(named("a"), SUPPORT), (named("b"), GREETER)] {
        report.check_eq(
            &request.to_string(),
            agent_of(&function.invoke(&event(&env, &request)).await),
            want,
        );
    }
    report.check_eq(
        "two profiles, no default",
        status_and_code(&function.invoke(&event(&env, &json!({}))).await),
        INVALID,
    );
    report.finish();
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_wrong_profile_leaves_the_others_usable() {
    let env = TestEnv::start().await;
    let profiles = json!({
        "good": { "agent_id": GREETER },
        "typo": { "agentId": "content-value-1", "environment": 7 },
        "blank": { "agent_id": "content-value-2 " },
        "text": "content-value-3",
        "Bad Name": { "agent_id": "content-value-4" },
    });
    let function = start(&env, &profiles.to_string(), &[]).await;
    for (name, reasons) in [
        (
            "typo",
            &["typo", "/agent_id", "/agentId", "/environment"][..],
        ),
        ("blank", &["blank", "/agent_id"]),
        ("text", &["text"]),
    ] {
        let (response, line) = function.invoke_logged(&event(&env, &named(name))).await;
        assert_eq!(status_and_code(&response), UNAVAILABLE, "{name}");
        let reason = line["reason"].as_str().unwrap_or_default();
        for expected in reasons {
            assert!(reason.contains(expected), "{name}: {reason}");
        }
        assert!(!response.body.contains("/agent"), "{response:?}");
        assert_absent(
            &[("the response", &response.body)],
            &[("a value", "content-value-")],
        );
        let good = function.invoke(&event(&env, &named("good"))).await;
        assert_eq!(agent_of(&good), GREETER, "after {name}");
    }
    assert_absent(
        &[("the log", &function.logs())],
        &[("a value", "content-value-")],
    );
}

#[tokio::test]
async fn an_unknown_profile_is_refused_without_listing_the_others() {
    let env = TestEnv::start().await;
    let profiles = json!({ "receptionist": { "agent_id": GREETER }, "night-auditor": { "agent_id": SUPPORT } });
    let function = start(&env, &profiles.to_string(), &[]).await;
    for name in [
        json!("unknown"),
        json!("Receptionist"),
        json!(""),
        json!("../night"),
        json!(7),
        json!(["night"]),
        json!(null),
    ] {
        let (response, line) = function
            .invoke_logged(&event(&env, &json!({ "profile": name })))
            .await;
        assert_eq!(status_and_code(&response), INVALID, "{name}");
        assert_eq!(response.json()["errors"][0]["field"], "profile", "{name}");
        let line = line.to_string();
        let texts = [("the response", response.body.as_str()), ("the log", &line)];
        assert_absent(
            &texts,
            &[
                ("a profile", "receptionist"),
                ("a profile", "night-auditor"),
            ],
        );
    }
    let query = Event::get(PROVIDER).bearer(&env.issuer.token("ada"));
    let good = function
        .invoke(&query.clone().query("profile=night-auditor"))
        .await;
    assert_eq!(agent_of(&good), SUPPORT);
    let twice = function
        .invoke(&query.query("profile=night-auditor&profile=night-auditor"))
        .await;
    assert_eq!(status_and_code(&twice), "400 request_malformed");
}

#[tokio::test]
async fn the_claim_must_cover_the_profile() {
    let env = TestEnv::start().await;
    let settings = [("GRANTS_CLAIM", "voice"), ("DEFAULT_PROFILE", "default")];
    let profiles = json!({ "default": { "agent_id": GREETER }, "support": { "agent_id": SUPPORT }, "wrong": {} });
    let function = start(&env, &profiles.to_string(), &settings).await;
    let mut report = CaseReport::default();
    for (claim, request, want) in [
        (json!(["support"]), named("support"), "200"),
        (json!("default support"), json!({}), "200"),
        (json!(["support"]), json!({}), DENIED),
        (json!(["support"]), named("default"), DENIED),
        (json!(["support"]), named("unknown"), DENIED),
        (json!(["support"]), named("wrong"), DENIED),
        (json!(["unknown"]), named("unknown"), INVALID),
        (json!(["websocket"]), named("support"), DENIED),
        (json!([]), named("support"), DENIED),
        (Value::Null, named("support"), DENIED),
    ] {
        let mut claims = env.issuer.claims("ada");
        claims["voice"] = claim.clone();
        let event = Event::post(PROVIDER)
            .bearer(&env.issuer.sign(&claims))
            .json_body(&request);
        report.check_eq(
            &format!("{claim} for {request}"),
            status_and_code(&function.invoke(&event).await),
            want,
        );
    }
    report.finish();
}

#[tokio::test]
async fn a_request_without_a_profile_gets_the_default_one() {
    let env = TestEnv::start().await;
    let one = json!({ "only": { "agent_id": GREETER } }).to_string();
    let two =
        json!({ "a": { "agent_id": GREETER }, "default": { "agent_id": SUPPORT } }).to_string();
    let mut report = CaseReport::default();
    for (profiles, default, want) in [
        (&one, None, "200"),
        (&one, Some("only"), "200"),
        (&two, Some("a"), "200"),
        // Only the setting makes a profile the default one, not its name.
        (&two, None, INVALID),
        (&two, Some("absent"), UNAVAILABLE),
        (&"{}".to_owned(), None, INVALID),
        (&"{}".to_owned(), Some("absent"), UNAVAILABLE),
    ] {
        let settings: Vec<_> = default
            .map(|name| ("DEFAULT_PROFILE", name))
            .into_iter()
            .collect();
        let function = start(&env, profiles, &settings).await;
        let (response, line) = function.invoke_logged(&event(&env, &json!({}))).await;
        let case = format!("{profiles} {default:?}");
        report.check_eq(&case, status_and_code(&response), want);
        let named_setting = line["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("DEFAULT_PROFILE"));
        report.check_eq(&case, named_setting, want == UNAVAILABLE);
    }
    report.finish();
}

#[tokio::test]
async fn a_secret_that_is_no_json_object_makes_all_profiles_unavailable() {
    let env = TestEnv::start().await;
    for text in [
        "[]",
        "\"agent_secret\"",
        "agent_secret",
        r#"{"a":{"agent_id":"agent_secret"}"#,
    ] {
        let function = start(&env, text, &[("LOG_LEVEL", "trace")]).await;
        let (response, line) = function.invoke_logged(&event(&env, &named("a"))).await;
        assert_eq!(status_and_code(&response), UNAVAILABLE, "{text}");
        let reason = line["reason"].as_str().unwrap_or_default();
        assert!(reason.starts_with("PROFILES_SECRET_ID: "), "{reason}");
        assert_absent(
            &[("the log", &function.logs())],
            &[("the secret", "agent_secret")],
        );
    }
    let twice = format!(
        r#"{{"a":{{"agent_id":"{GREETER}"}},"a":{{"agent_id":"{SUPPORT}"}},"b":{{"agent_id":"{GREETER}"}}}}"#
    );
    let function = start(&env, &twice, &[]).await;
    for name in ["a", "b"] {
        let response = function.invoke(&event(&env, &named(name))).await;
        assert_eq!(status_and_code(&response), UNAVAILABLE);
    }
}

#[tokio::test]
async fn a_member_that_is_repeated_in_a_profile_makes_that_profile_wrong() {
    let env = TestEnv::start().await;
    let profiles = format!(
        r#"{{"a":{{"agent_id":"{GREETER}","agent_id":"{SUPPORT}"}},"b":{{"agent_id":"{GREETER}"}}}}"#
    );
    let function = start(&env, &profiles, &[]).await;
    let repeated = function.invoke(&event(&env, &named("a"))).await;
    assert_eq!(status_and_code(&repeated), UNAVAILABLE);
    let other = function.invoke(&event(&env, &named("b"))).await;
    assert_eq!(agent_of(&other), GREETER);
}

#[tokio::test]
async fn the_settings_are_checked_and_refused_where_there_are_no_profiles() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (provider, setting, value) in [
        (PROVIDER, "PROFILES_SECRET_ID", ""),
        (PROVIDER, "DEFAULT_PROFILE", "Not A Name"),
        ("cartesia", "PROFILES_SECRET_ID", "any"),
        ("cartesia", "DEFAULT_PROFILE", "any"),
    ] {
        let message = startup_error(env.function(provider).env(setting, value)).await;
        let case = format!("{provider} {setting}: {message:?}");
        report.check(
            &case,
            message.is_some_and(|message| mentions(&message, setting)),
        );
    }
    report.finish();
}

#[tokio::test]
async fn the_content_of_a_profile_is_in_no_log_and_no_error() {
    let env = TestEnv::start().await;
    let profiles = json!({
        "good": { "agent_id": GREETER },
        "canary": { "agent_id": "agent_canary_4f1c", "branch_id": "branch_canary_4f1c", "environment": "env_canary_4f1c" },
    });
    let secrets = [
        ("the agent", "agent_canary_4f1c"),
        ("the branch", "branch_canary_4f1c"),
        ("the environment", "env_canary_4f1c"),
    ];
    let settings = [
        ("LOG_LEVEL", "trace"),
        ("ALLOWED_CONNECTIONS", "websocket,webrtc"),
    ];
    let function = start(&env, &profiles.to_string(), &settings).await;
    let mut texts = Vec::new();
    for connection in ["websocket", "webrtc"] {
        let request = json!({ "profile": "canary", "connection": connection });
        let (response, line) = function.invoke_logged(&event(&env, &request)).await;
        assert_eq!(status_and_code(&response), "502 provider_rejected");
        assert_eq!(line["reason"], "the provider answered 404");
        texts.push(format!("{response:?}"));
        let good = json!({ "profile": "good", "connection": connection });
        let response = function.invoke(&event(&env, &good)).await;
        assert_eq!(response.status, 200, "{response:?}");
        texts.push(format!("{response:?}"));
    }
    // A provider that repeats the profile in an error, or does not answer.
    for reply in [
        Reply::json(
            422,
            &json!({ "detail": [{ "msg": "agent_canary_4f1c", "loc": ["query"] }] }),
        ),
        Reply::json(
            200,
            &json!({ "signed_url": "wss://agent_canary_4f1c.test/" }),
        ),
        Reply::reset(),
    ] {
        let server = ScriptedServer::start([reply]).await;
        let url = server.url();
        let settings = [settings.as_slice(), &[("PROVIDER_BASE_URL", url.as_str())]].concat();
        let function = start(&env, &profiles.to_string(), &settings).await;
        let response = function.invoke(&event(&env, &named("canary"))).await;
        assert!(response.status >= 502, "{response:?}");
        texts.push(format!("{response:?}"));
        texts.push(function.logs());
    }
    texts.push(function.logs());
    let texts: Vec<_> = texts
        .iter()
        .map(|text| ("a response or a log", text.as_str()))
        .collect();
    assert_absent(&texts, &secrets);
}
