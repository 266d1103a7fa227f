//! Soniox's mint endpoint. Source:
//! soniox.com/docs/api-reference/auth/create_temporary_api_key.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use voicemint_stand_in::request::single_header;
use voicemint_stand_in::{Account, Permissions};

use super::error::{self, SonioxError};
use crate::usage::UsageType;

/// The longest `client_reference_id`, in characters.
const MAX_REFERENCE_CHARS: usize = 256;

/// The body of a mint request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MintRequest {
    usage_type: UsageType,
    expires_in_seconds: u64,
    single_use: Option<bool>,
    max_session_duration_seconds: Option<u64>,
    client_reference_id: Option<String>,
}

/// `POST /v1/auth/temporary-api-key`.
pub(super) async fn mint(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, SonioxError> {
    account.count_request();
    let authorization = single_header(&headers, "authorization");
    let key = authorization.and_then(|value| value.strip_prefix("Bearer "));
    if !key.is_some_and(|key| account.accepts_key(key)) {
        return Err(SonioxError::unauthenticated(
            "Incorrect API key provided. Send it as Authorization: Bearer <key>.",
        ));
    }
    let content_type = single_header(&headers, "content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(SonioxError::validation(
            "body",
            "The content type must be application/json.",
        ));
    }
    let body = body.map_err(|rejection| SonioxError::validation("body", rejection.body_text()))?;
    let request: MintRequest = serde_json::from_slice(&body)
        .map_err(|error| SonioxError::validation("body.payload", error.to_string()))?;
    let lifetime = check(&request)?;
    let expires = account.now().saturating_add(lifetime);
    let token = account
        .mint(permissions(&request), lifetime)
        .map_err(|_| internal_error())?;
    let body = json!({ "api_key": token, "expires_at": rfc3339(expires)? });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// Checks the ranges. Returns the lifetime.
fn check(request: &MintRequest) -> Result<Duration, SonioxError> {
    if !(1..=3600).contains(&request.expires_in_seconds) {
        let location = "body.payload.expires_in_seconds";
        return Err(SonioxError::validation(
            location,
            "Input should be from 1 to 3600",
        ));
    }
    let session = request.max_session_duration_seconds;
    if session.is_some_and(|seconds| !(1..=18_000).contains(&seconds)) {
        let location = "body.payload.max_session_duration_seconds";
        return Err(SonioxError::validation(
            location,
            "Input should be from 1 to 18000",
        ));
    }
    let reference = request.client_reference_id.as_deref().unwrap_or_default();
    if reference.chars().count() > MAX_REFERENCE_CHARS {
        let location = "body.payload.client_reference_id";
        let message = "String should have at most 256 characters";
        return Err(SonioxError::validation(location, message));
    }
    Ok(Duration::from_secs(request.expires_in_seconds))
}

fn permissions(request: &MintRequest) -> Permissions {
    let permissions = Permissions::new([request.usage_type]);
    let permissions = match request.max_session_duration_seconds {
        Some(seconds) => permissions.with_max_session(Duration::from_secs(seconds)),
        None => permissions,
    };
    if request.single_use == Some(true) {
        permissions.single_use()
    } else {
        permissions
    }
}

/// A time since the Unix epoch, with milliseconds, in RFC 3339.
fn rfc3339(time: Duration) -> Result<String, SonioxError> {
    let milliseconds = i128::try_from(time.as_millis()).unwrap_or(i128::MAX);
    let nanoseconds = milliseconds.saturating_mul(1_000_000);
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok();
    let text = moment.and_then(|moment| moment.format(&Rfc3339).ok());
    text.ok_or_else(internal_error)
}

fn internal_error() -> SonioxError {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    SonioxError::new(status, "internal_error", "The server encountered an error.")
}

/// The response for other methods, which are counted too.
pub(super) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    error::method_not_allowed()
}

#[cfg(test)]
mod tests;
