//! The messages of clients.

use serde_json::Value;
use voicemint_stand_in::websocket::{ClientMessage, SocketClose};

/// The code of the close for a message that is not accepted. The vendor's is not verified.
const INVALID_MESSAGE: u16 = 1008;

/// The message as a JSON object.
pub(super) fn parse(message: ClientMessage) -> Result<Value, SocketClose> {
    let ClientMessage::Text(text) = message else {
        return Err(refuse("Send JSON as text messages."));
    };
    let parsed = serde_json::from_str(&text).ok().filter(Value::is_object);
    parsed.ok_or_else(|| refuse("A message must be a JSON object."))
}

/// The close for a message that is not accepted.
pub(super) fn refuse(reason: impl Into<String>) -> SocketClose {
    SocketClose::new(INVALID_MESSAGE, reason)
}
