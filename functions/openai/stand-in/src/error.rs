//! Errors in the format of OpenAI: `{"error": {"message", "type", "param", "code"}}` as an HTTP
//! response, and the same as an `error` event on a socket, which stays open.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// An error in the format of OpenAI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenAiError {
    status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

impl OpenAiError {
    /// An error of the type `invalid_request_error` with status 400.
    pub(crate) fn invalid(
        code: impl Into<Option<&'static str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: code.into(),
            param: None,
            message: message.into(),
        }
    }

    /// The same for a member of the request, as a path such as `session.audio.input`.
    #[must_use]
    pub(crate) fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// The same with another status.
    #[must_use]
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A member that is absent.
    pub(crate) fn missing(param: &str) -> Self {
        let message = format!("Missing required parameter: '{param}'.");
        Self::invalid("missing_required_parameter", message).at(param)
    }

    /// A key or token that is not accepted.
    pub(crate) fn unauthorized(message: &str) -> Self {
        Self::invalid("invalid_api_key", message).with_status(StatusCode::UNAUTHORIZED)
    }

    /// An error of the type `server_error`.
    pub(crate) fn server(status: StatusCode, message: &str) -> Self {
        Self {
            kind: "server_error",
            ..Self::invalid(None, message).with_status(status)
        }
    }

    /// The error's type and code, as public clients show a close's reason.
    pub(crate) fn reason(&self) -> String {
        format!("{}.{}", self.kind, self.code.unwrap_or_default())
    }

    /// The `error` event, about the client's event with this ID.
    pub(crate) fn event(&self, event_id: Option<&Value>) -> Value {
        let mut error = self.body();
        if let Some(error) = error.as_object_mut() {
            error.insert("event_id".to_owned(), event_id.cloned().unwrap_or_default());
        }
        json!({"type": "error", "error": error})
    }

    fn body(&self) -> Value {
        json!({"message": self.message, "type": self.kind, "param": self.param, "code": self.code})
    }
}

impl IntoResponse for OpenAiError {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"error": self.body()}))).into_response()
    }
}
