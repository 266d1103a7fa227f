//! Errors in the formats of Deepgram. Source: developers.deepgram.com/docs/errors, and for closes the
//! pages stt-troubleshooting-websocket-data-and-net-errors and its counterpart for text to speech.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use voicemint_stand_in::request::DuplicateParameter;
use voicemint_stand_in::tokens;
use voicemint_stand_in::websocket::SocketClose;

/// An error response. Endpoints differ in the names of its members.
#[derive(Debug)]
pub(super) struct DeepgramError {
    status: StatusCode,
    body: Value,
}

impl DeepgramError {
    /// An error with `err_code`.
    pub(super) fn new(status: StatusCode, code: &str, message: &str) -> Self {
        let body =
            json!({ "err_code": code, "err_msg": message, "request_id": tokens::request_id() });
        Self { status, body }
    }

    /// An error about a JSON body, with `category`.
    pub(super) fn invalid_json(details: impl Into<String>) -> Self {
        let body = json!({
            "category": "INVALID_JSON",
            "message": "Invalid JSON submitted.",
            "details": details.into(),
            "request_id": tokens::request_id(),
        });
        let status = StatusCode::BAD_REQUEST;
        Self { status, body }
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "Bad Request", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "INVALID_AUTH",
            "Invalid credentials.",
        )
    }

    pub(super) fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            "Insufficient permissions.",
        )
    }
}

impl From<DuplicateParameter> for DeepgramError {
    fn from(DuplicateParameter(name): DuplicateParameter) -> Self {
        Self::bad_request(&format!("{name} is given more than once."))
    }
}

impl IntoResponse for DeepgramError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// Of a close by [`Socket::receive`](voicemint_stand_in::websocket::Socket::receive): Deepgram's for
/// silence, whose general code is 1008.
pub(super) fn silence_close(close: SocketClose) -> SocketClose {
    if close.code != 1008 {
        return close;
    }
    let reason = "NET-0001: Deepgram did not receive audio data or a text message within the timeout window.";
    SocketClose::new(1011, reason)
}
