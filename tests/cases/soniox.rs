//! What only Soniox has: its usage types, one use by a setting, the session's cap, the user's
//! reference, sockets with the token as a subprotocol, and its error types.

use serde_json::{Value, json};
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{Event, Function, Reply, Response, ScriptedServer, TestEnv, mint_response};

use crate::support::{CaseReport, expires_at, status_and_code};
use crate::token_request::{assert_bodies, assert_queries};

const COOKIE: &str = "__Host-soniox-token";
const TRANSCRIBE: &str = "transcribe_websocket";
const SPEAK: &str = "tts_rt";

fn mint(session: &str, body: &Value) -> Event {
    Event::post("soniox").bearer(session).json_body(body)
}

#[tokio::test]
async fn a_token_opens_the_socket_of_its_usage_type() {
    let env = TestEnv::start().await;
    let function = env.function("soniox").start().await;
    let base = env.provider_url().replacen("http", "ws", 1);
    for (usage_type, path) in [
        (TRANSCRIBE, "/transcribe-websocket"),
        (SPEAK, "/tts-websocket"),
    ] {
        let event = mint(
            &env.issuer.token("ada"),
            &json!({ "usage_type": usage_type }),
        );
        let response = function.invoke(&event).await;
        let protocols = json!(["soniox-api-key", response.token()]);
        let entry = json!({ "url": format!("{base}{path}"), "protocols": protocols });
        let body = response.json();
        assert_eq!(
            body["connect"],
            json!({ usage_type: entry }),
            "{response:?}"
        );
        assert_eq!(body["base_url"], env.provider_url());
        assert_eq!(body["single_use"], true);
    }
}

#[tokio::test]
async fn soniox_requires_a_usage_type_and_accepts_its_ranges() {
    let env = TestEnv::start().await;
    let function = env.function("soniox").start().await;
    let session = env.issuer.token("ada");
    assert_bodies(
        &function,
        "soniox",
        &session,
        &[
            (json!({}), "422 usage_type"),
            (json!({ "usage_type": "async" }), "422 usage_type"),
            (json!({ "usage_type": SPEAK }), "200"),
            (
                json!({ "usage_type": SPEAK, "expires_in_seconds": 1 }),
                "200",
            ),
            (json!({ "usage_type": SPEAK, "expires_in": 3600 }), "200"),
            (
                json!({ "usage_type": SPEAK, "expires_in": 3601 }),
                "422 expires_in",
            ),
            (
                json!({ "usage_type": SPEAK, "expires_in": 60, "expires_in_seconds": 60 }),
                "422 expires_in",
            ),
            (
                json!({ "usage_type": SPEAK, "max_session_duration_seconds": 18_000 }),
                "200",
            ),
            (
                json!({ "usage_type": SPEAK, "max_session_duration_seconds": 18_001 }),
                "422 max_session_duration_seconds",
            ),
            (
                json!({ "usage_type": SPEAK, "single_use": false }),
                "422 single_use",
            ),
            (
                json!({ "usage_type": SPEAK, "client_reference_id": "eve" }),
                "422 client_reference_id",
            ),
        ],
    )
    .await;
    assert_queries(
        &function,
        "soniox",
        &session,
        &[
            ("", "422 usage_type"),
            (
                "usage_type=tts_rt&expires_in=5&max_session_duration_seconds=1",
                "200",
            ),
            ("usage_type=tts_rt,transcribe_websocket", "422 usage_type"),
            (
                "usage_type=tts_rt&usage_type=tts_rt",
                "400 request_malformed",
            ),
        ],
    )
    .await;
    let one = env.function("soniox").env("ALLOWED_USAGE_TYPES", SPEAK);
    assert_bodies(
        &one.env("MAX_SESSION_DURATION_SECONDS", "600").start().await,
        "soniox",
        &session,
        &[
            (json!({}), "200"),
            (json!({ "usage_type": TRANSCRIBE }), "403 grant_not_allowed"),
            (
                json!({ "max_session_duration_seconds": 601 }),
                "422 max_session_duration_seconds",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_claim_lists_usage_types() {
    let env = TestEnv::start().await;
    let function = env
        .function("soniox")
        .env("GRANTS_CLAIM", "voice")
        .start()
        .await;
    let mut claims = env.issuer.claims("ada");
    claims["voice"] = json!([SPEAK]);
    let session = env.issuer.sign(&claims);
    for (usage_type, want) in [(SPEAK, "200"), (TRANSCRIBE, "403 grant_not_allowed")] {
        let response = function
            .invoke(&mint(&session, &json!({ "usage_type": usage_type })))
            .await;
        assert_eq!(status_and_code(&response), want);
    }
}

/// Mints by a provider that records the call. Returns its body and the log line.
async fn sent(function: &Function, standin: &ScriptedServer, event: &Event) -> (Value, Value) {
    let (response, line) = function.invoke_logged(event).await;
    assert_eq!(response.status, 200, "{response:?}");
    let requests = standin.requests();
    let request = requests.last().expect("a call");
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/v1/auth/temporary-api-key")
    );
    let bearer = format!("Bearer {}", TestEnv::key("soniox"));
    assert_eq!(request.header("authorization"), Some(bearer.as_str()));
    assert_eq!(request.header("content-type"), Some("application/json"));
    (request.json(), line)
}

#[tokio::test]
async fn soniox_is_sent_every_restriction_and_the_users_reference() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::minted("soniox", "snx_temp_of_the_test")]).await;
    let long = "u".repeat(257);
    for (settings, subject, reference) in [
        (vec![], "ada", Some("hash")),
        (vec![("SUBJECT_REFERENCE", "hashed")], "ada", Some("hash")),
        (vec![("SUBJECT_REFERENCE", "plain")], "ada", Some("ada")),
        (vec![("SUBJECT_REFERENCE", "plain")], "\"ü\\", Some("\"ü\\")),
        (vec![("SUBJECT_REFERENCE", "plain")], &long, Some("hash")),
        (vec![("SUBJECT_REFERENCE", "none")], "ada", None),
    ] {
        let mut builder = env
            .function("soniox")
            .env("PROVIDER_BASE_URL", standin.url());
        for (name, value) in settings {
            builder = builder.env(name, value);
        }
        let function = builder.start().await;
        let event = mint(
            &env.issuer.token(subject),
            &json!({ "usage_type": TRANSCRIBE }),
        );
        let (body, line) = sent(&function, &standin, &event).await;
        let mut expected = json!({
            "usage_type": TRANSCRIBE, "expires_in_seconds": 60, "single_use": true,
        });
        match reference {
            Some("hash") => expected["client_reference_id"] = line["subject"].clone(),
            Some(subject) => expected["client_reference_id"] = subject.into(),
            None => {}
        }
        assert_eq!(body, expected);
    }
    let function = env
        .function("soniox")
        .env("PROVIDER_BASE_URL", standin.url())
        .env("SINGLE_USE", "false")
        .env("SUBJECT_REFERENCE", "none")
        .env("MAX_SESSION_DURATION_SECONDS", "900")
        .start()
        .await;
    for (more, session) in [
        (json!({}), 900),
        (json!({ "max_session_duration_seconds": 9 }), 9),
    ] {
        let mut request = json!({ "usage_type": SPEAK, "expires_in": 5 });
        request.as_object_mut().into_iter().for_each(|members| {
            members.extend(more.as_object().cloned().unwrap_or_default());
        });
        let event = mint(&env.issuer.token("ada"), &request);
        let expected = json!({
            "usage_type": SPEAK, "expires_in_seconds": 5, "single_use": false,
            "max_session_duration_seconds": session,
        });
        assert_eq!(sent(&function, &standin, &event).await.0, expected);
    }
}

#[tokio::test]
async fn a_reusable_token_is_resumed_only_for_what_it_was_minted_for() {
    let env = TestEnv::start().await;
    let function = env
        .function("soniox")
        .env("SINGLE_USE", "false")
        .start()
        .await;
    let session = env.issuer.token("ada");
    let speak = json!({ "usage_type": SPEAK });
    let first = function.invoke(&mint(&session, &speak)).await;
    assert_eq!(first.json()["single_use"], false, "{first:?}");
    let (_, cookie, _) = first
        .cookie()
        .unwrap_or_else(|| panic!("one cookie: {first:?}"));
    let again = async |session: &str, body: &Value| -> Response {
        let event = mint(session, body).cookie(COOKIE, &cookie);
        function.invoke(&event).await
    };
    let resumed = again(&session, &speak).await;
    assert_eq!(resumed.header("voicemint-source"), "resumed", "{resumed:?}");
    assert_eq!(resumed.token(), first.token());
    assert_eq!(resumed.json()["connect"], first.json()["connect"]);
    let capped = json!({ "usage_type": SPEAK, "max_session_duration_seconds": 60 });
    let other = json!({ "usage_type": TRANSCRIBE });
    let bob = env.issuer.token("bob");
    for (session, body) in [(&session, &capped), (&session, &other), (&bob, &speak)] {
        let minted = again(session, body).await;
        assert_eq!(minted.header("voicemint-source"), "minted", "{body}");
        assert_ne!(minted.token(), first.token());
    }
    // With another cap of the deployment, or for one use, the old cookie is worth nothing.
    for (name, value) in [
        ("MAX_SESSION_DURATION_SECONDS", "60"),
        ("SINGLE_USE", "true"),
    ] {
        let function = env
            .function("soniox")
            .env("SINGLE_USE", "false")
            .env(name, value)
            .start()
            .await;
        let event = mint(&session, &speak).cookie(COOKIE, &cookie);
        let minted = function.invoke(&event).await;
        assert_eq!(minted.header("voicemint-source"), "minted", "{name}");
    }
}

#[tokio::test]
async fn the_expiry_that_soniox_states_is_used_if_it_is_earlier() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let function = env
        .function("soniox")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let event = mint(
        &env.issuer.token("ada"),
        &json!({ "usage_type": SPEAK, "expires_in": 3600 }),
    );
    let with_expiry = |expires_at: Value| {
        let mut body = mint_response("soniox", "snx_temp_of_the_test");
        body["expires_at"] = expires_at;
        Reply::json(201, &body)
    };
    let in_a_minute = voicemint_tests::now() + 60;
    let text = time::OffsetDateTime::from_unix_timestamp(in_a_minute)
        .ok()
        .and_then(|moment| {
            moment
                .format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .expect("a time");
    standin.set_script([with_expiry(text.into())]);
    let response = function.invoke(&event).await;
    assert_eq!(expires_at(&response), in_a_minute, "{response:?}");
    for refused in [
        json!("2020-01-01T00:00:00Z"),
        json!("soon"),
        json!(1),
        json!(null),
    ] {
        standin.set_script([with_expiry(refused.clone())]);
        let response = function.invoke(&event).await;
        assert_eq!(
            status_and_code(&response),
            "502 provider_rejected",
            "{refused}"
        );
    }
}

#[tokio::test]
async fn error_types_are_told_apart_and_nothing_else_of_the_body_is_logged() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([]).await;
    let function = env
        .function("soniox")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let session = env.issuer.token("ada");
    let event = mint(&session, &json!({ "usage_type": SPEAK }));
    let message = "a-message-with-the-key-or-more";
    let mut report = CaseReport::default();
    for (status, error_type, want, calls) in [
        (401, "unauthenticated", "502 provider_rejected", 1),
        (403, "permission_denied", "502 provider_rejected", 1),
        (
            402,
            "organization_balance_exhausted",
            "502 provider_rejected",
            1,
        ),
        (400, "invalid_request", "502 provider_rejected", 1),
        (429, "limit_exceeded", "503 provider_unavailable", 2),
        (503, "service_unavailable", "503 provider_unavailable", 2),
        (402, message, "502 provider_rejected", 1),
    ] {
        standin.set_script([Reply::json(
            status,
            &json!({
                "status_code": status, "error_type": error_type, "message": message,
                "validation_errors": [], "request_id": message,
            }),
        )]);
        let before = standin.requests().len();
        let (response, line) = function.invoke_logged(&event).await;
        let case = format!("{status} {error_type}");
        report.check_eq(&case, status_and_code(&response), want);
        report.check_eq(&case, standin.requests().len() - before, calls);
        let reason = line["reason"].as_str().unwrap_or_default();
        let is_named = reason.contains(error_type);
        report.check(
            &format!("{case}: {reason}"),
            is_named == (error_type != message),
        );
        assert_absent(
            &[
                ("the response", &response.body),
                ("the line", &line.to_string()),
            ],
            &[("the message", message)],
        );
    }
    report.finish();
    let logs = function.logs();
    assert_absent(
        &[("the log", &logs)],
        &[
            ("the key", TestEnv::key("soniox")),
            ("the session", &session),
        ],
    );
}
