//! Errors in the formats of ElevenLabs. Source: elevenlabs.io/docs/eleven-api/resources/errors.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use voicemint_stand_in::tokens;
use voicemint_stand_in::websocket::SocketClose;

/// An error in one of the formats of ElevenLabs.
#[derive(Debug)]
pub(super) enum ElevenLabsError {
    /// The documented object: status, type, code and message.
    Documented(StatusCode, &'static str, &'static str, &'static str),
    /// The validation error of its web framework: location, type and message.
    Validation([&'static str; 2], &'static str, &'static str),
    /// The default error of its web framework.
    Plain(StatusCode),
}

impl ElevenLabsError {
    /// The message of the error on a WebSocket.
    pub(super) fn message(&self) -> &'static str {
        match self {
            Self::Documented(_, _, _, message) | Self::Validation(_, _, message) => message,
            Self::Plain(status) => status.canonical_reason().unwrap_or("Error"),
        }
    }

    /// The code of the error on a WebSocket.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Documented(_, _, code, _) | Self::Validation(_, code, _) => code,
            Self::Plain(_) => "error",
        }
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
            Self::Validation(loc, kind, message) => {
                let detail = json!([{ "loc": loc, "msg": message, "type": kind }]);
                (StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            Self::Plain(status) => (status, status.canonical_reason().unwrap_or("Error").into()),
        };
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}

/// The response for methods other than POST.
pub(super) async fn method_not_allowed() -> Response {
    let error = ElevenLabsError::Plain(StatusCode::METHOD_NOT_ALLOWED);
    ([(header::ALLOW, "POST")], error).into_response()
}

/// Closes a text-to-speech socket with an error frame.
pub(super) fn close_tts_socket(code: &str, message: &str) -> SocketClose {
    SocketClose::with_frame(
        json!({ "message": message, "error": code, "code": 1008 }),
        1008,
        message,
    )
}
