//! Tests of the stand-ins as a whole: paths, methods, cross-origin rules, keys and counts.

use std::io::{Read, Write};

use tokio::net::TcpListener;

use super::testing::{FORM_TYPE, call, form, standins};
use super::*;

const USE: [&str; 5] = [
    "/tts/bytes",
    "/tts/sse",
    "/stt",
    "/audio/transcriptions",
    "/v1/speech-to-text",
];
const MINT: [&str; 3] = [
    "/access-token",
    "/v1/single-use-token/batch_scribe",
    "/v3/token",
];

#[tokio::test]
async fn pages_may_call_what_consumes_tokens_and_read_the_errors() {
    let (standins, _) = standins();
    for path in USE {
        let preflight = call(&standins, "OPTIONS", path, &[], "").await;
        assert_eq!(preflight.status, 204, "{path}");
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
        assert_eq!(preflight.header("access-control-allow-methods"), "POST");
        let allowed = preflight.header("access-control-allow-headers");
        assert_eq!(allowed, "authorization, *");
        for (method, status) in [("POST", 401), ("GET", 405)] {
            let answer = call(&standins, method, path, &[], "").await;
            assert_eq!(answer.status, status, "{method} {path}");
            assert_eq!(answer.header("access-control-allow-origin"), "*");
        }
    }
}

#[tokio::test]
async fn pages_may_not_call_what_mints() {
    let (standins, _) = standins();
    for path in MINT {
        for method in ["OPTIONS", "POST", "GET"] {
            let answer = call(&standins, method, path, &[], "").await;
            assert!(!answer.status.is_success(), "{method} {path}");
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    }
}

#[tokio::test]
async fn root_names_every_path() {
    let (standins, _) = standins();
    let answer = call(&standins, "GET", "/", &[], "").await;
    let text = answer.json().to_string();
    let others = [
        "/access-token",
        "/v1/single-use-token/",
        "/v3/token",
        "/tts/websocket",
        "/stt/turns/websocket",
        "/v3/ws",
    ];
    for path in USE.into_iter().chain(others) {
        assert!(text.contains(path), "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_are_404_in_the_vendors_shape() {
    let (standins, _) = standins();
    for (path, member) in [
        ("/v1/voices", "detail"),
        ("/v1/single-use-token/", "detail"),
        ("/v3/agents", "error"),
        ("/v1/text-to-speech/a/stream", "detail"),
        ("/voices", "title"),
        ("/access-token/", "title"),
    ] {
        let answer = call(&standins, "GET", path, &[], "").await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.json()[member].is_string(), "{path}");
    }
}

#[tokio::test]
async fn rotated_key_replaces_the_old_one_for_that_vendor_and_all_clones() {
    let (standins, _) = standins();
    let router_of_a_clone = standins.clone();
    standins.set_key(Vendor::AssemblyAi, "another0key");
    for (key, status) in [("another0key", 200), (ASSEMBLYAI_KEY, 401)] {
        let headers = [("authorization", key)];
        let uri = "/v3/token?expires_in_seconds=60";
        let answer = call(&router_of_a_clone, "GET", uri, &headers, "").await;
        assert_eq!(answer.status, status);
    }
    let headers = [("xi-api-key", ELEVENLABS_KEY)];
    let answer = call(&standins, "POST", MINT[1], &headers, "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(standins.mints(Vendor::AssemblyAi), 1);
    assert_eq!(standins.requests(Vendor::AssemblyAi), 2);
    assert_eq!(standins.mints(Vendor::ElevenLabs), 1);
    assert_eq!(standins.mints(Vendor::Cartesia), 0);
}

/// A refusal that is sent while the client still uploads would reach it as a broken connection.
#[tokio::test]
async fn upload_is_read_whole_before_it_is_refused() {
    let (standins, _) = standins();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, standins.router()).await });
    for path in ["/stt", "/audio/transcriptions", "/v1/speech-to-text"] {
        let upload = form(&[("file", &"s".repeat(BODY_LIMIT / 2))]);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: {FORM_TYPE}\r\ncontent-length: {}\r\n\r\n",
            upload.len()
        );
        let answer = tokio::task::spawn_blocking(move || {
            let mut client = std::net::TcpStream::connect(address).unwrap();
            client.write_all(head.as_bytes()).unwrap();
            // In pieces, as a client does that reads a file: time enough for an early answer to
            // close the connection.
            for piece in upload.as_bytes().chunks(BODY_LIMIT / 8) {
                client.write_all(piece).unwrap();
                std::thread::sleep(Duration::from_millis(10));
            }
            let mut answer = String::new();
            client.read_to_string(&mut answer).map(|_| answer)
        });
        let answer = answer.await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
    }
}

#[test]
fn built_in_keys_are_long_and_say_what_they_are() {
    for key in [CARTESIA_KEY, ELEVENLABS_KEY, ASSEMBLYAI_KEY] {
        assert!(key.len() >= 24 && key.contains("standin"), "{key}");
    }
}
