//! Errors in the formats of Soniox: of its REST API (soniox.com/docs/api-reference/errors) and of
//! its sockets (soniox.com/docs/stt/rt/error-handling, soniox.com/docs/tts/rt/termination).

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use voicemint_stand_in::tokens::request_id;
use voicemint_stand_in::websocket::SocketClose;

use super::frame::with_member;

/// An error of Soniox.
#[derive(Debug)]
pub(super) struct SonioxError {
    status: StatusCode,
    error_type: &'static str,
    message: String,
    /// The place in the request and what is wrong with it.
    validation: Option<(String, String)>,
}

impl SonioxError {
    pub(super) fn new(
        status: StatusCode,
        error_type: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            error_type,
            message: message.into(),
            validation: None,
        }
    }

    /// 400 with a message.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// 400 for a member of the body.
    pub(super) fn validation(location: impl Into<String>, message: impl Into<String>) -> Self {
        let error = Self::invalid(
            "Your request did not pass validation. One or more fields in the request body are missing or invalid.",
        );
        Self {
            validation: Some((location.into(), message.into())),
            ..error
        }
    }

    /// 401 with a message.
    pub(super) fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", message)
    }

    /// 408 with a message.
    pub(super) fn timeout(message: impl Into<String>) -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", message)
    }

    /// The frame of this error on a socket.
    pub(super) fn frame(&self) -> Value {
        json!({
            "error_code": self.status.as_u16(),
            "error_type": self.error_type,
            "error_message": self.message,
            "request_id": request_id(),
        })
    }

    /// Ends a transcription: its frames always have tokens. The code of Soniox's close is not
    /// documented.
    pub(super) fn close_transcription(&self) -> SocketClose {
        let frame = with_member(self.frame(), "tokens", json!([]));
        SocketClose::with_frame(frame, 1000, "")
    }

    /// Ends a speech connection. The frame names the stream that caused the error, if there is one:
    /// the SDKs report it at that stream.
    pub(super) fn close_speech(&self, stream: Option<&str>) -> SocketClose {
        let frame = match stream {
            Some(stream) => with_member(self.frame(), "stream_id", stream),
            None => self.frame(),
        };
        SocketClose::with_frame(frame, 1000, "")
    }
}

impl IntoResponse for SonioxError {
    fn into_response(self) -> Response {
        let errors = self.validation.iter().map(|(location, message)| {
            json!({ "error_type": "value_error", "location": location, "message": message })
        });
        let more = "https://soniox.com/docs/api-reference/errors#";
        let body = json!({
            "status_code": self.status.as_u16(),
            "error_type": self.error_type,
            "message": self.message,
            "validation_errors": errors.collect::<Value>(),
            "request_id": request_id(),
            "more_info": format!("{more}{}", self.error_type),
        });
        (self.status, Json(body)).into_response()
    }
}

/// The response for methods other than POST.
pub(super) fn method_not_allowed() -> Response {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let error = SonioxError::new(status, "method_not_allowed", "Method not allowed.");
    ([(header::ALLOW, "POST")], error).into_response()
}
