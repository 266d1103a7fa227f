//! WebRTC calls, which the stand-in does not have: it has no media. Source:
//! platform.openai.com/docs/api-reference/realtime-calls.

use axum::http::StatusCode;

use crate::error::OpenAiError;

/// `POST /v1/realtime/calls`. No client secret is spent.
pub(crate) async fn create() -> OpenAiError {
    let message = "This is a stand-in for tests. It has no media, so it has no WebRTC calls: use a WebSocket.";
    OpenAiError::server(StatusCode::NOT_IMPLEMENTED, message)
}
