//! JSON, read strictly: an object that names a member twice is refused.
//!
//! RFC 8259 section 4 leaves it open which of two like-named members counts, so two readers can see
//! two documents. What decides about grants and identities must read the same to everyone.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The members of an object.
pub type Members = Map<String, Value>;

/// Why a text is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not JSON.
    NotJson,
    /// It is JSON, but not an object.
    NotAnObject,
    /// An object has this member twice.
    Twice(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => {
                f.write_str("this is not JSON, is nested too deeply or has a number out of range")
            }
            Self::NotAnObject => f.write_str("this is not an object"),
            Self::Twice(name) => write!(f, "{} comes twice", shortened(name)),
        }
    }
}

/// Whether a text is gzip's (RFC 1952 section 2.3.1).
pub fn is_gzip(text: &[u8]) -> bool {
    text.starts_with(&[0x1f, 0x8b])
}

/// What a text is that is no plain JSON object, for the log.
pub fn kind(text: &[u8]) -> &'static str {
    let start = text.trim_ascii_start();
    match strict(text) {
        _ if is_gzip(text) => "gzip-compressed, which was not asked for",
        _ if start.is_empty() => "empty",
        _ if start.starts_with(b"<") => "HTML or XML",
        _ if start.starts_with(&[0xef, 0xbb, 0xbf]) => "text with a byte order mark",
        Ok(Value::Object(_)) => "a JSON object",
        Ok(_) => "JSON, but not an object",
        Err(Fault::Twice(_)) => "JSON with a member that comes twice",
        Err(_) => "not JSON",
    }
}

/// A caller's own word, cut to what an answer needs to repeat.
pub fn shortened(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(64) {
        Some((end, _)) => Cow::Owned(format!("{}…", word.split_at(end).0)),
        None => Cow::Borrowed(word),
    }
}

/// Reads one JSON value.
///
/// # Errors
/// See [`Fault`].
pub fn strict(text: &[u8]) -> Result<Value, Fault> {
    let twice = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict(&twice)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|_| twice.take().map_or(Fault::NotJson, Fault::Twice))
}

/// Reads one JSON object.
///
/// # Errors
/// See [`Fault`].
pub fn strict_object(text: &[u8]) -> Result<Members, Fault> {
    match strict(text)? {
        Value::Object(members) => Ok(members),
        _ => Err(Fault::NotAnObject),
    }
}

/// Reads a value, and keeps the name of a member that comes twice.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a RefCell<Option<String>>);

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
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
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if map.contains_key(&name) {
                self.0.replace(Some(name));
                return Err(A::Error::custom("a member comes twice"));
            }
            map.insert(name, members.next_value_seed(self)?);
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
        for (text, name) in [
            (r#"{"a":1,"a":1}"#, "a"),
            (r#"{"a":[{"b":1,"b":2}]}"#, "b"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
        ] {
            assert_eq!(
                strict(text.as_bytes()),
                Err(Fault::Twice(name.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [&b""[..], b"{", b"{} {}", b"\xff", b"\xef\xbb\xbf{}", b"NaN"] {
            assert_eq!(strict(text), Err(Fault::NotJson), "{text:?}");
        }
        assert_eq!(strict_object(b"[]"), Err(Fault::NotAnObject));
    }

    #[test]
    fn what_is_no_object_is_named() {
        for (text, name) in [
            (
                &[0x1f, 0x8b, 8, 0][..],
                "gzip-compressed, which was not asked for",
            ),
            (b" ", "empty"),
            (b"\n<!doctype html>", "HTML or XML"),
            (b"\xef\xbb\xbf{}", "text with a byte order mark"),
            (b"[]", "JSON, but not an object"),
            (br#"{"a":1,"a":2}"#, "JSON with a member that comes twice"),
            (b"{", "not JSON"),
        ] {
            assert_eq!(kind(text), name, "{text:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(strict("[".repeat(100_000).as_bytes()), Err(Fault::NotJson));
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
