//! The API key in Secrets Manager: its format, its rotation without a failed request, and outages
//! of Secrets Manager.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;
use voicemint_tests::{Event, Moto, PROVIDERS, Reply, ScriptedServer, TestEnv, hmac_jwt};

use crate::support::{CaseReport, status_and_code};

const GET: &str = "secretsmanager.GetSecretValue";
const UNAVAILABLE: &str = "503 secret_unavailable";

#[tokio::test]
async fn a_rotation_fails_no_request() {
    let env = TestEnv::start().await;
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let event = Event::post(provider).bearer(&env.issuer.token("ada"));
        let mint = || async { status_and_code(&function.invoke(&event).await) };
        for _ in 0..5 {
            assert_eq!(mint().await, "200");
        }
        // The new key is stored and the old one is revoked, while the function still caches the old
        // one for minutes.
        let new = format!("sk_rotated-key-of-{provider}-0000");
        env.moto.put_secret(env.secret_id(provider), &new).await;
        assert_eq!(mint().await, "200");
        env.set_key(provider, &new);
        for _ in 0..5 {
            assert_eq!(mint().await, "200", "{}", function.logs());
        }
    }
}

#[tokio::test]
async fn a_refused_key_is_fetched_again_at_most_once_in_ten_seconds() {
    let env = TestEnv::start().await;
    let standin =
        ScriptedServer::start([Reply::json(401, &json!({ "error": "unauthorized" }))]).await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    for _ in 0..5 {
        assert_eq!(
            status_and_code(&function.invoke(&event).await),
            "502 provider_rejected"
        );
    }
    assert_eq!(
        env.secrets_proxy.count(GET),
        2,
        "the first fetch and one more"
    );
    assert_eq!(standin.requests().len(), 5);
}

#[tokio::test]
async fn a_secret_is_cached_for_the_configured_time() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    for _ in 0..5 {
        assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    }
    assert_eq!(env.secrets_proxy.count(GET), 1);

    let function = env
        .function("elevenlabs")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    for _ in 0..2 {
        assert_eq!(status_and_code(&function.invoke(&event).await), "200");
        sleep(Duration::from_millis(1200)).await;
    }
    assert_eq!(env.secrets_proxy.count(GET), 3);
}

#[tokio::test]
async fn a_secret_created_after_the_start_is_found() {
    let env = TestEnv::start().await;
    let name = Moto::unique_name("late");
    let function = env
        .function("cartesia")
        .env("API_KEY_SECRET_ID", &name)
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    for _ in 0..2 {
        assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
    }
    env.moto
        .create_secret(&name, TestEnv::key("cartesia"))
        .await;
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn secrets_manager_may_become_available_after_the_start() {
    let env = TestEnv::start().await;
    env.secrets_proxy.disable().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let begin = Instant::now();
    assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    env.secrets_proxy.enable().await;
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_warm_function_survives_an_outage_of_secrets_manager() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    env.secrets_proxy.disable().await;
    for _ in 0..3 {
        sleep(Duration::from_millis(700)).await;
        assert_eq!(
            status_and_code(&function.invoke(&event).await),
            "200",
            "{}",
            function.logs()
        );
    }
    env.secrets_proxy.enable().await;
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(status_and_code(&function.invoke(&event).await), "200");
}

#[tokio::test]
async fn a_warm_function_responds_in_time_while_secrets_manager_stalls() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    env.secrets_proxy.stall().await;
    sleep(Duration::from_millis(1100)).await;
    let begin = Instant::now();
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn a_cold_function_responds_503_in_time_while_secrets_manager_stalls() {
    let env = TestEnv::start().await;
    env.secrets_proxy.stall().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let begin = Instant::now();
    assert_eq!(status_and_code(&function.invoke(&event).await), UNAVAILABLE);
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_deleted_secret_is_used_for_one_more_minute() {
    let env = TestEnv::start().await;
    let function = env
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_eq!(status_and_code(&function.invoke(&event).await), "200");
    let signing = "a-shared-secret-of-more-than-32-bytes-that-is-fake";
    let id = env.secret("signing", signing).await;
    let by_secret = env
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .env("SESSION_KIND", "secret");
    let by_secret = by_secret.env("SESSION_SECRET_ID", &id).start().await;
    let token = || hmac_jwt("HS256", signing.as_bytes(), &env.issuer.claims("ada"));
    assert_eq!(
        status_and_code(
            &by_secret
                .invoke(&Event::post("cartesia").bearer(&token()))
                .await
        ),
        "200"
    );
    env.moto.delete_secret(&id).await;
    env.moto.delete_secret(env.secret_id("cartesia")).await;
    sleep(Duration::from_millis(1100)).await;
    // An accidental deletion can be undone during this minute.
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(
        status_and_code(
            &by_secret
                .invoke(&Event::post("cartesia").bearer(&token()))
                .await
        ),
        "200",
        "{}",
        by_secret.logs()
    );
    sleep(Duration::from_secs(60)).await;
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        UNAVAILABLE,
        "{}",
        function.logs()
    );
    // A token that is signed after the deletion is not a session.
    let forged = by_secret
        .invoke(&Event::post("cartesia").bearer(&token()))
        .await;
    assert_eq!(
        status_and_code(&forged),
        "503 session_unavailable",
        "{}",
        by_secret.logs()
    );
}

#[tokio::test]
async fn a_key_is_plain_text_or_a_field_of_a_json_object() {
    let env = TestEnv::start().await;
    let key = TestEnv::key("cartesia");
    let mut report = CaseReport::default();
    for (secret, field, want) in [
        (key.to_owned(), None, "200"),
        (json!({ "api_key": key }).to_string(), None, "200"),
        (
            json!({ "api_key": key, "other": "x" }).to_string(),
            None,
            "200",
        ),
        (json!({ "voice": key }).to_string(), Some("voice"), "200"),
        (json!({ "voice": key }).to_string(), None, UNAVAILABLE),
        (
            json!({ "api_key": key }).to_string(),
            Some("voice"),
            UNAVAILABLE,
        ),
        (json!({ "api_key": "" }).to_string(), None, UNAVAILABLE),
        (format!("\"{key}\""), None, UNAVAILABLE),
        (format!("CARTESIA_API_KEY={key}"), None, UNAVAILABLE),
        (
            json!({ "api_key": format!("'{key}'") }).to_string(),
            None,
            UNAVAILABLE,
        ),
        (json!({ "api_key": 7 }).to_string(), None, UNAVAILABLE),
        (
            json!({ "api_key": { "value": key } }).to_string(),
            None,
            UNAVAILABLE,
        ),
    ] {
        let name = Moto::unique_name("format");
        env.moto.create_secret(&name, &secret).await;
        let mut function = env.function("cartesia").env("API_KEY_SECRET_ID", &name);
        if let Some(field) = field {
            function = function.env("API_KEY_JSON_FIELD", field);
        }
        let function = function.start().await;
        let response = function
            .invoke(&Event::post("cartesia").bearer(&env.issuer.token("ada")))
            .await;
        report.check_eq(
            &format!("{secret} by {field:?}"),
            status_and_code(&response),
            want,
        );
    }
    report.finish();
}

#[tokio::test]
async fn a_secret_that_is_not_a_key_does_not_end_the_function() {
    let env = TestEnv::start().await;
    for secret in ["one\r\nx-other: two", "\u{0}\u{1}\u{2}", "🎙🎙🎙🎙", " "] {
        let name = Moto::unique_name("odd");
        env.moto.create_secret(&name, secret).await;
        for provider in PROVIDERS {
            let function = env
                .function(provider)
                .env("API_KEY_SECRET_ID", &name)
                .start()
                .await;
            let response = function
                .invoke(&Event::post(provider).bearer(&env.issuer.token("ada")))
                .await;
            assert!(
                matches!(response.status, 502 | 503) && response.code().is_some(),
                "{secret:?}: {response:?}"
            );
            assert_eq!(function.starts(), 1);
        }
    }
    assert_eq!(
        PROVIDERS.map(|provider| env.mints(provider)),
        [0; PROVIDERS.len()]
    );
}
