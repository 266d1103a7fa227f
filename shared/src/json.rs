//! JSON, read strictly: an object that names a member twice is refused.
//!
//! RFC 8259 section 4 leaves it open which of two like-named members counts, so two readers can see two documents. What
//! decides about grants and identities must read the same to everyone.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads one JSON value.
///
/// # Errors
/// Where the text is not JSON or an object repeats a member; says which, and never quotes a value.
pub fn strict(text: &[u8]) -> Result<Value, &'static str> {
    match serde_json::from_slice::<Strict>(text) {
        Ok(Strict(value)) => Ok(value),
        Err(error) if error.is_data() => Err("an object has the same member twice"),
        Err(_) => Err("not JSON"),
    }
}

/// Reads one JSON object.
///
/// # Errors
/// As [`strict`], and where the value is not an object.
pub fn strict_object(text: &[u8]) -> Result<Map<String, Value>, &'static str> {
    match strict(text)? {
        Value::Object(members) => Ok(members),
        _ => Err("not a JSON object"),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = items.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate member"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_member_named_twice_is_refused_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":1,"b":2}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert_eq!(strict(text.as_bytes()), Err("an object has the same member twice"), "{text}");
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [&b""[..], b"{", b"{} {}", b"\xff", b"\xef\xbb\xbf{}", b"NaN"] {
            assert_eq!(strict(text), Err("not JSON"), "{text:?}");
        }
        assert_eq!(strict_object(b"[]"), Err("not a JSON object"));
    }

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(strict("[".repeat(100_000).as_bytes()), Err("not JSON"));
    }

    proptest! {
        #[test]
        fn agrees_with_the_lenient_reader_wherever_it_accepts(text in "[\\[\\]{}\":,0-9a-z ]{0,40}") {
            if let Ok(value) = strict(text.as_bytes()) {
                prop_assert_eq!(value, serde_json::from_str::<Value>(&text).unwrap());
            }
        }
    }
}
