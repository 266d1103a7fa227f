//! LiveKit: tokens that the function signs, and the request and response of LiveKit's own clients.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use voicemint_tests::{Event, Function, Response, ScriptedServer, TestEnv};

use crate::support::{assert_problem, fields, status_and_code};

/// The claims of a token that the stand-in accepts.
fn claims(env: &TestEnv, response: &Response) -> Value {
    assert_eq!(response.status, 200, "{response:?}");
    assert!(env.redeem("livekit", &response.token()), "the token works");
    let token = response.token();
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

async fn post(env: &TestEnv, function: &Function, user: &str, body: Value) -> Response {
    let event = Event::post("livekit").bearer(&env.issuer.token(user));
    function.invoke(&event.json_body(&body)).await
}

#[tokio::test]
async fn a_mint_calls_nobody_and_has_the_members_of_livekits_clients() {
    let env = TestEnv::start().await;
    let livekit = ScriptedServer::start([]).await;
    let function = env
        .function("livekit")
        .env("PROVIDER_BASE_URL", livekit.url())
        .start()
        .await;
    let event = Event::post("livekit").bearer(&env.issuer.token("ada"));
    let (response, line) = function.invoke_logged(&event).await;
    let body = response.json();
    assert_eq!(body["server_url"], livekit.url().replacen("http", "ws", 1));
    assert_eq!(body["participant_token"], body["token"]);
    assert_eq!(body["base_url"], livekit.url());
    assert_eq!(
        (&body["profile"], &body["locked"], &body["single_use"]),
        (&json!("default"), &json!(true), &json!(false))
    );
    assert_eq!(
        body.get("connect"),
        None,
        "LiveKit's client opens the connection"
    );
    assert!(
        !response.header("server-timing").contains("provider"),
        "{response:?}"
    );
    assert_eq!(line.get("provider_ms"), None, "{line}");
    assert_eq!(
        (&line["outcome"], &line["profile"]),
        (&json!("minted"), &json!("default"))
    );
    assert_eq!(livekit.connections(), 0, "no HEAD either");
}

#[tokio::test]
async fn each_user_has_an_identity_and_a_room_and_chooses_neither() {
    let env = TestEnv::start().await;
    let function = env.function("livekit").start().await;
    let ada = claims(&env, &post(&env, &function, "ada", json!({})).await);
    let again = claims(&env, &post(&env, &function, "ada", json!({})).await);
    let eve = claims(&env, &post(&env, &function, "eve", json!({})).await);
    assert_eq!(
        (&ada["sub"], &ada["video"]),
        (&again["sub"], &again["video"])
    );
    assert_ne!(ada["sub"], eve["sub"]);
    assert_ne!(ada["video"]["room"], eve["video"]["room"]);
    let identity = ada["sub"].as_str().unwrap_or_default();
    assert!(
        identity.len() >= 16 && !identity.contains("ada"),
        "{identity}"
    );
    assert_eq!(ada["video"]["room"], format!("voice-{identity}"));
    for body in [
        json!({ "participant_identity": "eve" }),
        json!({ "participant_metadata": "admin" }),
        json!({ "participant_attributes": { "role": "admin" } }),
        json!({ "room_config": { "agents": [] } }),
        json!({ "room_name": "elsewhere" }),
    ] {
        let response = post(&env, &function, "ada", body.clone()).await;
        assert_problem(&response, 422, "request_invalid");
        let name = body
            .as_object()
            .and_then(|body| body.keys().next().cloned());
        assert_eq!(fields(&response), [name.unwrap_or_default()]);
    }
}

#[tokio::test]
async fn a_plain_identity_is_the_users_id_and_the_room_stays_a_hash() {
    let env = TestEnv::start().await;
    let function = env.function("livekit").env("SUBJECT_REFERENCE", "plain");
    let function = function.start().await;
    let claims = claims(&env, &post(&env, &function, "ada", json!({})).await);
    assert_eq!(claims["sub"], "ada");
    let room = claims["video"]["room"].as_str().unwrap_or_default();
    assert!(
        room.starts_with("voice-") && !room.contains("ada"),
        "{room}"
    );
}

#[tokio::test]
async fn the_query_of_a_post_names_a_profile_for_clients_with_a_fixed_body() {
    let env = TestEnv::start().await;
    let function = env.function("livekit").start().await;
    let class = |body: Value| {
        let event = Event::post("livekit").bearer(&env.issuer.token("ada"));
        event.query("profile=class").json_body(&body)
    };
    let response = function
        .invoke(&class(
            json!({ "room_name": "7b", "participant_name": "Ada" }),
        ))
        .await;
    let claims = claims(&env, &response);
    assert_eq!(
        (&claims["video"]["room"], &claims["name"]),
        (&json!("class-7b"), &json!("Ada"))
    );
    let response = function.invoke(&class(json!({}))).await;
    assert_problem(&response, 422, "request_invalid");
    assert_eq!(fields(&response), ["room_name"]);
    let event = class(json!({})).query("profile=unknown");
    assert_problem(&function.invoke(&event).await, 422, "request_invalid");
    let event = class(json!({})).query("profile=class&profile=default");
    assert_problem(&function.invoke(&event).await, 400, "request_malformed");
    // The body may name the same profile, but no other.
    let same = class(json!({ "profile": "class", "room_name": "7b" }));
    assert_eq!(function.invoke(&same).await.status, 200);
    let response = function
        .invoke(&class(json!({ "profile": "default" })))
        .await;
    assert_problem(&response, 422, "request_invalid");
    assert_eq!(fields(&response), ["profile"]);
}

#[tokio::test]
async fn a_token_is_resumed_for_the_same_room_and_name_only() {
    let env = TestEnv::start().await;
    let function = env.function("livekit").start().await;
    let session = env.issuer.token("ada");
    let ask = |body: &Value| {
        let event = Event::post("livekit").bearer(&session);
        event.json_body(body)
    };
    let first = json!({ "profile": "class", "room_name": "7b", "participant_name": "Ada" });
    let minted = function.invoke(&ask(&first)).await;
    let (name, value, _) = minted.cookie().expect("a cookie");
    let resumed = function.invoke(&ask(&first).cookie(&name, &value)).await;
    assert_eq!(resumed.header("voicemint-source"), "resumed");
    assert_eq!(resumed.json()["participant_token"], minted.token());
    for (field, changed) in [
        ("profile", json!("audience")),
        ("room_name", json!("7c")),
        ("participant_name", json!("Eve")),
    ] {
        let mut other = first.clone();
        other[field] = changed;
        if field == "profile" {
            other.as_object_mut().map(|other| other.remove("room_name"));
        }
        let response = function.invoke(&ask(&other).cookie(&name, &value)).await;
        assert_eq!(
            response.header("voicemint-source"),
            "minted",
            "{field}: {response:?}"
        );
    }
}

#[tokio::test]
async fn neither_keys_nor_the_profile_nor_the_name_are_logged() {
    let env = TestEnv::start().await;
    let (room, agent) = ("a-room-that-is-not-logged", "an-agent-that-is-not-logged");
    let profiles = json!({ "default": { "room": room, "agent_name": agent } }).to_string();
    let profiles = env.secret("livekit-profiles", &profiles).await;
    let function = env
        .function("livekit")
        .env("PROFILES_SECRET_ID", &profiles)
        .env("LOG_LEVEL", "trace");
    let function = function.start().await;
    let name = "Ada, whose name is not logged";
    let response = post(&env, &function, "ada", json!({ "participant_name": name })).await;
    let claims = claims(&env, &response);
    assert_eq!(
        (&claims["video"]["room"], &claims["name"]),
        (&json!(room), &json!(name))
    );
    let secret: Value = serde_json::from_str(TestEnv::key("livekit")).expect("a JSON object");
    let text = |name: &str| secret[name].as_str().unwrap_or_default().to_owned();
    voicemint_tests::leaks::assert_absent(
        &[("the log", &function.logs())],
        &[
            ("the API key", &text("api_key")),
            ("the API secret", &text("api_secret")),
            ("the token", &response.token()),
            ("the room", room),
            ("the agent", agent),
            ("the name", name),
        ],
    );
}

#[tokio::test]
async fn a_secret_needs_both_members() {
    let env = TestEnv::start().await;
    for (secret, member) in [
        ("APIkey", "not a JSON object"),
        (r#"{"api_key":"APIkey"}"#, "api_secret"),
        (r#"{"api_key":"","api_secret":"s"}"#, "api_key"),
        (r#"{"api_key":"APIkey","api_secret":7}"#, "api_secret"),
    ] {
        let id = env.secret("livekit-broken", secret).await;
        let function = env.function("livekit").env("API_KEY_SECRET_ID", &id);
        let function = function.start().await;
        let event = Event::post("livekit").bearer(&env.issuer.token("ada"));
        let (response, line) = function.invoke_logged(&event).await;
        assert_eq!(
            status_and_code(&response),
            "503 secret_unavailable",
            "{secret}"
        );
        let reason = line["reason"].as_str().unwrap_or_default();
        assert!(reason.contains(member), "{secret}: {reason}");
    }
}
