//! Every code of the error table that can be caused from outside: its problem document, headers,
//! log line and metric. `internal` has no case, because anything that causes it is a bug.

use serde_json::json;
use voicemint_tests::{
    ClosedPort, DocumentFault, Event, Function, Issuer, Reply, ScriptedServer, TestEnv,
};

use crate::support::{assert_problem, assert_readable, list, metric};

async fn assert_refused(
    function: &Function,
    event: &Event,
    status: u16,
    code: &str,
) -> voicemint_tests::Response {
    let (response, line) = function.invoke_logged(event).await;
    assert_problem(&response, status, code);
    assert_eq!(line["outcome"], code, "{line}");
    assert_eq!(line["status"], status, "{line}");
    assert_eq!(line["provider"], "cartesia", "{line}");
    assert_eq!(line["request_id"], response.json()["request_id"], "{line}");
    assert!(
        line["reason"].as_str().is_some_and(|text| !text.is_empty()),
        "{line}"
    );
    assert!(line["source"].is_null(), "{line}");
    let (count, mut dimensions) =
        metric(&line, "Refused").unwrap_or_else(|| panic!("a metric: {line}"));
    dimensions.iter_mut().for_each(|set| set.sort());
    dimensions.sort();
    assert_eq!(
        (count, &line["Provider"], &line["Code"]),
        (1.0, &json!("cartesia"), &json!(code)),
        "{line}"
    );
    assert_eq!(
        dimensions,
        [vec!["Code", "Provider"], vec!["Provider"]],
        "{line}"
    );
    assert_eq!(metric(&line, "Minted"), None, "{line}");
    response
}

#[tokio::test]
async fn errors_of_the_caller() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let bare = Event::post("cartesia");
    let good = bare.clone().bearer(&env.issuer.token("ada"));
    let mut expired = env.issuer.claims("ada");
    expired["exp"] = json!(voicemint_tests::now() - 60);
    for (event, status, code) in [
        (good.clone().body("{"), 400, "request_malformed"),
        (bare.clone(), 401, "session_missing"),
        (bare.clone().bearer("not.a.session"), 401, "session_invalid"),
        (
            bare.clone().bearer(&env.issuer.sign(&expired)),
            401,
            "session_expired",
        ),
        (
            good.clone()
                .json_body(&json!({ "grants": { "agent": true } })),
            403,
            "grant_not_allowed",
        ),
        (good.clone().method("PUT"), 405, "method_not_allowed"),
        (
            good.clone().body(&" ".repeat(4097)),
            413,
            "request_too_large",
        ),
        (
            good.clone().header("content-type", "text/plain"),
            415,
            "media_type_not_supported",
        ),
        (
            good.clone().json_body(&json!({ "expires_in": 0 })),
            422,
            "request_invalid",
        ),
    ] {
        let response = assert_refused(&function, &event, status, code).await;
        // The page can read the response.
        assert_readable(&response);
        let challenge = match code {
            "session_missing" => "Bearer",
            "session_invalid" | "session_expired" => r#"Bearer error="invalid_token""#,
            _ => "",
        };
        assert_eq!(response.header("www-authenticate"), challenge, "{code}");
        let allow = if status == 405 {
            vec!["delete", "get", "options", "post"]
        } else {
            vec![]
        };
        assert_eq!(list(response.header("allow")), allow, "{code}");
        assert_eq!(
            response.json()["errors"].is_array(),
            status == 422,
            "{code}"
        );
    }
    let evil = assert_refused(
        &function,
        &good.clone().origin("https://evil.example"),
        403,
        "origin_not_allowed",
    )
    .await;
    assert!(
        evil.headers
            .keys()
            .all(|name| !name.starts_with("access-control-")),
        "{evil:?}"
    );
    assert_eq!(evil.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(env.mints("cartesia"), 0);
}

#[tokio::test]
async fn other_methods_are_refused_with_the_list_of_allowed_methods() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    for method in [
        "PUT", "PATCH", "HEAD", "TRACE", "CONNECT", "PROPFIND", "post",
    ] {
        let event = Event::post("cartesia")
            .bearer(&env.issuer.token("ada"))
            .method(method);
        let response = function.invoke(&event).await;
        assert_problem(&response, 405, "method_not_allowed");
        assert_eq!(
            list(response.header("allow")),
            ["delete", "get", "options", "post"],
            "{method}"
        );
    }
}

#[tokio::test]
async fn the_provider_refuses() {
    let env = TestEnv::start().await;
    env.set_key("cartesia", "sk_car_another-key-than-ours");
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_readable(&assert_refused(&function, &event, 502, "provider_rejected").await);
}

#[tokio::test]
async fn the_provider_is_down() {
    let env = TestEnv::start().await;
    let closed_port = ClosedPort::reserve();
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", closed_port.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_readable(&assert_refused(&function, &event, 503, "provider_unavailable").await);
}

#[tokio::test]
async fn the_provider_does_not_respond() {
    let env = TestEnv::start().await;
    let silent = ScriptedServer::start([Reply::silence()]).await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", silent.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_readable(&assert_refused(&function, &event, 504, "provider_timeout").await);
}

#[tokio::test]
async fn the_identity_provider_is_down() {
    let env = TestEnv::start().await;
    env.issuer.set_jwk_set_fault(DocumentFault::Error500);
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let response = assert_refused(&function, &event, 503, "session_unavailable").await;
    assert_readable(&response);
    assert!(
        response
            .header("retry-after")
            .parse::<u32>()
            .is_ok_and(|seconds| seconds > 0),
        "{response:?}"
    );
    assert!(!response.has_header("www-authenticate"));
}

#[tokio::test]
async fn secrets_manager_is_down() {
    let env = TestEnv::start().await;
    env.secrets_proxy.disable().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_readable(&assert_refused(&function, &event, 503, "secret_unavailable").await);
}

#[tokio::test]
async fn callers_without_a_session_learn_nothing_about_outages() {
    let env = TestEnv::start().await;
    env.secrets_proxy.disable().await;
    let closed_port = ClosedPort::reserve();
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", closed_port.url())
        .start()
        .await;
    assert_problem(
        &function.invoke(&Event::post("cartesia")).await,
        401,
        "session_missing",
    );
    let stranger = Issuer::start().await;
    let event = Event::post("cartesia").bearer(&stranger.token("ada"));
    assert_problem(&function.invoke(&event).await, 401, "session_invalid");
}
