//! What every call needs: the API key, or a single-use token of the right type. Source: the
//! vendor's SDK @elevenlabs/elevenlabs-js 2.73.

use axum::http::{HeaderMap, StatusCode};

use super::error::ElevenLabsError;
use crate::token_type::TokenType;
use voicemint_stand_in::Account;
use voicemint_stand_in::RedeemError;
use voicemint_stand_in::request::{DuplicateParameter, single_header, single_parameter};

/// Redeems the token in the query parameter `name`; without one, the API key is required.
pub(super) fn authorize(
    account: &Account,
    headers: &HeaderMap,
    query: &[(String, String)],
    name: &'static str,
    required: TokenType,
) -> Result<(), ElevenLabsError> {
    match single_parameter(query, name) {
        Ok(Some(token)) => account
            .redeem(token, required)
            .map_err(|error| token_error(error, required)),
        Ok(None) => check_key(account, headers),
        Err(DuplicateParameter(_)) => Err(token_error(RedeemError::Unknown, required)),
    }
}

/// Requires the API key.
pub(super) fn check_key(account: &Account, headers: &HeaderMap) -> Result<(), ElevenLabsError> {
    match single_header(headers, "xi-api-key") {
        Some(key) if account.accepts_key(key) => Ok(()),
        _ => Err(wrong_key()),
    }
}

/// The error for a missing or wrong API key.
pub(super) fn wrong_key() -> ElevenLabsError {
    ElevenLabsError::Documented(
        StatusCode::UNAUTHORIZED,
        "authentication_error",
        "invalid_api_key",
        "The API key is missing or wrong: send it exactly once, as xi-api-key.",
    )
}

fn token_error(error: RedeemError, required: TokenType) -> ElevenLabsError {
    let (code, message) = match error {
        RedeemError::Unknown => ("invalid_token", "The single-use token is not known."),
        RedeemError::Expired => (
            "token_expired",
            "The single-use token has expired: its lifetime is 15 minutes.",
        ),
        RedeemError::Spent => (
            "token_already_used",
            "The single-use token has been used before.",
        ),
        RedeemError::NotGranted => {
            let message = match required {
                TokenType::RealtimeScribe => {
                    "The single-use token is of another type: realtime_scribe is required."
                }
                TokenType::BatchScribe => {
                    "The single-use token is of another type: batch_scribe is required."
                }
                TokenType::TtsWebsocket => {
                    "The single-use token is of another type: tts_websocket is required."
                }
            };
            return ElevenLabsError::Documented(
                StatusCode::FORBIDDEN,
                "authorization_error",
                "wrong_token_type",
                message,
            );
        }
    };
    ElevenLabsError::Documented(
        StatusCode::UNAUTHORIZED,
        "authentication_error",
        code,
        message,
    )
}
