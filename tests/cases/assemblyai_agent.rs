//! AssemblyAI's second product, the Voice Agent API: its own host mints its tokens, and accepts
//! them.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use voicemint_stand_in::Scope;
use voicemint_tests::leaks::assert_absent;
use voicemint_tests::{Event, FunctionBuilder, Reply, ScriptedServer, TestEnv};

use crate::settings::startup_error;
use crate::support::{CaseReport, status_and_code};

const AGENT: Scope = Scope("agent");
const DENIED: &str = "403 grant_not_allowed";

fn event(env: &TestEnv, product: &str) -> Event {
    Event::post("assemblyai")
        .bearer(&env.issuer.token("ada"))
        .json_body(&json!({ "product": product }))
}

/// A function whose products are minted at these servers.
fn function(env: &TestEnv, streaming: &ScriptedServer, agents: &ScriptedServer) -> FunctionBuilder {
    env.function("assemblyai")
        .env("PROVIDER_BASE_URL", streaming.url())
        .env("AGENT_BASE_URL", agents.url())
}

async fn server() -> ScriptedServer {
    let minted = json!({ "token": "the-token", "expires_in_seconds": 45 });
    ScriptedServer::start([Reply::json(200, &minted)]).await
}

#[tokio::test]
async fn an_agents_token_opens_its_socket_once_and_nothing_of_streaming() {
    let env = TestEnv::start().await;
    let function = env.function("assemblyai").start().await;
    let (response, line) = function.invoke_logged(&event(&env, "agent")).await;
    let body = response.json();
    let token = response.token();
    let url = format!(
        "{}/v1/ws?token={token}",
        env.provider_url().replacen("http", "ws", 1)
    );
    assert_eq!(
        body,
        json!({
            "provider": "assemblyai", "token": token, "expires_in": 60,
            "expires_at": body["expires_at"], "single_use": true, "base_url": env.provider_url(),
            "connect": { "agent": { "url": url, "protocols": [] } },
        })
    );
    let again = event(&env, "agent");
    let (name, value, _) = response.cookie().expect("a cookie");
    let second = function.invoke(&again.cookie(&name, &value)).await;
    assert_eq!(second.header("voicemint-source"), "minted", "never resumed");
    assert_ne!(second.token(), token);

    assert!(!env.redeem("assemblyai", &token), "for streaming");
    assert!(env.redeem_for("assemblyai", &token, AGENT));
    assert!(
        !env.redeem_for("assemblyai", &token, AGENT),
        "a second time"
    );
    let streaming = function.invoke(&event(&env, "streaming")).await.token();
    assert!(!env.redeem_for("assemblyai", &streaming, AGENT));
    assert_absent(
        &[
            ("the line", &line.to_string()),
            ("the logs", &function.logs()),
        ],
        &[
            ("the token", &token),
            ("the key", TestEnv::key("assemblyai")),
        ],
    );
}

#[tokio::test]
async fn each_product_is_minted_at_its_own_host() {
    let env = TestEnv::start().await;
    let (streaming, agents) = (server().await, server().await);
    let function = function(&env, &streaming, &agents).start().await;
    let capped = json!({
        "product": "agent", "expires_in_seconds": 600, "max_session_duration_seconds": 90,
    });
    let response = function
        .invoke(&event(&env, "agent").json_body(&capped))
        .await;
    assert_eq!(response.json()["base_url"], agents.url());
    assert_eq!(
        response.json()["expires_in"],
        45,
        "the provider's statement"
    );
    let requests = agents.requests();
    let [request] = requests.as_slice() else {
        panic!("{requests:?}");
    };
    let target = "/v1/token?expires_in_seconds=600&max_session_duration_seconds=90";
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("GET", target)
    );
    let key = TestEnv::key("assemblyai");
    assert_eq!(request.header("authorization"), Some(key));
    assert_eq!(streaming.requests().len(), 0);
    let response = function.invoke(&event(&env, "streaming")).await;
    assert_eq!(response.json()["base_url"], streaming.url());
    assert_eq!(
        (streaming.requests().len(), agents.requests().len()),
        (1, 1)
    );
}

#[tokio::test]
async fn the_deployment_and_the_claim_allow_products_separately() {
    let env = TestEnv::start().await;
    let mut report = CaseReport::default();
    for (allowed, claim, streaming, agent, none) in [
        ("streaming", None, "200", DENIED, "200"),
        ("agent", None, DENIED, "200", "200"),
        ("streaming,agent", Some("stt"), "200", DENIED, "200"),
        ("streaming,agent", Some("agent"), DENIED, "200", DENIED),
        ("agent", Some("agent"), DENIED, "200", "200"),
        ("agent", Some("stt"), DENIED, DENIED, DENIED),
        ("streaming,agent", Some("stt agent"), "200", "200", "200"),
        ("streaming,agent", Some("streaming"), DENIED, DENIED, DENIED),
    ] {
        let mut builder = env.function("assemblyai").env("ALLOWED_PRODUCTS", allowed);
        let mut claims = env.issuer.claims("ada");
        if let Some(claim) = claim {
            builder = builder.env("GRANTS_CLAIM", "voice");
            claims["voice"] = json!(claim);
        }
        let function = builder.start().await;
        let session = env.issuer.sign(&claims);
        for (body, want) in [
            (json!({ "product": "streaming" }), streaming),
            (json!({ "product": "agent" }), agent),
            (json!({}), none),
        ] {
            let event = Event::post("assemblyai").bearer(&session).json_body(&body);
            let got = status_and_code(&function.invoke(&event).await);
            report.check_eq(&format!("{allowed} {claim:?} {body}"), got, want);
        }
    }
    report.finish();
}

#[tokio::test]
async fn another_host_of_streaming_needs_one_of_agents_if_they_are_allowed() {
    let env = TestEnv::start().await;
    let builder = env.function("assemblyai").without("AGENT_BASE_URL");
    let text = startup_error(builder.clone()).await.unwrap_or_default();
    assert!(
        text.contains("AGENT_BASE_URL is not set")
            && text.contains("https://agents.assemblyai.com"),
        "{text}"
    );
    let streaming = builder.clone().env("ALLOWED_PRODUCTS", "streaming");
    assert_eq!(startup_error(streaming).await, None);
    let public = builder.without("PROVIDER_BASE_URL");
    assert_eq!(startup_error(public).await, None);
}

#[tokio::test]
async fn the_host_of_the_default_product_is_warmed() {
    let env = TestEnv::start().await;
    for (allowed, warms_agents) in [("streaming,agent", false), ("agent", true)] {
        let (streaming, agents) = (server().await, server().await);
        let function = function(&env, &streaming, &agents)
            .env("ALLOWED_PRODUCTS", allowed)
            .start()
            .await;
        function.invoke(&Event::delete("assemblyai")).await;
        let (warmed, other) = if warms_agents {
            (&agents, &streaming)
        } else {
            (&streaming, &agents)
        };
        while warmed.preconnects().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(other.connections(), 0, "{allowed}");
    }
}

#[tokio::test]
async fn what_the_host_of_agents_answers_is_judged_like_the_other() {
    let env = TestEnv::start().await;
    let (streaming, agents) = (server().await, server().await);
    let function = function(&env, &streaming, &agents).start().await;
    let json = |status, body| Reply::json(status, &body);
    let mut report = CaseReport::default();
    for (reply, want) in [
        (json(200, json!({ "token": 7 })), "502 provider_rejected"),
        (json(200, json!({})), "502 provider_rejected"),
        (json(200, json!([])), "502 provider_rejected"),
        (
            json(200, json!({ "token": "t", "expires_in_seconds": 0 })),
            "502 provider_rejected",
        ),
        (
            json(200, json!({ "token": "t", "expires_in_seconds": "60" })),
            "502 provider_rejected",
        ),
        (
            json(400, json!({ "error": "No." })),
            "502 provider_rejected",
        ),
        (
            json(401, json!({ "error": "No." })),
            "502 provider_rejected",
        ),
        (
            json(429, json!({ "error": "No." })),
            "503 provider_unavailable",
        ),
        (
            json(500, json!({ "error": "No." })),
            "503 provider_unavailable",
        ),
    ] {
        agents.set_script([reply.clone()]);
        let response = function.invoke(&event(&env, "agent")).await;
        report.check_eq(&format!("{reply:?}"), status_and_code(&response), want);
    }
    report.finish();
    assert_eq!(streaming.requests().len(), 0);
}
