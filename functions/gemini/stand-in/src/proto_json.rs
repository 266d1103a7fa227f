//! JSON of protocol buffers, as Google's APIs read it (<https://protobuf.dev/programming-guides/json>):
//! names of members in camel case or in snake case, and base64 of either alphabet. google-genai
//! 3.6.1 sends snake case and the URL-safe alphabet.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value};

/// Parses an object, and writes the names of its members in camel case, at any depth.
pub(crate) fn parse_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(bytes).ok().map(with_camel_case)
}

/// Decodes base64.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .ok()
}

fn with_camel_case(members: Map<String, Value>) -> Map<String, Value> {
    let members = members.into_iter();
    members
        .map(|(name, value)| (camel_case(&name), value_with_camel_case(value)))
        .collect()
}

fn value_with_camel_case(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(with_camel_case(members)),
        Value::Array(items) => items.into_iter().map(value_with_camel_case).collect(),
        other => other,
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_in_camel_or_snake_case() {
        let text = br#"{"client_content":{"turns":[{"a_b_c":1}],"turnComplete":true},"x":"y_z"}"#;
        assert_eq!(
            parse_object(text).map(Value::Object),
            Some(
                json!({"clientContent": {"turns": [{"aBC": 1}], "turnComplete": true}, "x": "y_z"})
            )
        );
        assert_eq!(parse_object(b"[]"), None);
    }

    #[test]
    fn base64_has_either_alphabet() {
        assert_eq!(decode("+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode("-_8="), Some(vec![0xfb, 0xff]));
        assert_eq!(decode("?"), None);
    }
}
