//! A client's event.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::error::OpenAiError;

/// A client's event: a JSON object with a type.
pub(crate) struct ClientEvent {
    members: Map<String, Value>,
}

impl ClientEvent {
    /// Reads a text frame.
    ///
    /// # Errors
    /// If it is not a JSON object.
    pub(crate) fn read(text: &str) -> Result<Self, OpenAiError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Self { members }),
            _ => Err(OpenAiError::invalid(
                None,
                "Could not parse the event as a JSON object.",
            )),
        }
    }

    /// Its ID, if the client gave one.
    pub(crate) fn id(&self) -> Option<&Value> {
        self.members.get("event_id")
    }

    /// Its type; empty if it has none.
    pub(crate) fn name(&self) -> &str {
        self.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A member that must be present.
    ///
    /// # Errors
    /// If it is absent.
    pub(crate) fn require(&self, name: &str) -> Result<&Value, OpenAiError> {
        self.get(name).ok_or_else(|| OpenAiError::missing(name))
    }

    /// A member that must be a text.
    ///
    /// # Errors
    /// If it is absent or has another type.
    pub(crate) fn text(&self, name: &str) -> Result<&str, OpenAiError> {
        self.require(name)?.as_str().ok_or_else(|| {
            let message = format!("Invalid type for '{name}': expected a string.");
            OpenAiError::invalid("invalid_type", message).at(name)
        })
    }

    /// The audio in the member `audio`.
    ///
    /// # Errors
    /// If it is absent or not base64.
    pub(crate) fn audio(&self) -> Result<Vec<u8>, OpenAiError> {
        STANDARD.decode(self.text("audio")?).map_err(|_| {
            let message = "Invalid 'audio': expected base64-encoded bytes.";
            OpenAiError::invalid("invalid_value", message).at("audio")
        })
    }
}

/// Audio as an event has it.
pub(crate) fn encode(audio: &[u8]) -> String {
    STANDARD.encode(audio)
}
