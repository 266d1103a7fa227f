//! Tests of the mint endpoint.

use serde_json::{Value, json};

use crate::API_KEY;
use crate::testing::{RedeemError, call, key, mint, mint_headers, standin};
use crate::usage::UsageType;

const PATH: &str = "/v1/auth/temporary-api-key";

fn body(more: Value) -> Value {
    let mut body = json!({ "usage_type": "tts_rt", "expires_in_seconds": 60 });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn documented_requests_get_a_key_and_its_expiry() {
    let (standin, _) = standin();
    for (request, expires_at) in [
        (
            body(json!({ "expires_in_seconds": 1 })),
            "2027-01-15T08:00:01Z",
        ),
        (
            body(json!({ "expires_in_seconds": 3600 })),
            "2027-01-15T09:00:00Z",
        ),
        (
            body(json!({
                "usage_type": "transcribe_websocket",
                "single_use": false,
                "max_session_duration_seconds": 18_000,
                "client_reference_id": "ü".repeat(256),
            })),
            "2027-01-15T08:01:00Z",
        ),
    ] {
        let response = mint(&standin, &request).await;
        assert_eq!(response.status, 201, "{request}");
        let minted = response.json();
        assert_eq!(minted["expires_at"], expires_at, "{request}");
        assert!(minted["api_key"].as_str().unwrap().starts_with("snx_temp_"));
        assert_eq!(minted.as_object().unwrap().len(), 2);
    }
    assert_eq!(standin.mints(), 3);
}

#[tokio::test]
async fn a_key_is_spent_only_if_it_is_for_single_use() {
    let (standin, time) = standin();
    let once = key(&standin, "tts_rt", json!({ "single_use": true })).await;
    let reusable = key(&standin, "tts_rt", json!({})).await;
    assert_eq!(
        standin.redeem(&once, UsageType::TranscribeWebsocket),
        Err(RedeemError::NotGranted)
    );
    assert_eq!(standin.redeem(&once, UsageType::TtsRt), Ok(()));
    assert_eq!(
        standin.redeem(&once, UsageType::TtsRt),
        Err(RedeemError::Spent)
    );
    time.advance(59);
    for _ in 0..2 {
        assert_eq!(standin.redeem(&reusable, UsageType::TtsRt), Ok(()));
    }
    time.advance(1);
    let expired = standin.redeem(&reusable, UsageType::TtsRt);
    assert_eq!(expired, Err(RedeemError::Expired));
}

#[tokio::test]
async fn requests_outside_the_documentation_are_400_and_say_where() {
    let (standin, _) = standin();
    for request in [
        json!([]),
        json!({}),
        json!({ "usage_type": "tts_rt" }),
        json!({ "expires_in_seconds": 60 }),
        body(json!({ "usage_type": "TTS_RT" })),
        body(json!({ "usage_type": null })),
        body(json!({ "expires_in_seconds": 0 })),
        body(json!({ "expires_in_seconds": 3601 })),
        body(json!({ "expires_in_seconds": "60" })),
        body(json!({ "expires_in_seconds": 1.5 })),
        body(json!({ "single_use": "true" })),
        body(json!({ "max_session_duration_seconds": 0 })),
        body(json!({ "max_session_duration_seconds": 18_001 })),
        body(json!({ "client_reference_id": "x".repeat(257) })),
        body(json!({ "client_reference_id": 7 })),
        body(json!({ "expires_in": 60 })),
    ] {
        let response = mint(&standin, &request).await;
        assert_eq!(response.status, 400, "{request}");
        let error = response.json();
        assert_eq!(
            (&error["status_code"], &error["error_type"]),
            (&json!(400), &json!("invalid_request"))
        );
        let location = error["validation_errors"][0]["location"].as_str();
        assert!(
            location.is_some_and(|place| place.starts_with("body")),
            "{error}"
        );
        assert!(error["request_id"].is_string());
    }
    assert_eq!(standin.mints(), 0);
    assert_eq!(standin.requests(), 16);
}

#[tokio::test]
async fn a_wrong_key_is_401_and_another_content_type_400() {
    let (standin, _) = standin();
    let request = body(json!({})).to_string();
    let temporary = key(&standin, "tts_rt", json!({})).await;
    for authorization in [
        "Bearer wrong".to_owned(),
        API_KEY.to_owned(),
        format!("Token {API_KEY}"),
        // A temporary key cannot mint another one.
        format!("Bearer {temporary}"),
    ] {
        let headers = mint_headers(&authorization);
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let response = call(&standin, "POST", PATH, &headers, &request).await;
        assert_eq!(response.status, 401, "{authorization}");
        assert_eq!(response.json()["error_type"], "unauthenticated");
    }
    let bearer = format!("Bearer {API_KEY}");
    let double = [
        ("authorization", bearer.as_str()),
        ("authorization", &bearer),
    ];
    assert_eq!(
        call(&standin, "POST", PATH, &double, &request).await.status,
        401
    );
    for headers in [
        vec![("authorization", bearer.as_str())],
        vec![
            ("authorization", bearer.as_str()),
            ("content-type", "text/plain"),
        ],
    ] {
        let response = call(&standin, "POST", PATH, &headers, &request).await;
        assert_eq!(response.status, 400, "{headers:?}");
    }
    assert_eq!(standin.mints(), 1);
}

#[tokio::test]
async fn other_methods_are_405_and_mint_nothing() {
    let (standin, _) = standin();
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        let response = call(&standin, method, PATH, &[], "").await;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(response.header("allow"), "POST");
    }
    assert_eq!((standin.mints(), standin.requests()), (0, 4));
    let unknown = call(&standin, "POST", &format!("{PATH}/x"), &[], "").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.json()["error_type"], "not_found");
}
