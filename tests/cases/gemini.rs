//! Gemini Live: the profile that its tokens lock, the two times of a token, and Google's errors.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{Event, Function, Moto, Reply, ScriptedServer, TestEnv};

use crate::support::{CaseReport, assert_problem, expires_at, status_and_code};
use crate::token_request::assert_bodies;

const SOCKET: &str =
    "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained";
/// A profile whose text no parsed value keeps.
const TEXT: &str = r#"{"model": "models/a-model-of-the-deployment", "systemInstruction": {"parts": [{"text": "Gr\u00fc\u00df the caller of the bicycle shop, ä \/"}]}, "generationConfig": {"seed": 123456789012345678901234567890, "temperature": 0.10, "topP": 1e-1}, "a": []}"#;

async fn start(env: &TestEnv, settings: &[(&str, &str)]) -> Function {
    let function = env.function("gemini");
    let configured = settings.iter().fold(function, |function, (name, value)| {
        function.env(name, *value)
    });
    configured.start().await
}

fn post(env: &TestEnv, body: &Value) -> Event {
    let event = Event::post("gemini").bearer(&env.issuer.token("ada"));
    event.json_body(body)
}

fn unix(time: &Value) -> i64 {
    let time = OffsetDateTime::parse(time.as_str().unwrap_or_default(), &Rfc3339);
    time.unwrap_or_else(|error| panic!("{error}"))
        .unix_timestamp()
}

fn written(unix: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(unix).expect("a time");
    time.format(&Rfc3339).expect("a text")
}

#[tokio::test]
async fn a_response_has_the_profile_both_times_and_the_constrained_socket() {
    let env = TestEnv::start().await;
    let function = start(&env, &[]).await;
    let request =
        json!({"profile": "interpreter", "expires_in": 90, "max_session_duration_seconds": 600});
    let response = function.invoke(&post(&env, &request)).await;
    let body = response.json();
    assert_eq!(response.status, 200, "{response:?}\n{}", function.logs());
    assert_eq!(
        (
            &body["profile"],
            &body["locked"],
            &body["single_use"],
            &body["expires_in"]
        ),
        (
            &json!("interpreter"),
            &json!(true),
            &json!(true),
            &json!(90)
        )
    );
    let ends = unix(&body["session_expires_at"]);
    assert_eq!(ends - expires_at(&response), 510, "{body}");
    let base = env.provider_url().replacen("http", "ws", 1);
    let token = response.token();
    assert!(token.starts_with("auth_tokens/"), "{token}");
    let url = format!("{base}{SOCKET}?access_token={token}");
    assert_eq!(
        body["connect"],
        json!({"live": {"url": url, "protocols": []}})
    );
}

#[tokio::test]
async fn the_provider_gets_the_text_of_the_profile_and_times_in_whole_seconds() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::minted("gemini", "auth_tokens/a-1")]).await;
    let secret = Moto::unique_name("gemini-profiles");
    let profiles = format!(r#"{{"other": {{"model": "models/o"}}, "only": {TEXT}}}"#);
    env.moto.create_secret(&secret, &profiles).await;
    let url = standin.url();
    let settings = [
        ("PROVIDER_BASE_URL", url.as_str()),
        ("PROFILES_SECRET_ID", secret.as_str()),
        ("DEFAULT_PROFILE", "only"),
        ("LOG_LEVEL", "trace"),
    ];
    let function = start(&env, &settings).await;
    for (request, session) in [
        (json!({"expires_in": 60}), 1800),
        (json!({"expires_in": 3600}), 3600),
        (
            json!({"expires_in": 60, "max_session_duration_seconds": 71940}),
            71_940,
        ),
    ] {
        let (response, line) = function.invoke_logged(&post(&env, &request)).await;
        let lifetime = request["expires_in"].as_i64().unwrap_or_default();
        let start = expires_at(&response) - lifetime;
        let expected = [
            r#"{"uses":1,"expireTime":""#,
            &written(start + session),
            r#"","newSessionExpireTime":""#,
            &written(start + lifetime),
            r#"","bidiGenerateContentSetup":"#,
            TEXT,
            "}",
        ];
        let requests = standin.requests();
        let sent = requests.last().expect("a request");
        assert_eq!(sent.text(), expected.concat());
        assert_eq!(
            response.json()["session_expires_at"],
            written(start + session)
        );
        assert_eq!(line["profile"], "only", "{line}");
        assert_absent(
            &[
                ("the response", &response.body),
                ("the log", &function.logs()),
            ],
            &[
                ("the model", "models/a-model-of-the-deployment"),
                ("the instruction", "the caller of the bicycle shop"),
            ],
        );
    }
}

#[tokio::test]
async fn the_times_that_google_states_count_if_they_are_earlier() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let url = standin.url();
    let function = start(&env, &[("PROVIDER_BASE_URL", &url)]).await;
    let now = voicemint_tests::now();
    let at = |seconds: i64| json!(written(now + seconds));
    let mut report = CaseReport::default();
    for (times, starts, ends) in [
        (json!({}), 60, 1800),
        (json!({"expireTime": at(900)}), 60, 900),
        (json!({"newSessionExpireTime": at(30)}), 30, 1800),
        (
            json!({"newSessionExpireTime": at(3600), "expireTime": at(86_400)}),
            60,
            1800,
        ),
        (
            json!({"newSessionExpireTime": at(50), "expireTime": at(40)}),
            40,
            40,
        ),
    ] {
        let mut body = times.clone();
        body["name"] = json!("auth_tokens/a-1");
        standin.set_script([Reply::json(200, &body)]);
        let response = function.invoke(&post(&env, &json!({}))).await;
        let ends_at = unix(&response.json()["session_expires_at"]) - now;
        // The mint began some seconds after `now`.
        let is_about = |found: i64, wanted: i64| (wanted..wanted + 10).contains(&found);
        let found = expires_at(&response) - now;
        let is_right = is_about(found, starts) && is_about(ends_at, ends);
        report.check(&format!("{times}: {found} and {ends_at}"), is_right);
    }
    for wrong in [
        json!({"name": "auth_tokens/a-1", "expireTime": at(0)}),
        json!({"name": "auth_tokens/a-1", "newSessionExpireTime": at(-60)}),
        json!({"name": "auth_tokens/a-1", "expireTime": "soon"}),
        json!({"name": "auth_tokens/"}),
        json!({"name": "a-1"}),
        json!({"token": "auth_tokens/a-1"}),
    ] {
        standin.set_script([Reply::json(200, &wrong)]);
        let response = function.invoke(&post(&env, &json!({}))).await;
        let got = status_and_code(&response);
        report.check_eq(&wrong.to_string(), got.as_str(), "502 provider_rejected");
    }
    report.finish();
}

#[tokio::test]
async fn only_a_profile_and_two_durations_are_accepted() {
    let env = TestEnv::start().await;
    let session = env.issuer.token("ada");
    let long = "max_session_duration_seconds";
    let function = start(&env, &[("MAX_EXPIRES_IN", "1000")]).await;
    let cases = [
        (json!({}), "200"),
        (
            json!({"profile": "default", "expires_in": 1000, long: 1000}),
            "200",
        ),
        (json!({long: 71940}), "200"),
        (json!({"expires_in": 1.0}), "200"),
        (json!({"expires_in": 0}), "422 expires_in"),
        (json!({"expires_in": 1001}), "422 expires_in"),
        (json!({"expires_in": "60"}), "422 expires_in"),
        (json!({"expires_in": null}), "422 expires_in"),
        (json!({"expires_in": 61, long: 60}), "422 expires_in"),
        (json!({long: 59}), "422 max_session_duration_seconds"),
        (json!({long: 71941}), "422 max_session_duration_seconds"),
        (json!({long: true}), "422 max_session_duration_seconds"),
        (json!({"profile": "unknown"}), "422 profile"),
        (json!({"profile": "Default"}), "422 profile"),
        (json!({"profile": ["default"]}), "422 profile"),
        (json!({"model": "models/other"}), "422 model"),
        (json!({"uses": 0}), "422 uses"),
        (
            json!({"bidiGenerateContentSetup": {}}),
            "422 bidiGenerateContentSetup",
        ),
    ];
    assert_bodies(&function, "gemini", &session, &cases).await;
    let function = start(&env, &[("MAX_SESSION_DURATION_SECONDS", "600")]).await;
    let cases = [
        (json!({"expires_in": 600}), "200"),
        (json!({"expires_in": 601}), "422 expires_in"),
        (json!({long: 600}), "200"),
        (json!({long: 601}), "422 max_session_duration_seconds"),
    ];
    assert_bodies(&function, "gemini", &session, &cases).await;
}

#[tokio::test]
async fn a_wrong_profile_is_reported_by_its_pointer_and_the_claim_lists_profiles() {
    let env = TestEnv::start().await;
    let secret = Moto::unique_name("gemini-profiles");
    let profiles = json!({
        "good": {"model": "models/m"},
        "wrong": {"model": "secret-model", "systemInstruction": {"parts": []}},
    });
    env.moto.create_secret(&secret, &profiles.to_string()).await;
    let settings = [
        ("PROFILES_SECRET_ID", secret.as_str()),
        ("GRANTS_CLAIM", "voice"),
    ];
    let function = start(
        &env,
        &[&settings[..], &[("DEFAULT_PROFILE", "good")]].concat(),
    )
    .await;
    let mut claims = env.issuer.claims("ada");
    claims["voice"] = json!(["good", "wrong"]);
    let session = env.issuer.sign(&claims);
    let ask = |profile: &str| {
        let event = Event::post("gemini").bearer(&session);
        event.json_body(&json!({ "profile": profile }))
    };
    assert_eq!(function.invoke(&ask("good")).await.status, 200);
    let (response, line) = function.invoke_logged(&ask("wrong")).await;
    assert_problem(&response, 503, "secret_unavailable");
    let reason = line["reason"].as_str().unwrap_or_default();
    assert!(
        reason.contains("wrong") && reason.contains("/model"),
        "{line}"
    );
    assert_absent(
        &[("the log", &function.logs())],
        &[("the model", "secret-model")],
    );
    let other = function.invoke(&ask("other")).await;
    assert_problem(&other, 403, "grant_not_allowed");
}

#[tokio::test]
async fn googles_errors_are_told_apart() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let url = standin.url();
    let function = start(&env, &[("PROVIDER_BASE_URL", &url), ("LOG_LEVEL", "trace")]).await;
    let error = |code: u16, status: &str, reason: Option<&str>| {
        let mut error = json!({"code": code, "message": "words of Google", "status": status});
        if let Some(reason) = reason {
            let info = "type.googleapis.com/google.rpc.ErrorInfo";
            error["details"] = json!([{"@type": info, "reason": reason}]);
        }
        Reply::json(code, &json!({ "error": error })).header("retry-after", "30")
    };
    let mut report = CaseReport::default();
    for (reply, want, reason) in [
        (
            error(400, "INVALID_ARGUMENT", Some("API_KEY_INVALID")),
            "502 provider_rejected",
            "API_KEY_INVALID",
        ),
        (
            error(400, "INVALID_ARGUMENT", None),
            "502 provider_rejected",
            "INVALID_ARGUMENT",
        ),
        (
            error(403, "PERMISSION_DENIED", None),
            "502 provider_rejected",
            "PERMISSION_DENIED",
        ),
        (
            error(403, "PERMISSION_DENIED", Some("SERVICE_DISABLED")),
            "502 provider_rejected",
            "SERVICE_DISABLED",
        ),
        (
            error(429, "RESOURCE_EXHAUSTED", None),
            "503 provider_unavailable",
            "RESOURCE_EXHAUSTED",
        ),
        (
            error(503, "UNAVAILABLE", None),
            "503 provider_unavailable",
            "UNAVAILABLE",
        ),
    ] {
        standin.set_script([reply]);
        let (response, line) = function.invoke_logged(&post(&env, &json!({}))).await;
        report.check_eq(reason, status_and_code(&response).as_str(), want);
        let logged = line["reason"].as_str().unwrap_or_default();
        report.check(&format!("{reason} in {logged:?}"), logged.ends_with(reason));
    }
    report.finish();
    assert_absent(
        &[("the log", &function.logs())],
        &[("Google's text", "words of Google")],
    );
}
