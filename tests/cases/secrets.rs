//! The API key in Secrets Manager: its form, its rotation with no failed request, and Secrets
//! Manager late or gone.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;
use voicemint_tests::{Event, FaultyService, Moto, PROVIDERS, Reply, World, hmac_jwt};

use crate::support::{Tally, said};

const GET: &str = "secretsmanager.GetSecretValue";
const UNAVAILABLE: &str = "503 secret_unavailable";

#[tokio::test]
async fn a_rotation_fails_no_request() {
    let world = World::start().await;
    for provider in PROVIDERS {
        let function = world.function(provider).start().await;
        let event = Event::post(provider).bearer(&world.issuer.token("ada"));
        let ask = || async { said(&function.invoke(&event).await) };
        for _ in 0..5 {
            assert_eq!(ask().await, "200");
        }
        // The new key is stored and the old one revoked, while the function still holds the old one
        // for minutes.
        let new = format!("sk_rotated-key-of-{provider}-0000");
        world.moto.put_secret(world.secret_id(provider), &new).await;
        assert_eq!(ask().await, "200");
        world.set_key(provider, &new);
        for _ in 0..5 {
            assert_eq!(ask().await, "200", "{}", function.logs());
        }
    }
}

#[tokio::test]
async fn a_refused_key_is_looked_up_again_at_most_once_in_ten_seconds() {
    let world = World::start().await;
    let standin =
        FaultyService::start([Reply::json(401, &json!({ "error": "unauthorized" }))]).await;
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    for _ in 0..5 {
        assert_eq!(
            said(&function.invoke(&event).await),
            "502 provider_rejected"
        );
    }
    assert_eq!(world.gate.count(GET), 2, "one to begin with, and one more");
    assert_eq!(standin.requests().len(), 5);
}

#[tokio::test]
async fn a_secret_is_used_as_long_as_is_set() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    for _ in 0..5 {
        assert_eq!(said(&function.invoke(&event).await), "200");
    }
    assert_eq!(world.gate.count(GET), 1);

    let function = world
        .function("elevenlabs")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    for _ in 0..2 {
        assert_eq!(said(&function.invoke(&event).await), "200");
        sleep(Duration::from_millis(1200)).await;
    }
    assert_eq!(world.gate.count(GET), 3);
}

#[tokio::test]
async fn a_secret_that_appears_late_is_found() {
    let world = World::start().await;
    let name = Moto::unique("late");
    let function = world
        .function("cartesia")
        .env("API_KEY_SECRET_ID", &name)
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    for _ in 0..2 {
        assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
    }
    world
        .moto
        .create_secret(&name, World::key("cartesia"))
        .await;
    assert_eq!(
        said(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn secrets_manager_may_be_late() {
    let world = World::start().await;
    world.gate.close().await;
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let begin = Instant::now();
    assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    world.gate.open().await;
    assert_eq!(
        said(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn secrets_manager_gone_while_warm_is_bridged() {
    let world = World::start().await;
    let function = world
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_eq!(said(&function.invoke(&event).await), "200");
    world.gate.close().await;
    for _ in 0..3 {
        sleep(Duration::from_millis(700)).await;
        assert_eq!(
            said(&function.invoke(&event).await),
            "200",
            "{}",
            function.logs()
        );
    }
    world.gate.open().await;
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(said(&function.invoke(&event).await), "200");
}

#[tokio::test]
async fn secrets_manager_stalled_while_warm_is_bridged_in_time() {
    let world = World::start().await;
    let function = world
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_eq!(said(&function.invoke(&event).await), "200");
    world.gate.stall().await;
    sleep(Duration::from_millis(1100)).await;
    let begin = Instant::now();
    assert_eq!(
        said(&function.invoke(&event).await),
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
async fn secrets_manager_stalled_from_the_start_is_503_in_time() {
    let world = World::start().await;
    world.gate.stall().await;
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let begin = Instant::now();
    assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(function.starts(), 1);
}

#[tokio::test]
async fn a_deleted_secret_is_used_for_a_minute_more() {
    let world = World::start().await;
    let function = world
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_eq!(said(&function.invoke(&event).await), "200");
    let signing = "a-shared-secret-of-more-than-32-bytes-that-is-fake";
    let id = world.secret("signing", signing).await;
    let by_secret = world
        .function("cartesia")
        .env("SECRET_CACHE_SECONDS", "1")
        .env("SESSION_KIND", "secret");
    let by_secret = by_secret.env("SESSION_SECRET_ID", &id).start().await;
    let token = || hmac_jwt("HS256", signing.as_bytes(), &world.issuer.claims("ada"));
    assert_eq!(
        said(
            &by_secret
                .invoke(&Event::post("cartesia").bearer(&token()))
                .await
        ),
        "200"
    );
    world.moto.delete_secret(&id).await;
    world.moto.delete_secret(world.secret_id("cartesia")).await;
    sleep(Duration::from_millis(1100)).await;
    // A slip can be undone meanwhile.
    assert_eq!(
        said(&function.invoke(&event).await),
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(
        said(
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
        said(&function.invoke(&event).await),
        UNAVAILABLE,
        "{}",
        function.logs()
    );
    // What was signed after the secret was deleted is no session.
    let forged = by_secret
        .invoke(&Event::post("cartesia").bearer(&token()))
        .await;
    assert_eq!(
        said(&forged),
        "503 session_unavailable",
        "{}",
        by_secret.logs()
    );
}

#[tokio::test]
async fn a_key_is_plain_text_or_a_field_of_a_json_object() {
    let world = World::start().await;
    let key = World::key("cartesia");
    let mut tally = Tally::default();
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
        let name = Moto::unique("form");
        world.moto.create_secret(&name, &secret).await;
        let mut function = world.function("cartesia").env("API_KEY_SECRET_ID", &name);
        if let Some(field) = field {
            function = function.env("API_KEY_JSON_FIELD", field);
        }
        let function = function.start().await;
        let answer = function
            .invoke(&Event::post("cartesia").bearer(&world.issuer.token("ada")))
            .await;
        tally.is(&format!("{secret} by {field:?}"), said(&answer), want);
    }
    tally.done();
}

#[tokio::test]
async fn a_secret_that_can_be_no_key_ends_nothing() {
    let world = World::start().await;
    for secret in ["one\r\nx-other: two", "\u{0}\u{1}\u{2}", "🎙🎙🎙🎙", " "] {
        let name = Moto::unique("odd");
        world.moto.create_secret(&name, secret).await;
        for provider in PROVIDERS {
            let function = world
                .function(provider)
                .env("API_KEY_SECRET_ID", &name)
                .start()
                .await;
            let answer = function
                .invoke(&Event::post(provider).bearer(&world.issuer.token("ada")))
                .await;
            assert!(
                matches!(answer.status, 502 | 503) && answer.code().is_some(),
                "{secret:?}: {answer:?}"
            );
            assert_eq!(function.starts(), 1);
        }
    }
    assert_eq!(PROVIDERS.map(|provider| world.mints(provider)), [0, 0, 0]);
}
