//! Which claim a setting names: a claim by its name, or a claim inside another by a JSON pointer.

use serde_json::Value;

/// The claim that a setting names. A name that begins with a slash is a JSON pointer (RFC 6901).
pub(crate) fn at<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') {
        claims.pointer(name)
    } else {
        claims.get(name)
    }
}

/// Whether a name is valid. In a JSON pointer, each tilde must begin `~0` or `~1` (section 3).
pub(crate) fn is_name(name: &str) -> bool {
    !name.starts_with('/')
        || name
            .split('~')
            .skip(1)
            .all(|rest| rest.starts_with(['0', '1']))
}
