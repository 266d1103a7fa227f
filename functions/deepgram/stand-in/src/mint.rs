//! Deepgram's mint endpoint. Source: developers.deepgram.com/reference/auth/tokens/grant. The real
//! service's answers to unknown members and other methods are not documented.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use voicemint_stand_in::request::single_header;
use voicemint_stand_in::{Account, Permissions};

use crate::auth::{Scheme, USAGE, header_credential};
use crate::error::DeepgramError;

/// The lifetime of a token if the request has none, in seconds.
const DEFAULT_LIFETIME: u64 = 30;

/// The body of a mint request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MintRequest {
    ttl_seconds: Option<u64>,
}

/// `POST /v1/auth/grant`.
pub(super) async fn mint(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, DeepgramError> {
    account.count_request();
    match header_credential(&headers) {
        Some((Scheme::Token, key)) if account.accepts_key(key) => {}
        // A token has no permission to mint.
        Some((Scheme::Bearer, token)) if account.redeem(token, USAGE).is_ok() => {
            return Err(DeepgramError::forbidden());
        }
        _ => return Err(DeepgramError::unauthorized()),
    }
    let body = body.map_err(|_| DeepgramError::bad_request("The body could not be read."))?;
    let seconds = read_lifetime(&headers, &body)?;
    let lifetime = Duration::from_secs(seconds);
    let token = account
        .mint(Permissions::new([USAGE]), lifetime)
        .map_err(|_| {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            DeepgramError::new(
                status,
                "INTERNAL_SERVER_ERROR",
                "The system has no random numbers.",
            )
        })?;
    Ok(Json(mint_response(&token, seconds)))
}

/// A successful response: `expires_in` is a double.
pub(super) fn mint_response(token: &str, seconds: u64) -> Value {
    let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
    json!({ "access_token": token, "expires_in": f64::from(seconds) })
}

fn read_lifetime(headers: &HeaderMap, body: &[u8]) -> Result<u64, DeepgramError> {
    if body.is_empty() {
        return Ok(DEFAULT_LIFETIME);
    }
    let content_type = single_header(headers, "content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(DeepgramError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Bad Request",
            "Content-Type must be application/json.",
        ));
    }
    let request: MintRequest = serde_json::from_slice(body)
        .map_err(|error| DeepgramError::invalid_json(format!("Json deserialize error: {error}")))?;
    match request.ttl_seconds.unwrap_or(DEFAULT_LIFETIME) {
        seconds @ 1..=3600 => Ok(seconds),
        _ => Err(DeepgramError::invalid_json(
            "ttl_seconds must be from 1 to 3600.",
        )),
    }
}

/// The response for other methods, which are counted too.
pub(super) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let error = DeepgramError::new(status, "Bad Request", "Only POST is allowed.");
    ([(header::ALLOW, "POST")], error).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::API_KEY;
    use crate::testing::{RedeemError, TestResponse, TestStandin, call, minted_token, standin};

    const PATH: &str = "/v1/auth/grant";
    const JSON: (&str, &str) = ("content-type", "application/json");

    async fn mint(standin: &TestStandin, authorization: &str, body: &str) -> TestResponse {
        let headers = [("authorization", authorization), JSON];
        call(standin, "POST", PATH, &headers, body).await
    }

    fn key() -> String {
        format!("Token {API_KEY}")
    }

    #[tokio::test]
    async fn documented_requests_get_a_token_and_its_lifetime() {
        let (standin, time) = standin();
        for (body, seconds) in [
            ("", 30),
            ("{}", 30),
            (r#"{"ttl_seconds":null}"#, 30),
            (r#"{"ttl_seconds":1}"#, 1),
            (r#"{"ttl_seconds":3600}"#, 3600),
        ] {
            let response = mint(&standin, &key(), body).await;
            let token = minted_token(&response);
            let text = String::from_utf8(response.body.clone()).unwrap();
            assert!(
                text.contains(&format!(r#""expires_in":{seconds}.0"#)),
                "{text}"
            );
            time.advance(seconds - 1);
            for _ in 0..2 {
                assert_eq!(standin.redeem(&token, USAGE), Ok(()), "it is reusable");
            }
            time.advance(1);
            assert_eq!(standin.redeem(&token, USAGE), Err(RedeemError::Expired));
        }
        assert_eq!((standin.requests(), standin.mints()), (5, 5));
        let lower = mint(&standin, &key().replace("Token", "token"), "{}").await;
        assert_eq!(lower.status, 200, "the scheme is case-insensitive");
    }

    #[tokio::test]
    async fn requests_outside_the_documentation_are_400() {
        let (standin, _) = standin();
        for body in [
            "[",
            "[]",
            "null",
            r#"{"ttl_seconds":0}"#,
            r#"{"ttl_seconds":3601}"#,
            r#"{"ttl_seconds":-1}"#,
            r#"{"ttl_seconds":1.5}"#,
            r#"{"ttl_seconds":"60"}"#,
            r#"{"ttl_seconds":60,"ttl_seconds":60}"#,
            r#"{"expires_in":60}"#,
            r#"{"ttl_seconds":60,"scopes":["usage:write"]}"#,
        ] {
            let response = mint(&standin, &key(), body).await;
            assert_eq!(response.status, 400, "{body}");
            assert_eq!(response.json()["category"], "INVALID_JSON", "{body}");
            assert!(response.json()["details"].is_string());
        }
        let headers = [("authorization", &*key()), ("content-type", "text/plain")];
        let response = call(&standin, "POST", PATH, &headers, "{}").await;
        assert_eq!(response.status, 415);
        assert_eq!((standin.requests(), standin.mints()), (12, 0));
    }

    #[tokio::test]
    async fn another_credential_than_the_key_is_refused() {
        let (standin, _) = standin();
        let token = minted_token(&mint(&standin, &key(), "{}").await);
        for authorization in [
            "",
            "Token",
            "Token another-key",
            API_KEY,
            &format!("Bearer {API_KEY}"),
            &format!("Token {token}"),
            "Bearer made-up",
        ] {
            let response = mint(&standin, authorization, "{}").await;
            assert_eq!(response.status, 401, "{authorization}");
            assert_eq!(response.json()["err_code"], "INVALID_AUTH");
            assert!(response.json()["request_id"].is_string());
        }
        let response = mint(&standin, &format!("Bearer {token}"), "{}").await;
        assert_eq!(response.status, 403, "a token mints no other");
        assert_eq!(response.json()["err_code"], "FORBIDDEN");
        assert_eq!(standin.mints(), 1);
    }

    #[tokio::test]
    async fn other_methods_are_405() {
        let (standin, _) = standin();
        for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
            let headers = [("authorization", &*key()), JSON];
            let response = call(&standin, method, PATH, &headers, "{}").await;
            assert_eq!(
                (response.status.as_u16(), response.header("allow")),
                (405, "POST")
            );
            assert_eq!(response.header("access-control-allow-origin"), "");
        }
        assert_eq!((standin.requests(), standin.mints()), (4, 0));
    }
}
