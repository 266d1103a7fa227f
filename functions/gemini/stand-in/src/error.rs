//! Errors in Google's format (<https://cloud.google.com/apis/design/errors>). Their messages are not
//! part of the API.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error in Google's format.
#[derive(Debug)]
pub(crate) struct GoogleError {
    status: StatusCode,
    message: String,
    reason: Option<&'static str>,
}

impl GoogleError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            reason: None,
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The error of a wrong API key: 400, with a reason.
    pub(crate) fn wrong_key() -> Self {
        Self {
            reason: Some("API_KEY_INVALID"),
            ..Self::invalid("API key not valid. Please pass a valid API key.")
        }
    }

    /// What the message says, for the reason of a close.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

impl IntoResponse for GoogleError {
    fn into_response(self) -> Response {
        let name = match self.status {
            StatusCode::BAD_REQUEST => "INVALID_ARGUMENT",
            StatusCode::FORBIDDEN => "PERMISSION_DENIED",
            StatusCode::NOT_FOUND => "NOT_FOUND",
            StatusCode::METHOD_NOT_ALLOWED => "UNIMPLEMENTED",
            _ => "INTERNAL",
        };
        let mut error =
            json!({ "code": self.status.as_u16(), "message": self.message, "status": name });
        if let (Some(reason), Some(error)) = (self.reason, error.as_object_mut()) {
            let details = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": { "service": "generativelanguage.googleapis.com" },
            }]);
            error.insert("details".to_owned(), details);
        }
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}
