//! The frames of Cartesia's WebSockets.

use serde_json::Value;

/// Adds the context ID, by which clients find the recipient of a frame.
pub(super) fn with_context(mut frame: Value, context: Option<&str>) -> Value {
    if let (Some(members), Some(context)) = (frame.as_object_mut(), context) {
        members.insert("context_id".to_owned(), context.into());
    }
    frame
}
