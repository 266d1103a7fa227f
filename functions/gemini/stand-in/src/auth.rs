//! Who calls: an API key in a header or in the query, or a token in the forms of Google's SDKs.

use axum::http::HeaderMap;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{single_header, single_parameter};

use crate::error::GoogleError;

/// The message for a caller without an API key, which a token is not.
const UNREGISTERED: &str = "Method doesn't allow unregistered callers (callers without established \
    identity). Please use API Key or other form of API consumer identity to call this API.";

/// How each token begins.
pub(crate) const TOKEN_PREFIX: &str = "auth_tokens/";

/// Accepts the API key in `x-goog-api-key`, or in the query parameter `key`, as all of Google's APIs
/// do.
pub(crate) fn check_key(
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<(), GoogleError> {
    let in_query = single_parameter(query, "key").ok().flatten();
    match single_header(headers, "x-goog-api-key").or(in_query) {
        Some(key) if account.accepts_key(key) => Ok(()),
        Some(key) if !key.starts_with(TOKEN_PREFIX) => Err(GoogleError::wrong_key()),
        _ => Err(GoogleError::new(
            axum::http::StatusCode::FORBIDDEN,
            UNREGISTERED,
        )),
    }
}

/// The token in the query parameter `access_token`, as @google/genai 3.3.0 sends it (its slash may
/// be escaped, as @ai-sdk/google 4.0.121 does), or in `Authorization: Token` or `x-goog-api-key`, as
/// google-genai 3.6.1 does.
pub(crate) fn token<'a>(
    query: &'a [(String, String)],
    headers: &'a HeaderMap,
) -> Result<&'a str, &'static str> {
    let in_query = single_parameter(query, "access_token")
        .map_err(|_| "access_token is given more than once.")?;
    let scheme = |value: &'a str| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("token").then_some(token)
    };
    in_query
        .or_else(|| single_header(headers, "authorization").and_then(scheme))
        .or_else(|| single_header(headers, "x-goog-api-key"))
        .filter(|token| token.starts_with(TOKEN_PREFIX))
        .ok_or(UNREGISTERED)
}
