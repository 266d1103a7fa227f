//! Acme Voice's mint endpoint. Name the source of what is documented: example.com/docs/tokens.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use voicemint_stand_in::request::single_header;
use voicemint_stand_in::{Account, Permissions, Scope};

/// What a token opens.
pub(crate) const SCOPE: Scope = Scope("acme");

/// The body of a mint request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MintRequest {
    expires_in: u64,
}

/// `POST /acme/v1/tokens`.
pub(crate) async fn mint(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    account.count_request();
    let key =
        single_header(&headers, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    if !key.is_some_and(|key| account.accepts_key(key)) {
        return Err((StatusCode::UNAUTHORIZED, error("invalid_key")));
    }
    if single_header(&headers, "content-type") != Some("application/json") {
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error("not_json")));
    }
    let request: MintRequest = serde_json::from_slice(&body)
        .map_err(|_| (StatusCode::BAD_REQUEST, error("invalid_request")))?;
    if !(1..=3600).contains(&request.expires_in) {
        return Err((StatusCode::BAD_REQUEST, error("invalid_lifetime")));
    }
    let lifetime = Duration::from_secs(request.expires_in);
    // `.single_use()` if the provider accepts a token only once.
    let token = account
        .mint(Permissions::new([SCOPE]), lifetime)
        .map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, error("internal")))?;
    Ok(Json(json!({ "token": token })))
}

/// The response for other methods, which are counted too.
pub(crate) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    let status = StatusCode::METHOD_NOT_ALLOWED;
    (
        status,
        [(header::ALLOW, "POST")],
        error("method_not_allowed"),
    )
        .into_response()
}

/// An error in the provider's format.
pub(crate) fn error(code: &'static str) -> Json<Value> {
    Json(json!({ "error": code }))
}

#[cfg(test)]
mod tests {
    use voicemint_stand_in::RedeemError;
    use voicemint_stand_in::testing::{TestResponse, TestStandin, call};

    use super::*;
    use crate::{API_KEY, AcmeStandin};

    async fn mint(standin: &TestStandin, key: &str, body: &str) -> TestResponse {
        let key = format!("Bearer {key}");
        let headers = [
            ("authorization", key.as_str()),
            ("content-type", "application/json"),
        ];
        call(standin, "POST", "/acme/v1/tokens", &headers, body).await
    }

    #[tokio::test]
    async fn a_token_can_be_used_until_it_expires() {
        let (standin, time) = TestStandin::start(&AcmeStandin);
        let token = mint(&standin, API_KEY, r#"{"expires_in":60}"#)
            .await
            .token();
        time.advance(59);
        assert_eq!(standin.redeem(&token, SCOPE), Ok(()));
        time.advance(1);
        assert_eq!(standin.redeem(&token, SCOPE), Err(RedeemError::Expired));
    }

    #[tokio::test]
    async fn a_wrong_request_is_refused() {
        let (standin, _) = TestStandin::start(&AcmeStandin);
        for (key, body, status) in [
            ("another-key", r#"{"expires_in":60}"#, 401),
            (API_KEY, r#"{"expires_in":3601}"#, 400),
            (API_KEY, r#"{"expires_in":60,"more":1}"#, 400),
            (API_KEY, "", 400),
        ] {
            assert_eq!(mint(&standin, key, body).await.status, status, "{body}");
        }
        let response = call(&standin, "GET", "/acme/v1/tokens", &[], "").await;
        assert_eq!(response.status, 405);
        assert_eq!((standin.requests(), standin.mints()), (5, 0));
    }
}
