//! What every call needs: an API key or an access token, and the API version. Sources:
//! docs.cartesia.ai/api-reference/auth/access-token, /use-the-api/api-conventions.

use axum::http::{HeaderMap, StatusCode, header};

use super::error::CartesiaError;
use crate::grant::Grant;
use voicemint_stand_in::Account;
use voicemint_stand_in::RedeemError;
use voicemint_stand_in::request::{single_header, single_parameter};

/// The supported API versions: the documented one, and the one that the vendor's SDKs send.
const VERSIONS: [&str; 2] = ["2026-03-01", "2026-08-14"];

/// Accepts the API key, or a token with this grant.
pub(super) fn authorize(
    account: &Account,
    headers: &HeaderMap,
    grant: Grant,
) -> Result<(), CartesiaError> {
    if has_api_key(account, headers) {
        return Ok(());
    }
    match bearer(headers) {
        Some(token) => redeem(account, token, grant),
        None => Err(CartesiaError::unauthorized()),
    }
}

/// Checks the credential and the version of a WebSocket request. Pages cannot set its headers, so
/// both can be in the query.
pub(super) fn authorize_socket(
    account: &Account,
    headers: &HeaderMap,
    query: &[(String, String)],
    grant: Grant,
) -> Result<(), CartesiaError> {
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-api-key") {
        authorize(account, headers, grant)?;
    } else {
        match (
            single_parameter(query, "access_token")?,
            single_parameter(query, "api_key")?,
        ) {
            (Some(token), None) => redeem(account, token, grant)?,
            (None, Some(key)) if account.accepts_key(key) => {}
            _ => return Err(CartesiaError::unauthorized()),
        }
    }
    match single_parameter(query, "cartesia_version")? {
        Some(version) if !headers.contains_key("cartesia-version") => known_version(version),
        _ => check_version(headers),
    }
}

fn redeem(account: &Account, token: &str, grant: Grant) -> Result<(), CartesiaError> {
    account.redeem(token, grant).map_err(|error| match error {
        RedeemError::NotGranted => CartesiaError::new(
            StatusCode::FORBIDDEN,
            "The access token does not grant access to this endpoint.",
        ),
        RedeemError::Expired => {
            CartesiaError::new(StatusCode::UNAUTHORIZED, "The access token has expired.")
        }
        RedeemError::Unknown | RedeemError::Spent => CartesiaError::unauthorized(),
    })
}

/// Keys are accepted in both headers, tokens in Authorization only.
pub(super) fn has_api_key(account: &Account, headers: &HeaderMap) -> bool {
    let presented = if headers.contains_key(header::AUTHORIZATION) {
        bearer(headers)
    } else {
        single_header(headers, "x-api-key")
    };
    presented.is_some_and(|key| account.accepts_key(key))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    single_header(headers, "authorization")?.strip_prefix("Bearer ")
}

/// Requires a supported version in the header.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), CartesiaError> {
    match single_header(headers, "cartesia-version") {
        Some(version) => known_version(version),
        None => Err(CartesiaError::bad_request(
            "The header Cartesia-Version is required exactly once.",
        )),
    }
}

fn known_version(version: &str) -> Result<(), CartesiaError> {
    if VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(CartesiaError::bad_request(
        "Cartesia-Version is not a supported date.",
    ))
}
