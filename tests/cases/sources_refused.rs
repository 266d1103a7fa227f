//! Every event source: each kind of error, in the format of the source.

use serde_json::json;
use voicemint_tests::{
    ClosedPort, DocumentFault, Event, EventSource, LimitTable, Reply, SESSION_COOKIE,
    ScriptedServer, TestEnv, now,
};

use crate::support::{assert_problem, assert_readable, list};

#[tokio::test]
async fn errors_of_the_caller_are_refused_from_each_source() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let bare = Event::post("cartesia");
    let good = bare.clone().bearer(&env.issuer.token("ada"));
    let cookie = bare
        .clone()
        .cookie(SESSION_COOKIE, &env.issuer.token("ada"));
    let mut expired = env.issuer.claims("ada");
    expired["exp"] = json!(now() - 60);
    let too_large = " ".repeat(4097);
    let form = good
        .clone()
        .header("content-type", "application/x-www-form-urlencoded");
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
        (
            good.clone().header("sec-fetch-mode", "navigate"),
            403,
            "origin_not_allowed",
        ),
        (good.clone().method("PUT"), 405, "method_not_allowed"),
        (good.clone().method("HEAD"), 405, "method_not_allowed"),
        (good.clone().body(&too_large), 413, "request_too_large"),
        (
            good.clone().body_base64(too_large.as_bytes()),
            413,
            "request_too_large",
        ),
        (
            good.clone().header("content-type", "text/plain"),
            415,
            "media_type_not_supported",
        ),
        // A load balancer encodes bodies of media types other than text and JSON.
        (
            form.body_base64(b"grants=tts"),
            415,
            "media_type_not_supported",
        ),
        (
            good.clone().json_body(&json!({ "expires_in": 0 })),
            422,
            "request_invalid",
        ),
    ] {
        for source in EventSource::ALL {
            let response = function.invoke(&event.via(source)).await;
            assert_problem(&response, status, code);
            assert_readable(&response);
            let challenge = match code {
                "session_missing" => "Bearer",
                "session_invalid" | "session_expired" => r#"Bearer error="invalid_token""#,
                _ => "",
            };
            assert_eq!(
                response.header("www-authenticate"),
                challenge,
                "{source:?}: {code}"
            );
            let allow = if status == 405 {
                vec!["delete", "get", "options", "post"]
            } else {
                vec![]
            };
            assert_eq!(list(response.header("allow")), allow, "{source:?}: {code}");
            assert_eq!(
                response.json()["errors"].is_array(),
                status == 422,
                "{source:?}: {code}"
            );
        }
    }
    for event in [
        good.clone().origin("https://evil.example"),
        good.clone().origin("null"),
        good.no_origin().header("sec-fetch-site", "cross-site"),
        // A cookie does not prove that the request is from an allowed page.
        cookie.no_origin(),
    ] {
        for source in EventSource::ALL {
            let response = function.invoke(&event.via(source)).await;
            assert_problem(&response, 403, "origin_not_allowed");
            assert!(
                response
                    .headers
                    .keys()
                    .all(|name| !name.starts_with("access-control-")),
                "{source:?}: {response:?}"
            );
        }
    }
    assert_eq!((env.mints("cartesia"), function.starts()), (0, 1));
}

#[tokio::test]
async fn all_sources_share_one_limit() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let function = table
        .configure(env.function("elevenlabs"))
        .env("RATE_LIMIT", "1/hour")
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    assert_eq!(
        function.invoke(&event).await.status,
        200,
        "{}",
        function.logs()
    );
    for source in EventSource::ALL {
        let response = function.invoke(&event.via(source)).await;
        assert_problem(&response, 429, "rate_limited");
        assert_readable(&response);
        let wait: u32 = response.header("retry-after").parse().unwrap_or_default();
        assert!((3500..=3600).contains(&wait), "{source:?}: {response:?}");
    }
    assert_eq!(env.mints("elevenlabs"), 1);
}

#[tokio::test]
async fn outages_are_reported_through_each_source() {
    let env = TestEnv::start().await;
    let closed_port = ClosedPort::reserve();
    let rejecting =
        ScriptedServer::start([Reply::json(401, &json!({ "error": "unauthorized" }))]).await;
    let down = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", closed_port.url());
    let rejected = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", rejecting.url());
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    for (function, status, code) in [
        (down.start().await, 503, "provider_unavailable"),
        (rejected.start().await, 502, "provider_rejected"),
    ] {
        for source in EventSource::ALL {
            let response = function.invoke(&event.via(source)).await;
            assert_problem(&response, status, code);
            assert_readable(&response);
        }
    }
    env.issuer.set_jwk_set_fault(DocumentFault::Error500);
    let function = env.function("cartesia").start().await;
    for source in EventSource::ALL {
        let response = function.invoke(&event.via(source)).await;
        assert_problem(&response, 503, "session_unavailable");
        assert!(
            response
                .header("retry-after")
                .parse::<u32>()
                .is_ok_and(|seconds| seconds > 0),
            "{source:?}: {response:?}"
        );
    }
}
