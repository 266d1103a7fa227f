//! Tests of Cartesia's mint endpoint.

use super::*;
use crate::standins::CARTESIA_KEY;
use crate::standins::testing::{Answer, call, standins};

const GOOD: [(&str, &str); 3] = [
    ("authorization", "Bearer sk_car_standin_opens_nothing_real"),
    ("cartesia-version", "2026-03-01"),
    ("content-type", "application/json"),
];
const TTS: &str = r#"{"grants":{"tts":true},"expires_in":60}"#;

async fn mint(standins: &Standins, headers: &[(&str, &str)], body: &str) -> Answer {
    call(standins, "POST", "/access-token", headers, body).await
}

/// The good headers with one of them replaced.
fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut headers = without(name);
    headers.push((name, value));
    headers
}

fn without(name: &str) -> Vec<(&'static str, &'static str)> {
    GOOD.into_iter().filter(|(n, _)| *n != name).collect()
}

#[tokio::test]
async fn documented_request_gets_a_token_and_nothing_else() {
    let (standins, _) = standins();
    let answer = mint(&standins, &GOOD, TTS).await;
    let token = answer.token();
    assert_eq!(answer.json(), json!({ "token": token }));
    assert_eq!(standins.redeem(&token, Need::Cartesia(Grant::Tts)), Ok(()));
    assert_eq!(
        standins.redeem(&token, Need::Cartesia(Grant::Stt)),
        Err(Why::NotGranted)
    );
}

#[tokio::test]
async fn asked_lifetime_is_kept_to_the_second() {
    let (standins, time) = standins();
    let token = mint(&standins, &GOOD, TTS).await.token();
    time.advance(59);
    assert_eq!(standins.redeem(&token, Need::Cartesia(Grant::Tts)), Ok(()));
    time.advance(1);
    assert_eq!(
        standins.redeem(&token, Need::Cartesia(Grant::Tts)),
        Err(Why::Expired)
    );
}

#[tokio::test]
async fn edges_of_what_is_documented_are_accepted() {
    let (standins, _) = standins();
    for body in [
        r#"{"grants":{"tts":true},"expires_in":1}"#,
        r#"{"grants":{"tts":true},"expires_in":3600}"#,
        r#"{"grants":{"tts":null,"stt":false,"agent":true},"expires_in":null}"#,
        r#"{"grants":{"stt":true}}"#,
    ] {
        mint(&standins, &GOOD, body).await.token();
    }
    let newer = with("cartesia-version", "2026-08-14");
    mint(&standins, &newer, TTS).await.token();
    let charset = with("content-type", "application/json; charset=utf-8");
    mint(&standins, &charset, TTS).await.token();
    let mut header_of_old = without("authorization");
    header_of_old.push(("x-api-key", CARTESIA_KEY));
    mint(&standins, &header_of_old, TTS).await.token();
    assert_eq!(standins.mints(Vendor::Cartesia), 7);
}

#[tokio::test]
async fn bodies_outside_the_documentation_are_400() {
    let (standins, _) = standins();
    for body in [
        "",
        "null",
        "[]",
        r#"[{"tts":true},60]"#,
        "{}",
        r#"{"grants":null,"expires_in":60}"#,
        r#"{"grants":{},"expires_in":60}"#,
        r#"{"grants":[true],"expires_in":60}"#,
        r#"{"grants":{"tts":false,"stt":null},"expires_in":60}"#,
        r#"{"grants":{"tts":1},"expires_in":60}"#,
        r#"{"grants":{"tts":true,"voices":true},"expires_in":60}"#,
        r#"{"grants":{"tts":true,"tts":true},"expires_in":60}"#,
        r#"{"grants":{"tts":true},"expires_in":60,"expires_in":60}"#,
        r#"{"grants":{"tts":true},"expires_in":60,"ttl":60}"#,
        r#"{"grants":{"tts":true},"expires_in":0}"#,
        r#"{"grants":{"tts":true},"expires_in":3601}"#,
        r#"{"grants":{"tts":true},"expires_in":-1}"#,
        r#"{"grants":{"tts":true},"expires_in":60.0}"#,
        r#"{"grants":{"tts":true},"expires_in":"60"}"#,
        r#"{"grants":{"tts":true},"expires_in":60} x"#,
    ] {
        let answer = mint(&standins, &GOOD, body).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    assert_eq!(standins.mints(Vendor::Cartesia), 0);
    assert_eq!(standins.requests(Vendor::Cartesia), 20);
}

#[tokio::test]
async fn missing_or_wrong_headers_are_refused() {
    let (standins, _) = standins();
    let mut twice = GOOD.to_vec();
    twice.push(("authorization", "Bearer other"));
    let mut wrong_beside_good = with("authorization", "Bearer wrong");
    wrong_beside_good.push(("x-api-key", CARTESIA_KEY));
    for (status, headers) in [
        (401, without("authorization")),
        (401, with("authorization", "Bearer wrong")),
        (401, with("authorization", CARTESIA_KEY)),
        (
            401,
            with("authorization", "Bearer sk_car_standin_opens_nothing_rea"),
        ),
        (
            401,
            with("authorization", "Basic sk_car_standin_opens_nothing_real"),
        ),
        (401, twice),
        (401, wrong_beside_good),
        (400, without("cartesia-version")),
        (400, with("cartesia-version", "2026-03-02")),
        (415, without("content-type")),
        (415, with("content-type", "text/plain")),
        (415, with("content-type", "application/jsonp")),
    ] {
        let answer = mint(&standins, &headers, TTS).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
    assert_eq!(standins.mints(Vendor::Cartesia), 0);
}

#[tokio::test]
async fn access_token_mints_no_further_token() {
    let (standins, _) = standins();
    let token = mint(&standins, &GOOD, TTS).await.token();
    let shown = format!("Bearer {token}");
    let mut headers = without("authorization");
    headers.push(("authorization", &shown));
    assert_eq!(mint(&standins, &headers, TTS).await.status, 401);
}

#[tokio::test]
async fn errors_have_the_documented_shape() {
    let (standins, _) = standins();
    let answer = mint(&standins, &[], "").await;
    let body = answer.json();
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(body["error_code"], json!(null));
    assert_eq!(body["title"], "Unauthorized");
    assert!(body["message"].is_string());
    assert_eq!(body["request_id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn other_methods_are_405_and_counted() {
    let (standins, _) = standins();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let answer = call(&standins, method, "/access-token", &GOOD, TTS).await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), "POST");
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
    assert_eq!(standins.requests(Vendor::Cartesia), 5);
    assert_eq!(standins.mints(Vendor::Cartesia), 0);
}
