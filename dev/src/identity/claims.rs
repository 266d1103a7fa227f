//! The members of a JSON object: the claims of a token, or its header.

use serde_json::{Map, Value};

/// The claims of a token, or its header.
pub type Claims = Map<String, Value>;

/// The members of a JSON object; empty for any other value.
pub fn members(object: Value) -> Claims {
    match object {
        Value::Object(members) => members,
        _ => Claims::new(),
    }
}
