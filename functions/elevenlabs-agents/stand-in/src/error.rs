//! Errors in the formats of ElevenLabs. Source: elevenlabs.io/docs/eleven-api/resources/errors.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use voicemint_stand_in::tokens;

/// An error in one of the formats of ElevenLabs.
#[derive(Debug)]
pub(crate) enum ElevenLabsError {
    /// The documented object: status, type, code and message.
    Documented(StatusCode, &'static str, &'static str, &'static str),
    /// The validation error of its web framework: parameter, type and message.
    Validation(&'static str, &'static str, &'static str),
    /// The default error of its web framework.
    Plain(StatusCode),
}

impl ElevenLabsError {
    /// The error for a missing or wrong API key.
    pub fn wrong_key() -> Self {
        Self::Documented(
            StatusCode::UNAUTHORIZED,
            "authentication_error",
            "invalid_api_key",
            "The API key is missing or wrong: send it exactly once, as xi-api-key.",
        )
    }

    /// The error for an unknown agent. The vendor's code is not verified.
    pub fn unknown_agent() -> Self {
        Self::Documented(
            StatusCode::NOT_FOUND,
            "not_found",
            "agent_not_found",
            "The account has no such agent, branch or environment.",
        )
    }
}

impl IntoResponse for ElevenLabsError {
    fn into_response(self) -> Response {
        let (status, detail): (StatusCode, Value) = match self {
            Self::Documented(status, kind, code, message) => {
                let detail = json!({
                    "type": kind,
                    "code": code,
                    "message": message,
                    // Older clients read the code from here.
                    "status": code,
                    "request_id": tokens::request_id(),
                });
                (status, detail)
            }
            Self::Validation(parameter, kind, message) => {
                let detail = json!([{ "loc": ["query", parameter], "msg": message, "type": kind }]);
                (StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            Self::Plain(status) => (status, status.canonical_reason().unwrap_or("Error").into()),
        };
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}
