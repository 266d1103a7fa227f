//! Errors in the format of Cartesia. Source: docs.cartesia.ai/use-the-api/api-errors.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::frame::with_context;
use voicemint_stand_in::request::DuplicateParameter;
use voicemint_stand_in::tokens;

/// An error in the format of Cartesia.
#[derive(Debug)]
pub(super) struct CartesiaError {
    status: StatusCode,
    message: String,
}

impl CartesiaError {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "The API key or access token is missing or wrong.",
        )
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Only POST is allowed.")
    }

    fn body(&self) -> Value {
        json!({
            "error_code": null,
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "message": self.message,
            "request_id": tokens::request_id(),
        })
    }

    /// The error as a WebSocket frame.
    pub(super) fn frame(&self, context: Option<&str>) -> Value {
        let mut frame = self.body();
        if let Some(members) = frame.as_object_mut() {
            members.insert("type".to_owned(), "error".into());
            members.insert("done".to_owned(), true.into());
            members.insert("status_code".to_owned(), self.status.as_u16().into());
        }
        with_context(frame, context)
    }
}

impl From<DuplicateParameter> for CartesiaError {
    fn from(DuplicateParameter(name): DuplicateParameter) -> Self {
        Self::bad_request(format!("{name} is given more than once."))
    }
}

impl IntoResponse for CartesiaError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}
