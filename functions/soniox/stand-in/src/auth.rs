//! The key of a socket. It arrives in one of three places: in the header `Authorization`, after
//! `soniox-api-key` in the subprotocols, or, until 15 January 2027, as `api_key` in the first frame.
//! Sources: soniox.com/docs/guides/websocket-authentication, @soniox/client 2.3.0 (the first frame),
//! soniox 2.10.0 on PyPI (the header).

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use voicemint_stand_in::request::single_header;
use voicemint_stand_in::{Account, RedeemError};

use super::error::SonioxError;
use crate::usage::UsageType;

/// The subprotocol before the key.
pub(super) const KEY_PROTOCOL: &str = "soniox-api-key";

/// The key of the handshake, if it has one.
pub(super) fn handshake_key(
    headers: &HeaderMap,
    protocols: &[String],
) -> Result<Option<String>, SonioxError> {
    let in_header = headers.contains_key(header::AUTHORIZATION);
    match protocols.iter().position(|known| known == KEY_PROTOCOL) {
        Some(_) if in_header => Err(SonioxError::invalid(
            "Send the API key in the Authorization header or in the protocols list, not in both.",
        )),
        Some(place) => {
            let key = protocols.get(place + 1);
            let key = key.ok_or_else(|| SonioxError::unauthenticated("Missing API key."))?;
            Ok(Some(key.clone()))
        }
        None if in_header => {
            let value = single_header(headers, "authorization").unwrap_or_default();
            match value.split_once(' ') {
                Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => {
                    Ok(Some(key.to_owned()))
                }
                _ => Err(SonioxError::unauthenticated("Invalid API key.")),
            }
        }
        None => Ok(None),
    }
}

/// Requires the API key, or redeems a temporary one. Returns the maximum duration of the session,
/// if the key limits it.
///
/// Soniox documents the status and the first sentence of each message, except for a key of another
/// usage type: that error is invented.
pub(super) fn authorize(
    account: &Account,
    key: &str,
    required: UsageType,
) -> Result<Option<Duration>, SonioxError> {
    if account.accepts_key(key) {
        return Ok(None);
    }
    let reason = match account.redeem_for_session(key, required) {
        Ok(terms) => return Ok(terms.max_duration),
        Err(RedeemError::NotGranted) => {
            let message = format!("The temporary API key is not for {}.", required.name());
            let status = StatusCode::FORBIDDEN;
            return Err(SonioxError::new(status, "permission_denied", message));
        }
        Err(RedeemError::Expired) => "It has expired.",
        Err(RedeemError::Spent) => "It is for single use and was used before.",
        Err(RedeemError::Unknown) => "It is not known.",
    };
    let message = format!("Invalid/expired temporary API key. {reason}");
    Err(SonioxError::unauthenticated(message))
}
