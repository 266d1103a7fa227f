//! The local command as a newcomer meets it: sign in, mint, use, for each provider, over real connections.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails may panic")]

mod harness;
mod page;
mod secrets;
mod sessions;
mod settings;

use std::sync::atomic::Ordering;

use http::Request;
use serde_json::json;
use voicemint_dev::banner;
use voicemint_dev::standins::Vendor;

use crate::harness::*;

#[tokio::test]
async fn a_cartesia_token_works_within_its_grants_until_it_expires() {
    let local = Local::start(&[]).await;
    let minted = local.mint("cartesia", json!({"grants": {"stt": true}, "expires_in": 30})).await;
    assert_eq!((&minted["expires_in"], &minted["single_use"]), (&json!(30), &json!(false)));
    assert_eq!(minted["base_url"], local.standins_url);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 200);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 200, "until it expires");
    let speech_only = local.mint("cartesia", json!({"grants": {"tts": true}})).await;
    assert_eq!(local.transcribe("/stt", Some(&speech_only["token"])).await, 403);
    local.ahead.store(31, Ordering::SeqCst);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 401);
}

#[tokio::test]
async fn an_elevenlabs_token_works_once() {
    let local = Local::start(&[]).await;
    let minted = local.mint("elevenlabs", json!({"token_type": "batch_scribe"})).await;
    assert_eq!((&minted["expires_in"], &minted["single_use"]), (&json!(900), &json!(true)));
    let path = format!("/v1/speech-to-text?token={}", minted["token"].as_str().unwrap());
    assert_eq!(local.transcribe(&path, None).await, 200);
    assert_eq!(local.transcribe(&path, None).await, 401);
}

#[tokio::test]
async fn an_assemblyai_token_is_minted_with_its_own_lifetime() {
    let local = Local::start(&[]).await;
    let minted = local.mint("assemblyai", json!({"expires_in_seconds": 90})).await;
    assert_eq!((&minted["expires_in"], &minted["single_use"]), (&json!(90), &json!(true)));
    assert_eq!(local.standins.mints(Vendor::AssemblyAi), 1);
}

#[tokio::test]
async fn a_long_body_is_judged_no_sooner_than_where_the_functions_are_deployed() {
    let local = Local::start(&[]).await;
    let (long, mint) = (" ".repeat(5000), format!("{}/cartesia/token", local.app));
    let status = async |request: http::request::Builder| {
        send(request.header("origin", &local.app), &long).await.status().as_u16()
    };
    assert_eq!(status(Request::post(&mint)).await, 401, "nobody is signed in");
    assert_eq!(status(Request::post(&mint).header("cookie", &local.session)).await, 413);
    assert_eq!(status(Request::get(&mint).header("cookie", &local.session)).await, 200, "the ask is the query");
    assert_eq!(status(Request::delete(&mint)).await, 204);
    assert_eq!(status(Request::put(&mint)).await, 405);
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_not_served() {
    let local = Local::start(&[]).await;
    for path in ["/", "/deployment.json", "/sign-in", "/cartesia/token"] {
        let request = Request::get(format!("{}{path}", local.app)).header("host", "evil.test");
        assert_eq!(send(request, "").await.status(), 421, "{path}");
    }
}

#[tokio::test]
async fn with_a_real_key_the_real_provider_is_called() {
    let arguments = arguments(&bind().await, &bind().await, &[]);
    let text = banner::text(&arguments, &|name| (name == "CARTESIA_API_KEY").then(|| "sk_car_real".to_owned()));
    assert!(text.contains("the real one, as CARTESIA_API_KEY is set"), "{text}");
    assert!(!text.contains("sk_car_real"), "a key is never shown");
    let lines = |text: &str| text.lines().filter(|line| line.starts_with("curl ")).count();
    assert_eq!(lines(&text), 2, "the third line is for the stand-ins: {text}");
    assert_eq!(lines(&banner::text(&arguments, &|_| None)), 3);
}
