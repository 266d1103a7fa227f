//! Settings given by `--set`: taken by the functions that have them, and whatever is wrong told at once.

use serde_json::json;
use voicemint_dev::app::App;

use crate::harness::*;

/// What is said of such settings, if anything is wrong with them.
async fn complaint(set: &[&str]) -> Option<String> {
    let arguments = arguments(&bind().await, &bind().await, set);
    App::new(&arguments, &|_| None).err().map(|error| error.to_string())
}

#[tokio::test]
async fn settings_may_be_changed_by_flags_and_are_checked() {
    let local = Local::start(&["cartesia:DEFAULT_EXPIRES_IN=7"]).await;
    assert_eq!(local.mint("cartesia", json!({})).await["expires_in"], 7);
    for wrong in ["MAX_EXPIRES_IN=much", "MAX_EXPIRE_IN=9", "GRANTS_CLAIM=/a~", "LOG_LEVEL=loud"] {
        let message = complaint(&[wrong]).await.unwrap();
        assert!(message.contains(wrong.split('=').next().unwrap()), "{message}");
    }
}

#[tokio::test]
async fn a_provider_that_is_named_must_have_the_setting() {
    for set in [
        "elevenlabs:MAX_EXPIRES_IN=5",
        "elevenlabs:ALLOWED_GRANTS=tts",
        "assemblyai:ALLOWED_GRANTS=tts",
        "cartesia:ALLOWED_TOKEN_TYPES=tts_websocket",
        "cartesia:MAX_SESSION_DURATION_SECONDS=60",
        // There is one log for all.
        "cartesia:LOG_LEVEL=debug",
    ] {
        let message = complaint(&[set]).await.unwrap();
        let (flag, _) = set.split_once('=').unwrap();
        let (provider, _) = set.split_once(':').unwrap();
        assert_eq!(message, format!("--set {flag}: {provider} has no such setting of its own; README.md lists them"));
    }
    let good =
        ["MAX_EXPIRES_IN=9", "cartesia:MAX_EXPIRES_IN=5", "ALLOWED_TOKEN_TYPES=tts_websocket", "LOG_LEVEL=debug"];
    assert_eq!(complaint(&good).await, None);
}

#[tokio::test]
async fn everything_wrong_is_told_at_once_and_whose_it_is() {
    let message = complaint(&[
        "LOG_LEVEL=loud",
        "SESSION_COOKIE=a b",
        "SESSION_REQUIRED_CLAIMS=wrong,twice",
        "cartesia:ALLOWED_GRANTS=sing",
        "elevenlabs:ALLOWED_TOKEN_TYPES=magic",
        "elevenlabs:ALLOWED_GRANTS=tts",
        "SECRET_CACHE_SECONDS=soon",
        "assemblyai:SECRET_CACHE_SECONDS=9",
        "MAX_EXPIRE_IN=9",
    ])
    .await
    .unwrap();
    let told: Vec<_> = message.split("; ").map(|fault| fault.split(" must ").next().unwrap()).collect();
    let wanted = [
        "LOG_LEVEL",
        "cartesia: ALLOWED_GRANTS",
        "SESSION_REQUIRED_CLAIMS",
        "SESSION_COOKIE",
        "cartesia, elevenlabs: SECRET_CACHE_SECONDS",
        "elevenlabs: ALLOWED_TOKEN_TYPES",
        "--set elevenlabs:ALLOWED_GRANTS: elevenlabs has no such setting of its own",
        "--set MAX_EXPIRE_IN: the functions have no such setting",
        "README.md lists them",
    ];
    assert_eq!(told, wanted, "{message}");
}

#[tokio::test]
async fn while_the_kind_of_sessions_is_unknown_nothing_is_said_of_what_it_may_need() {
    let message = complaint(&["SESSION_KIND=nope", "SESSION_ISSUER=https://id.test", "MAX_EXPIRE_IN=9"]).await.unwrap();
    assert!(message.contains("SESSION_KIND must be one of") && message.contains("MAX_EXPIRE_IN"), "{message}");
    assert!(!message.contains("SESSION_ISSUER"), "{message}");
}
