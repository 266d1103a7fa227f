//! The messages of clients, and the errors that end a session.

use serde_json::{Value, json};
use voicemint_stand_in::websocket::{ClientMessage, SocketClose};

/// The message as a JSON object.
pub(super) fn parse(message: &ClientMessage) -> Result<Value, SocketClose> {
    let ClientMessage::Text(text) = message else {
        return Err(invalid("Messages are JSON, and audio is base64 in it."));
    };
    let message: Option<Value> = serde_json::from_str(text).ok();
    message
        .filter(Value::is_object)
        .ok_or_else(|| invalid("The message is not a JSON object."))
}

pub(super) fn message_type(message: &Value) -> &str {
    message.get("type").and_then(Value::as_str).unwrap_or("")
}

/// A message that the API does not accept.
pub(super) fn invalid(message: impl Into<String>) -> SocketClose {
    error("invalid_request", message)
}

/// An error, after which the socket is closed.
pub(super) fn error(code: &str, message: impl Into<String>) -> SocketClose {
    let message = message.into();
    let frame = json!({ "type": "session.error", "code": code, "message": message });
    SocketClose::with_frame(frame, 1008, message)
}
