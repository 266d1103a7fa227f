//! What the provider is sent for a token request, and how a deployment restricts what the provider
//! offers.

use serde_json::json;
use voicemint_tests::{Event, Reply, Request, ScriptedServer, TestEnv};

use crate::support::CaseReport;
use crate::token_request::assert_bodies;

#[tokio::test]
async fn the_provider_is_sent_what_the_caller_requested() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::token("a-token-of-the-provider")]).await;
    let session = env.issuer.token("ada");
    let mut report = CaseReport::default();

    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    for (body, tts, stt, expires_in) in [
        (json!({}), true, true, 60),
        (json!({ "grants": { "tts": true } }), true, false, 60),
        (
            json!({ "grants": { "stt": true, "tts": false }, "expires_in": 3600 }),
            false,
            true,
            3600,
        ),
    ] {
        function
            .invoke(&Event::post("cartesia").bearer(&session).json_body(&body))
            .await;
        let sent = standin
            .requests()
            .last()
            .map(Request::json)
            .unwrap_or_default();
        let got = (
            sent["grants"]["tts"] == true,
            sent["grants"]["stt"] == true,
            sent["expires_in"].as_i64(),
        );
        report.check_eq(&body.to_string(), got, (tts, stt, Some(expires_in)));
    }

    let function = env
        .function("elevenlabs")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    for kind in ["realtime_scribe", "tts_websocket", "batch_scribe"] {
        let body = json!({ "token_type": kind });
        function
            .invoke(&Event::post("elevenlabs").bearer(&session).json_body(&body))
            .await;
        let sent = standin
            .requests()
            .last()
            .map(|request| request.target.clone());
        report.check_eq(kind, sent, Some(format!("/v1/single-use-token/{kind}")));
    }

    let function = env
        .function("assemblyai")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    for (body, want) in [
        (json!({}), "expires_in_seconds=60"),
        (json!({ "expires_in": 30 }), "expires_in_seconds=30"),
        (
            json!({ "expires_in_seconds": 600, "max_session_duration_seconds": 90 }),
            "expires_in_seconds=600&max_session_duration_seconds=90",
        ),
    ] {
        function
            .invoke(&Event::post("assemblyai").bearer(&session).json_body(&body))
            .await;
        let sent = standin
            .requests()
            .last()
            .map(|request| request.target.clone());
        report.check_eq(&body.to_string(), sent, Some(format!("/v3/token?{want}")));
    }
    report.finish();
}

#[tokio::test]
async fn the_deployment_may_allow_less_than_the_provider() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([Reply::token("a-token-of-the-provider")]).await;
    let session = env.issuer.token("ada");
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url());
    let function = function
        .env("ALLOWED_GRANTS", "stt,agent")
        .env("MAX_EXPIRES_IN", "120");
    let function = function.env("DEFAULT_EXPIRES_IN", "90").start().await;
    assert_bodies(
        &function,
        "cartesia",
        &session,
        &[
            (
                json!({ "grants": { "tts": true } }),
                "403 grant_not_allowed",
            ),
            (
                json!({ "grants": { "tts": true, "stt": true } }),
                "403 grant_not_allowed",
            ),
            (json!({ "expires_in": 121 }), "422 expires_in"),
            (json!({ "expires_in": 120 }), "200"),
            (json!({ "grants": { "agent": true } }), "200"),
            (json!({}), "200"),
        ],
    )
    .await;
    let sent = standin
        .requests()
        .last()
        .map(Request::json)
        .unwrap_or_default();
    assert_eq!(sent["expires_in"], 90);
    assert_eq!(
        [&sent["grants"]["stt"], &sent["grants"]["agent"]],
        [true, true]
    );
    assert_ne!(sent["grants"]["tts"], true);

    let function = env
        .function("assemblyai")
        .env("PROVIDER_BASE_URL", standin.url());
    let function = function
        .env("MAX_EXPIRES_IN", "300")
        .env("DEFAULT_EXPIRES_IN", "45");
    let function = function
        .env("MAX_SESSION_DURATION_SECONDS", "600")
        .start()
        .await;
    assert_bodies(
        &function,
        "assemblyai",
        &session,
        &[
            (
                json!({ "expires_in_seconds": 301 }),
                "422 expires_in_seconds",
            ),
            (
                json!({ "max_session_duration_seconds": 601 }),
                "422 max_session_duration_seconds",
            ),
            (json!({ "max_session_duration_seconds": 600 }), "200"),
            (json!({}), "200"),
        ],
    )
    .await;
    let sent = standin
        .requests()
        .last()
        .map(|request| request.target.clone());
    // The deployment's maximum is sent if the request contains no duration.
    assert_eq!(
        sent.as_deref(),
        Some("/v3/token?expires_in_seconds=45&max_session_duration_seconds=600")
    );
}

#[tokio::test]
async fn elevenlabs_needs_no_token_type_if_only_one_is_allowed() {
    let env = TestEnv::start().await;
    let function = env
        .function("elevenlabs")
        .env("ALLOWED_TOKEN_TYPES", "tts_websocket")
        .start()
        .await;
    assert_bodies(
        &function,
        "elevenlabs",
        &env.issuer.token("ada"),
        &[
            (json!({}), "200"),
            (json!({ "token_type": "tts_websocket" }), "200"),
            (
                json!({ "token_type": "realtime_scribe" }),
                "403 grant_not_allowed",
            ),
            (json!({ "token_type": "magic" }), "422 token_type"),
        ],
    )
    .await;
}
