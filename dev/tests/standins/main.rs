//! Tests of all stand-ins on one server: paths, methods, CORS, keys and counters.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails may panic"
)]

mod websocket;

use std::io::{Read, Write};
use std::time::Duration;

use tokio::net::TcpListener;

use voicemint_dev::providers::{self, PROVIDERS};
use voicemint_stand_in::testing::{MULTIPART_TYPE, TestClock, call, multipart_body};
use voicemint_stand_in::{Account, MAX_BODY_BYTES, Permissions, RedeemError, Standins};

const TOKEN_PATHS: [&str; 5] = [
    "/tts/bytes",
    "/tts/sse",
    "/stt",
    "/audio/transcriptions",
    "/v1/speech-to-text",
];
const MINT_PATHS: [&str; 3] = [
    "/access-token",
    "/v1/single-use-token/batch_scribe",
    "/v3/token",
];

/// The stand-ins, and a clock that only the test moves.
fn standins() -> (Standins, TestClock) {
    let time = TestClock::new();
    (providers::standins(&time.clock()), time)
}

fn account<'a>(standins: &'a Standins, provider: &str) -> &'a Account {
    standins.account(provider).unwrap()
}

#[tokio::test]
async fn pages_can_call_endpoints_that_accept_tokens_and_read_the_errors() {
    let (standins, _) = standins();
    for path in TOKEN_PATHS {
        let preflight = call(&standins, "OPTIONS", path, &[], "").await;
        assert_eq!(preflight.status, 204, "{path}");
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        assert_eq!(preflight.header("access-control-allow-methods"), "POST");
        let allowed = preflight.header("access-control-allow-headers");
        assert_eq!(allowed, "authorization, *");
        for (method, status) in [("POST", 401), ("GET", 405)] {
            let response = call(&standins, method, path, &[], "").await;
            assert_eq!(response.status, status, "{method} {path}");
            assert_eq!(response.header("access-control-allow-origin"), "*");
        }
    }
}

#[tokio::test]
async fn pages_cannot_call_mint_endpoints() {
    let (standins, _) = standins();
    for path in MINT_PATHS {
        for method in ["OPTIONS", "POST", "GET"] {
            let response = call(&standins, method, path, &[], "").await;
            assert!(!response.status.is_success(), "{method} {path}");
            assert_eq!(response.header("access-control-allow-origin"), "");
        }
    }
}

#[tokio::test]
async fn root_names_every_path() {
    let (standins, _) = standins();
    let response = call(&standins, "GET", "/", &[], "").await;
    let text = response.json().to_string();
    let others = [
        "/access-token",
        "/v1/single-use-token/",
        "/v3/token",
        "/tts/websocket",
        "/stt/turns/websocket",
        "/v3/ws",
    ];
    for path in TOKEN_PATHS.into_iter().chain(others) {
        assert!(text.contains(path), "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_are_404_in_the_format_of_the_vendor() {
    let (standins, _) = standins();
    for (path, member) in [
        ("/v1/voices", "detail"),
        ("/v1/single-use-token/", "detail"),
        ("/v3/agents", "error"),
        ("/v1/text-to-speech/a/stream", "detail"),
        ("/voices", "title"),
        ("/access-token/", "title"),
    ] {
        let response = call(&standins, "GET", path, &[], "").await;
        assert_eq!(response.status, 404, "{path}");
        assert!(response.json()[member].is_string(), "{path}");
    }
}

#[tokio::test]
async fn rotated_key_replaces_the_old_key_of_one_vendor_in_all_clones() {
    let (standins, _) = standins();
    let router_of_a_clone = standins.clone();
    account(&standins, "assemblyai").set_key("another0key");
    for (key, status) in [
        ("another0key", 200),
        (voicemint_assemblyai_stand_in::API_KEY, 401),
    ] {
        let headers = [("authorization", key)];
        let uri = "/v3/token?expires_in_seconds=60";
        let response = call(&router_of_a_clone, "GET", uri, &headers, "").await;
        assert_eq!(response.status, status);
    }
    let headers = [("xi-api-key", voicemint_elevenlabs_stand_in::API_KEY)];
    let response = call(&standins, "POST", MINT_PATHS[1], &headers, "").await;
    assert_eq!(response.status, 200);
    assert_eq!(account(&standins, "assemblyai").mints(), 1);
    assert_eq!(account(&standins, "assemblyai").requests(), 2);
    assert_eq!(account(&standins, "elevenlabs").mints(), 1);
    assert_eq!(account(&standins, "cartesia").mints(), 0);
}

/// If the response were sent while the client is uploading, the client could see a broken
/// connection.
#[tokio::test]
async fn upload_is_read_completely_before_it_is_refused() {
    let (standins, _) = standins();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, standins.router()).await });
    for path in ["/stt", "/audio/transcriptions", "/v1/speech-to-text"] {
        let upload = multipart_body(&[("file", &"s".repeat(MAX_BODY_BYTES / 2))]);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {MULTIPART_TYPE}\r\ncontent-length: {}\r\n\r\n",
            upload.len()
        );
        let response = tokio::task::spawn_blocking(move || {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(head.as_bytes()).unwrap();
            // Sent in pieces, like a file, so that an early response has time to close the
            // connection.
            for piece in upload.as_bytes().chunks(MAX_BODY_BYTES / 8) {
                client.write_all(piece).unwrap();
                std::thread::sleep(Duration::from_millis(10));
            }
            let mut response = String::new();
            client.read_to_string(&mut response).map(|_| response)
        });
        let response = response.await.unwrap().unwrap();
        assert!(response.starts_with("HTTP/1.1 401 "), "{path}: {response}");
    }
}

#[test]
fn built_in_keys_are_long_and_recognizable() {
    for key in PROVIDERS.map(|provider| provider.standin.secret()) {
        assert!(key.len() >= 24 && key.contains("standin"), "{key}");
    }
}

#[test]
fn token_of_another_provider_is_unknown() {
    let (standins, _) = standins();
    for minted in PROVIDERS {
        let scope = minted.standin.smallest_request().scope;
        let token = account(&standins, minted.name)
            .mint(
                Permissions::new([scope]).single_use(),
                Duration::from_secs(60),
            )
            .unwrap();
        for provider in PROVIDERS.iter().filter(|other| other.name != minted.name) {
            for scope in [scope, provider.standin.smallest_request().scope] {
                let redeemed = account(&standins, provider.name).redeem(&token, scope);
                assert_eq!(redeemed, Err(RedeemError::Unknown), "{}", provider.name);
            }
        }
        assert_eq!(
            account(&standins, minted.name).redeem(&token, scope),
            Ok(())
        );
    }
}
