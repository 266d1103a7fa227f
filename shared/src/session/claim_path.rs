//! Which claim a setting means: one by its name, or one within another by a JSON pointer.

use serde_json::Value;

/// A claim that a setting names, or one within it: a name that begins with a slash is a JSON
/// pointer (RFC 6901).
pub fn at<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') {
        claims.pointer(name)
    } else {
        claims.get(name)
    }
}

/// Whether a setting may name a claim so: in a JSON pointer a tilde is only ever the start of `~0`
/// or `~1` (section 3).
pub fn is_name(name: &str) -> bool {
    !name.starts_with('/')
        || name
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']))
}
