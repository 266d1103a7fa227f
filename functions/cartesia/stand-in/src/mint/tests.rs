//! Tests of Cartesia's mint endpoint.

use super::*;
use crate::API_KEY;
use crate::testing::{RedeemError, TestResponse, TestStandin, call, standin};

const VALID: [(&str, &str); 3] = [
    ("authorization", "Bearer sk_car_standin_opens_nothing_real"),
    ("cartesia-version", "2026-03-01"),
    ("content-type", "application/json"),
];
const TTS: &str = r#"{"grants":{"tts":true},"expires_in":60}"#;

async fn mint(standin: &TestStandin, headers: &[(&str, &str)], body: &str) -> TestResponse {
    call(standin, "POST", "/access-token", headers, body).await
}

/// The valid headers with one of them replaced.
fn with(name: &'static str, value: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut headers = without(name);
    headers.push((name, value));
    headers
}

fn without(name: &str) -> Vec<(&'static str, &'static str)> {
    VALID.into_iter().filter(|(n, _)| *n != name).collect()
}

#[tokio::test]
async fn documented_request_gets_a_token_and_nothing_else() {
    let (standin, _) = standin();
    let response = mint(&standin, &VALID, TTS).await;
    let token = response.token();
    assert_eq!(response.json(), json!({ "token": token }));
    assert_eq!(standin.redeem(&token, Grant::Tts), Ok(()));
    assert_eq!(
        standin.redeem(&token, Grant::Stt),
        Err(RedeemError::NotGranted)
    );
}

#[tokio::test]
async fn requested_lifetime_is_exact_to_the_second() {
    let (standin, time) = standin();
    let token = mint(&standin, &VALID, TTS).await.token();
    time.advance(59);
    assert_eq!(standin.redeem(&token, Grant::Tts), Ok(()));
    time.advance(1);
    assert_eq!(
        standin.redeem(&token, Grant::Tts),
        Err(RedeemError::Expired)
    );
}

#[tokio::test]
async fn documented_limits_are_accepted() {
    let (standin, _) = standin();
    for body in [
        r#"{"grants":{"tts":true},"expires_in":1}"#,
        r#"{"grants":{"tts":true},"expires_in":3600}"#,
        r#"{"grants":{"tts":null,"stt":false,"agent":true},"expires_in":null}"#,
        r#"{"grants":{"stt":true}}"#,
    ] {
        mint(&standin, &VALID, body).await.token();
    }
    let newer = with("cartesia-version", "2026-08-14");
    mint(&standin, &newer, TTS).await.token();
    let charset = with("content-type", "application/json; charset=utf-8");
    mint(&standin, &charset, TTS).await.token();
    let mut legacy_header = without("authorization");
    legacy_header.push(("x-api-key", API_KEY));
    mint(&standin, &legacy_header, TTS).await.token();
    assert_eq!(standin.mints(), 7);
}

#[tokio::test]
async fn bodies_outside_the_documentation_are_400() {
    let (standin, _) = standin();
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
        let response = mint(&standin, &VALID, body).await;
        assert_eq!(response.status, 400, "{body}");
    }
    assert_eq!(standin.mints(), 0);
    assert_eq!(standin.requests(), 20);
}

#[tokio::test]
async fn missing_or_wrong_headers_are_refused() {
    let (standin, _) = standin();
    let mut twice = VALID.to_vec();
    twice.push(("authorization", "Bearer other"));
    let mut wrong_next_to_valid = with("authorization", "Bearer wrong");
    wrong_next_to_valid.push(("x-api-key", API_KEY));
    for (status, headers) in [
        (401, without("authorization")),
        (401, with("authorization", "Bearer wrong")),
        (401, with("authorization", API_KEY)),
        (
            401,
            with("authorization", "Bearer sk_car_standin_opens_nothing_rea"),
        ),
        (
            401,
            with("authorization", "Basic sk_car_standin_opens_nothing_real"),
        ),
        (401, twice),
        (401, wrong_next_to_valid),
        (400, without("cartesia-version")),
        (400, with("cartesia-version", "2026-03-02")),
        (415, without("content-type")),
        (415, with("content-type", "text/plain")),
        (415, with("content-type", "application/jsonp")),
    ] {
        let response = mint(&standin, &headers, TTS).await;
        assert_eq!(response.status, status, "{headers:?}");
    }
    assert_eq!(standin.mints(), 0);
}

#[tokio::test]
async fn access_token_mints_no_further_token() {
    let (standin, _) = standin();
    let token = mint(&standin, &VALID, TTS).await.token();
    let bearer = format!("Bearer {token}");
    let mut headers = without("authorization");
    headers.push(("authorization", &bearer));
    assert_eq!(mint(&standin, &headers, TTS).await.status, 401);
}

#[tokio::test]
async fn errors_have_the_documented_format() {
    let (standin, _) = standin();
    let response = mint(&standin, &[], "").await;
    let body = response.json();
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(body["error_code"], json!(null));
    assert_eq!(body["title"], "Unauthorized");
    assert!(body["message"].is_string());
    assert_eq!(body["request_id"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn other_methods_are_405_and_counted() {
    let (standin, _) = standin();
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let response = call(&standin, method, "/access-token", &VALID, TTS).await;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), "POST");
        assert_eq!(response.header("access-control-allow-origin"), "");
    }
    assert_eq!(standin.requests(), 5);
    assert_eq!(standin.mints(), 0);
}
