//! Tests of the mint endpoint.

use super::*;
use crate::API_KEY;
use crate::testing::{RedeemError, call, mint, standin, token};

const PATH: &str = "/v1alpha/auth_tokens";
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_token_is_spent_within_its_start_window() {
    let (standin, time) = standin();
    let body = json!({
        "uses": 1,
        "expireTime": "2027-01-15T08:30:00Z",
        "newSessionExpireTime": "2027-01-15T08:01:00Z",
        "bidiGenerateContentSetup": {"model": "models/m"},
    });
    let response = mint(&standin, &body).await;
    let name = response.json()["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("auth_tokens/"), "{name}");
    assert_eq!(response.json(), json!({ "name": name }), "no times");
    let late = token(&standin, &body).await;
    time.advance(59);
    assert_eq!(standin.redeem(&name, LIVE), Ok(()));
    assert_eq!(standin.redeem(&name, LIVE), Err(RedeemError::Spent));
    time.advance(1);
    assert_eq!(standin.redeem(&late, LIVE), Err(RedeemError::Expired));
}

#[tokio::test]
async fn all_fields_have_defaults() {
    let (standin, time) = standin();
    let name = token(&standin, &json!({})).await;
    let unlimited = token(&standin, &json!({"uses": 0})).await;
    time.advance(59);
    assert_eq!(standin.redeem(&name, LIVE), Ok(()));
    assert_eq!(standin.redeem(&name, LIVE), Err(RedeemError::Spent));
    assert_eq!(standin.redeem(&unlimited, LIVE), Ok(()));
    assert_eq!(standin.redeem(&unlimited, LIVE), Ok(()));
    let short = json!({"expireTime": "2027-01-15T08:01:00.5Z"});
    let short = token(&standin, &short).await;
    time.advance(1);
    assert_eq!(
        standin.redeem(&short, LIVE),
        Err(RedeemError::Expired),
        "a session cannot start after its end"
    );
}

#[tokio::test]
async fn a_wrong_body_is_an_invalid_argument() {
    let (standin, _) = standin();
    let setup = json!({"model": "models/m", "tools": []});
    for body in [
        json!([]),
        json!({"use": 1}),
        json!({"expire_time": "2027-01-15T08:30:00"}),
        json!({"uses": -1}),
        json!({"uses": "1"}),
        json!({"uses": 2}),
        json!({"uses": 4_294_967_296_u64}),
        json!({"expireTime": 1_800_000_060}),
        json!({"expireTime": "2027-01-15 08:30"}),
        json!({"expireTime": "2027-01-15T07:59:59Z"}),
        json!({"expireTime": "2026-01-15T08:00:00Z"}),
        json!({"expireTime": "2027-01-16T04:00:00Z"}),
        json!({"newSessionExpireTime": "2027-01-16T04:00:00Z"}),
        json!({"newSessionExpireTime": null}),
        json!({"bidiGenerateContentSetup": "models/m"}),
        json!({"bidiGenerateContentSetup": {"setup": {"model": "models/m"}}}),
        json!({"bidiGenerateContentSetup": {"model": 7}}),
        json!({"bidiGenerateContentSetup": {"generationConfig": {"responseModalities": ["SMELL"]}}}),
        json!({"bidiGenerateContentSetup": setup, "fieldMask": "model"}),
        json!({"bidiGenerateContentSetup": setup, "fieldMask": ["model", "tools"]}),
        json!({"bidiGenerateContentSetup": setup, "fieldMask": "model, tools"}),
    ] {
        let response = mint(&standin, &body).await;
        assert_eq!(response.status, 400, "{body}");
        let error = &response.json()["error"];
        assert_eq!(error["status"], "INVALID_ARGUMENT", "{body}");
        assert!(error.get("details").is_none(), "{body}");
    }
    assert_eq!(standin.mints(), 0);
    let longest = json!({
        "expireTime": "2027-01-16T03:59:59Z",
        "newSessionExpireTime": "2027-01-16T03:59:59Z",
        "bidiGenerateContentSetup": setup,
        "fieldMask": "model,tools",
    });
    assert_eq!(mint(&standin, &longest).await.status, 200);
}

#[tokio::test]
async fn a_key_is_in_the_header_or_in_the_query() {
    let (standin, _) = standin();
    let in_query = format!("{PATH}?key={API_KEY}");
    let twice = format!("{in_query}&key={API_KEY}");
    let token = token(&standin, &json!({})).await;
    let bearer = format!("Bearer {API_KEY}");
    for (path, headers, status, reason) in [
        (PATH, vec![("x-goog-api-key", API_KEY)], 200, None),
        (in_query.as_str(), vec![], 200, None),
        (PATH, vec![], 403, None),
        (twice.as_str(), vec![], 403, None),
        (PATH, vec![("authorization", bearer.as_str())], 403, None),
        (PATH, vec![("x-goog-api-key", token.as_str())], 403, None),
        (
            PATH,
            vec![("x-goog-api-key", "another")],
            400,
            Some("API_KEY_INVALID"),
        ),
        (
            in_query.as_str(),
            vec![("x-goog-api-key", "another")],
            400,
            Some("API_KEY_INVALID"),
        ),
    ] {
        let headers = [headers, vec![JSON]].concat();
        let response = call(&standin, "POST", path, &headers, "{}").await;
        assert_eq!(response.status, status, "{path} {headers:?}");
        let found = response.json()["error"]["details"][0]["reason"].clone();
        assert_eq!(found.as_str(), reason, "{path} {headers:?}");
    }
}

#[tokio::test]
async fn other_methods_and_content_types_mint_nothing() {
    let (standin, _) = standin();
    let key = ("x-goog-api-key", API_KEY);
    for method in ["GET", "PUT", "DELETE"] {
        let response = call(&standin, method, PATH, &[key, JSON], "{}").await;
        assert_eq!(
            (response.status.as_u16(), response.header("allow")),
            (405, "POST")
        );
    }
    for headers in [vec![key], vec![key, ("content-type", "text/plain")]] {
        let response = call(&standin, "POST", PATH, &headers, "{}").await;
        assert_eq!(response.status, 400);
    }
    assert_eq!((standin.requests(), standin.mints()), (5, 0));
    let response = call(&standin, "GET", "/v1alpha/models", &[key], "").await;
    assert_eq!(response.json()["error"]["status"], "NOT_FOUND");
}
