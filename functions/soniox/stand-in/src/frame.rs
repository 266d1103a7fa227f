//! Frames of the sockets.

use serde_json::Value;

/// Adds a member to a frame.
pub(super) fn with_member(mut frame: Value, name: &str, value: impl Into<Value>) -> Value {
    if let Some(members) = frame.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
    frame
}
