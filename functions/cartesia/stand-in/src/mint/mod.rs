//! Cartesia's mint endpoint. Source: docs.cartesia.ai/api-reference/auth/access-token.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::auth::{check_version, has_api_key};
use super::error::CartesiaError;
use crate::grant::Grant;
use voicemint_stand_in::Account;
use voicemint_stand_in::Permissions;
use voicemint_stand_in::request::single_header;

/// The lifetime of a token if the request does not specify one, in seconds. The vendor does not
/// document its default.
const DEFAULT_LIFETIME: u64 = 60;

/// The body of a mint request. Unknown members are collected so that the error can name them.
#[derive(Deserialize)]
struct MintRequest {
    grants: Option<RequestedGrants>,
    expires_in: Option<u64>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct RequestedGrants {
    tts: Option<bool>,
    stt: Option<bool>,
    agent: Option<bool>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

/// `POST /access-token`.
pub(super) async fn mint(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, CartesiaError> {
    account.count_request();
    if !has_api_key(&account, &headers) {
        return Err(CartesiaError::new(
            StatusCode::UNAUTHORIZED,
            "The API key is missing or wrong: send Authorization: Bearer <key>.",
        ));
    }
    check_version(&headers)?;
    let (grants, lifetime) = read_request(&json_body(&headers, body)?)?;
    let token = account
        .mint(Permissions::new(grants), lifetime)
        .map_err(|_| {
            CartesiaError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The system has no random numbers.",
            )
        })?;
    Ok(Json(json!({ "token": token })).into_response())
}

fn read_request(body: &[u8]) -> Result<(Vec<Grant>, Duration), CartesiaError> {
    let request: MintRequest = serde_json::from_slice(body)
        .map_err(|error| CartesiaError::bad_request(error.to_string()))?;
    let grants = request
        .grants
        .ok_or_else(|| CartesiaError::bad_request("grants must be an object."))?;
    if let Some(name) = request.unknown.keys().chain(grants.unknown.keys()).next() {
        return Err(CartesiaError::bad_request(format!(
            "unknown member {name:?}."
        )));
    }
    let granted: Vec<Grant> = [
        (grants.tts, Grant::Tts),
        (grants.stt, Grant::Stt),
        (grants.agent, Grant::Agent),
    ]
    .into_iter()
    .filter_map(|(requested, grant)| (requested == Some(true)).then_some(grant))
    .collect();
    if granted.is_empty() {
        return Err(CartesiaError::bad_request(
            "grants must have at least one member that is true.",
        ));
    }
    match request.expires_in.unwrap_or(DEFAULT_LIFETIME) {
        seconds @ 1..=3600 => Ok((granted, Duration::from_secs(seconds))),
        _ => Err(CartesiaError::bad_request(
            "expires_in must be from 1 to 3600 seconds.",
        )),
    }
}

/// The body of a request whose content type is JSON.
pub(super) fn json_body(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Bytes, CartesiaError> {
    let content_type = single_header(headers, "content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(CartesiaError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json.",
        ));
    }
    body.map_err(|rejection| CartesiaError::new(rejection.status(), "The body could not be read."))
}

/// The response for other methods, which are counted too.
pub(super) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    (
        [(header::ALLOW, "POST")],
        CartesiaError::method_not_allowed(),
    )
        .into_response()
}

#[cfg(test)]
mod tests;
