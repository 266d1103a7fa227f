//! Tests of the local command over real connections: sign in, mint and use tokens of each provider.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

mod harness;
mod host_guard;
mod origins;
mod page;
mod profiles;
mod secrets;
mod sessions;
mod settings;
mod sign_in;

use std::sync::atomic::Ordering;

use http::Request;
use serde_json::json;
use voicemint_dev::cli::banner;

use crate::harness::*;

#[tokio::test]
async fn a_cartesia_token_works_within_its_grants_until_it_expires() {
    let local = Local::start(&[]).await;
    let minted = local
        .mint(
            "cartesia",
            json!({"grants": {"stt": true}, "expires_in": 30}),
        )
        .await;
    assert_eq!(
        (&minted["expires_in"], &minted["single_use"]),
        (&json!(30), &json!(false))
    );
    assert_eq!(minted["base_url"], local.standins_url);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 200);
    assert_eq!(
        local.transcribe("/stt", Some(&minted["token"])).await,
        200,
        "until it expires"
    );
    let speech_only = local
        .mint("cartesia", json!({"grants": {"tts": true}}))
        .await;
    assert_eq!(
        local.transcribe("/stt", Some(&speech_only["token"])).await,
        403
    );
    local.ahead.store(31, Ordering::SeqCst);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 401);
}

#[tokio::test]
async fn an_elevenlabs_token_works_once() {
    let local = Local::start(&[]).await;
    let minted = local
        .mint("elevenlabs", json!({"token_type": "batch_scribe"}))
        .await;
    assert_eq!(
        (&minted["expires_in"], &minted["single_use"]),
        (&json!(900), &json!(true))
    );
    let path = format!(
        "/v1/speech-to-text?token={}",
        minted["token"].as_str().unwrap()
    );
    assert_eq!(local.transcribe(&path, None).await, 200);
    assert_eq!(local.transcribe(&path, None).await, 401);
}

#[tokio::test]
async fn an_assemblyai_token_is_minted_with_its_own_lifetime() {
    let local = Local::start(&[]).await;
    let minted = local
        .mint("assemblyai", json!({"expires_in_seconds": 90}))
        .await;
    assert_eq!(
        (&minted["expires_in"], &minted["single_use"]),
        (&json!(90), &json!(true))
    );
    assert_eq!(local.account("assemblyai").mints(), 1);
}

#[tokio::test]
async fn a_long_body_is_rejected_at_the_same_step_as_in_the_deployed_functions() {
    let local = Local::start(&[]).await;
    let (long, mint) = (" ".repeat(5000), format!("{}/cartesia/token", local.app));
    let status = async |request: http::request::Builder| {
        send(request.header("origin", &local.app), &long)
            .await
            .status()
            .as_u16()
    };
    assert_eq!(
        status(Request::post(&mint)).await,
        401,
        "the user is not signed in"
    );
    assert_eq!(
        status(Request::post(&mint).header("cookie", &local.session)).await,
        413
    );
    assert_eq!(
        status(Request::get(&mint).header("cookie", &local.session)).await,
        200,
        "the request is in the query"
    );
    assert_eq!(status(Request::delete(&mint)).await, 204);
    assert_eq!(status(Request::put(&mint)).await, 405);
}

#[tokio::test]
async fn with_a_real_key_the_banner_names_the_real_provider() {
    let arguments = arguments(&bind().await, &bind().await, &[]);
    let text = banner::text(&arguments, &|name| {
        (name == "CARTESIA_API_KEY").then(|| "sk_car_real".to_owned())
    });
    assert!(
        text.contains("the real provider, by CARTESIA_API_KEY"),
        "{text}"
    );
    assert!(!text.contains("sk_car_real"), "a key is never shown");
}

#[tokio::test]
async fn an_unknown_path_is_answered_with_the_known_paths() {
    let local = Local::start(&[]).await;
    let response = send(Request::post(format!("{}/api/token", local.app)), "").await;
    assert_eq!(response.status(), 404);
    assert!(String::from_utf8_lossy(response.body()).contains("/cartesia/token"));
    let response = send(Request::get(format!("{}/sign-in", local.app)), "").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &http::HeaderValue::from_static("POST"))
    );
    assert!(String::from_utf8_lossy(response.body()).contains("method"));
}

#[tokio::test]
async fn a_similar_path_is_answered_with_the_correct_path() {
    let local = Local::start(&[]).await;
    for (path, expected) in [
        ("/cartesia/tokens", "/cartesia/token"),
        ("/cartesia/token/", "/cartesia/token"),
        ("/ElevenLabs/token", "/elevenlabs/token"),
        ("/api/assemblyai/token", "/assemblyai/token"),
        ("/assemblyai", "/assemblyai/token"),
        ("/signin", "/sign-in"),
        ("/sign-out/", "/sign-out"),
    ] {
        let response = send(Request::post(format!("{}{path}?grants=tts", local.app)), "").await;
        assert_eq!(
            (
                response.status().as_u16(),
                response.headers()["x-content-type-options"].as_bytes()
            ),
            (404, &b"nosniff"[..])
        );
        let text = String::from_utf8_lossy(response.body()).into_owned();
        let names =
            text.contains(&format!("no {path} here")) && text.contains(&format!("use {expected}"));
        assert!(
            names && text.contains("Voicemint's local command (make dev)"),
            "{text}"
        );
    }
    let response = send(
        Request::get(format!(
            "{}/cartesiatokens/%1b%5b2J{}",
            local.app,
            "x".repeat(5000)
        )),
        "",
    )
    .await;
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(
        text.len() < 400 && text.contains("/elevenlabs/token"),
        "{text}"
    );
}

#[tokio::test]
async fn responses_can_name_another_base_url_than_the_one_that_mints() {
    let local = Local::with_flags(&["--base-url", "https://localhost:4443"]).await;
    let minted = local
        .mint("cartesia", json!({"grants": {"stt": true}}))
        .await;
    assert_eq!(minted["base_url"], "https://localhost:4443");
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 200);
    assert_eq!(
        local
            .mint("elevenlabs", json!({"token_type": "batch_scribe"}))
            .await["base_url"],
        "https://localhost:4443"
    );
    let page = send(Request::get(format!("{}/", local.app)), "").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(
        policy.contains("connect-src 'self' https://localhost:4443 wss://localhost:4443;"),
        "{policy}"
    );
    let deployment =
        json_of(&send(Request::get(format!("{}/deployment.json", local.app)), "").await);
    assert_eq!(deployment["providers"]["assemblyai"]["standin"], true);

    let resumed =
        Request::post(format!("{}/cartesia/token", local.app)).header("origin", &local.app);
    let first = send(resumed.header("cookie", &local.session), "").await;
    let again = Request::post(format!("{}/cartesia/token", local.app)).header("origin", &local.app);
    let again = send(
        again.header("cookie", format!("{}; {}", local.session, cookie(&first))),
        "",
    )
    .await;
    assert_eq!(again.headers()["voicemint-source"], "resumed");
    assert_eq!(json_of(&again)["base_url"], "https://localhost:4443");
}

#[tokio::test]
async fn the_base_url_of_a_provider_without_a_stand_in_is_not_replaced() {
    let real = "assemblyai:PROVIDER_BASE_URL=https://eu.test";
    let local = Local::with_flags(&["--base-url", "https://localhost:4443", "--set", real]).await;
    let deployment =
        json_of(&send(Request::get(format!("{}/deployment.json", local.app)), "").await);
    assert_eq!(
        deployment["providers"]["assemblyai"]["base_url"],
        "https://eu.test"
    );
    assert_eq!(
        deployment["providers"]["cartesia"]["base_url"],
        "https://localhost:4443"
    );
}
