//! The key of mints and the client secrets of sockets. Sources:
//! platform.openai.com/docs/guides/realtime-websocket, and the SDKs: openai 7.59.0,
//! @openai/agents-realtime 0.20.0 and openai 3.57.0 for Python.

use axum::http::HeaderMap;
use voicemint_stand_in::request::single_header;
use voicemint_stand_in::tokens::RedeemError;
use voicemint_stand_in::websocket::Upgrade;
use voicemint_stand_in::{Account, Scope, SessionTerms};

use crate::error::OpenAiError;

/// The subprotocol that is selected.
pub(crate) const PROTOCOL: &str = "realtime";

/// Begins the subprotocol with the secret of a browser.
const SECRET_PROTOCOL: &str = "openai-insecure-api-key.";

/// Checks the API key of a mint.
///
/// # Errors
/// If it is missing or wrong.
pub(crate) fn check_key(account: &Account, headers: &HeaderMap) -> Result<(), OpenAiError> {
    match bearer(headers) {
        Some(key) if account.accepts_key(key) => Ok(()),
        Some(_) => Err(OpenAiError::unauthorized("Incorrect API key provided.")),
        None => Err(OpenAiError::unauthorized(
            "Missing bearer authentication in header.",
        )),
    }
}

/// Redeems the client secret of a handshake: a server sends it in the header, a browser as a
/// subprotocol.
///
/// # Errors
/// If it is missing or does not open this.
pub(crate) fn redeem(
    account: &Account,
    headers: &HeaderMap,
    upgrade: &Upgrade,
    scope: Scope,
) -> Result<SessionTerms, OpenAiError> {
    let protocols = upgrade.protocols().iter();
    let mut secrets = protocols.filter_map(|name| name.strip_prefix(SECRET_PROTOCOL));
    let token = bearer(headers)
        .or_else(|| secrets.next())
        .ok_or_else(|| OpenAiError::unauthorized("Missing bearer authentication in header."))?;
    account.redeem_for_session(token, scope).map_err(|error| {
        OpenAiError::unauthorized(match error {
            RedeemError::Expired => "The client secret has expired.",
            RedeemError::Spent => "The client secret was used before.",
            RedeemError::NotGranted => "The client secret is for sessions of another type.",
            RedeemError::Unknown => "The client secret is not known.",
        })
    })
}

/// Whether a handshake asks for the beta, which ended in May 2026.
pub(crate) fn is_beta(headers: &HeaderMap, upgrade: &Upgrade) -> bool {
    let header = headers.get_all("openai-beta").iter();
    let mut names = header.filter_map(|value| value.to_str().ok());
    names.any(|value| value.contains("realtime=v1"))
        || upgrade
            .protocols()
            .iter()
            .any(|name| name == "openai-beta.realtime-v1")
}

/// The bearer token of the only `Authorization` header. The scheme's name can have any case.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = single_header(headers, "authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}
