//! Strict JSON: an object in which a member name is repeated is an error.
//!
//! RFC 8259 section 4 leaves open which of two members of one name counts, so two readers can see
//! different documents. What decides about grants and identities must be unambiguous.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The members of an object.
pub(crate) type Members = Map<String, Value>;

/// Why a text was not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseError {
    /// It is not JSON.
    #[error("this is not JSON, is nested too deeply or has a number out of range")]
    NotJson,
    /// It is JSON, but not an object.
    #[error("this is not an object")]
    NotAnObject,
    /// An object has the member at this JSON pointer (RFC 6901) more than once.
    #[error("the member {} is repeated", shortened(.0))]
    DuplicateMember(String),
}

/// Whether a text is gzip-compressed (RFC 1952 section 2.3.1).
pub(crate) fn is_gzip(text: &[u8]) -> bool {
    text.starts_with(&[0x1f, 0x8b])
}

/// Describes a text that is not a plain JSON object, for the log.
pub(crate) fn kind(text: &[u8]) -> &'static str {
    let start = text.trim_ascii_start();
    match strict(text) {
        _ if is_gzip(text) => "gzip-compressed although that was not requested",
        _ if start.is_empty() => "empty",
        _ if start.starts_with(b"<") => "HTML or XML",
        _ if start.starts_with(&[0xef, 0xbb, 0xbf]) => "text with a byte order mark",
        Ok(Value::Object(_)) => "a JSON object",
        Ok(_) => "JSON, but not an object",
        Err(ParseError::DuplicateMember(_)) => "JSON with a repeated member",
        Err(_) => "not JSON",
    }
}

/// The first 64 characters of a caller's text, for a message that repeats it.
pub(crate) fn shortened(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(64) {
        Some((end, _)) => Cow::Owned(format!("{}…", word.split_at(end).0)),
        None => Cow::Borrowed(word),
    }
}

/// Reads one JSON value.
///
/// # Errors
/// See [`ParseError`].
pub(crate) fn strict(text: &[u8]) -> Result<Value, ParseError> {
    let duplicate = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict(&duplicate)
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match duplicate.take() {
        Some(pointer) => Err(ParseError::DuplicateMember(pointer)),
        None => value.map_err(|_| ParseError::NotJson),
    }
}

/// Reads one JSON object.
///
/// # Errors
/// See [`ParseError`].
pub(crate) fn strict_object(text: &[u8]) -> Result<Members, ParseError> {
    match strict(text)? {
        Value::Object(members) => Ok(members),
        _ => Err(ParseError::NotAnObject),
    }
}

/// Splits a JSON object into the texts of its members, in their order. What a member holds is not
/// read: one that no reader accepts leaves the others as they are.
///
/// # Errors
/// See [`ParseError`].
pub(crate) fn member_texts(text: &str) -> Result<Vec<(String, &RawValue)>, ParseError> {
    let duplicate = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = deserializer
        .deserialize_map(MemberTexts(&duplicate))
        .and_then(|members| deserializer.end().map(|()| members));
    match duplicate.take() {
        Some(pointer) => Err(ParseError::DuplicateMember(pointer)),
        None => members.map_err(|_| ParseError::NotJson),
    }
}

/// The JSON pointer (RFC 6901) of a member or an item.
pub(crate) fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Reads the texts of members, and stores the pointer of a repeated one.
struct MemberTexts<'a>(&'a RefCell<Option<String>>);

impl<'de> Visitor<'de> for MemberTexts<'_> {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut read: Self::Value = Vec::new();
        while let Some((name, text)) = members.next_entry::<String, _>()? {
            if read.iter().any(|(known, _)| *known == name) {
                self.0.borrow_mut().get_or_insert(pointer(&name));
            }
            read.push((name, text));
        }
        Ok(read)
    }
}

/// Reads a value, and stores the pointer of a repeated member.
#[derive(Clone, Copy)]
struct Strict<'a>(&'a RefCell<Option<String>>);

impl Strict<'_> {
    /// Reads what is inside of a member or an item, which completes the pointer of a repeated member
    /// there.
    fn inside<T>(self, name: &str, read: impl FnOnce() -> T) -> T {
        let is_known = self.0.borrow().is_some();
        let value = read();
        if !is_known && let Some(inner) = self.0.borrow_mut().as_mut() {
            inner.insert_str(0, &pointer(name));
        }
        value
    }
}

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
        while let Some(value) =
            self.inside(&values.len().to_string(), || items.next_element_seed(self))?
        {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = self.inside(&name, || members.next_value_seed(self))?;
            if map.contains_key(&name) {
                self.0.borrow_mut().get_or_insert(pointer(&name));
            } else {
                map.insert(name, value);
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
    fn a_repeated_member_is_an_error_at_any_depth() {
        for (text, pointer) in [
            (r#"{"a":1,"a":1}"#, "/a"),
            (r#"{"a":[0,{"b":1,"b":2}]}"#, "/a/1/b"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
            (r#"{"a":{"b":1,"b":2},"c":{"d":1,"d":2},"a":3}"#, "/a/b"),
            (r#"{"a/b":{"~":1,"~":2}}"#, "/a~1b/~0"),
        ] {
            assert_eq!(
                strict(text.as_bytes()),
                Err(ParseError::DuplicateMember(pointer.to_owned())),
                "{text}"
            );
        }
    }

    #[test]
    fn a_member_that_cannot_be_read_leaves_the_others() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        let text = format!(
            r#"{{"a": 1e999, "b": "\ud800", "c": {deep}, "d": {{"e":1,"e":2}}, "f": 0.10}}"#
        );
        let texts = member_texts(&text).unwrap();
        let read = texts
            .iter()
            .map(|(name, text)| (name.as_str(), strict(text.get().as_bytes()).is_ok()));
        assert_eq!(
            read.collect::<Vec<_>>(),
            [
                ("a", false),
                ("b", false),
                ("c", false),
                ("d", false),
                ("f", true)
            ]
        );
        assert_eq!(texts[4].1.get(), "0.10");
        for (text, error) in [
            ("[]", ParseError::NotJson),
            ("{} {}", ParseError::NotJson),
            (r#"{"a": }"#, ParseError::NotJson),
            (
                r#"{"a/":1,"a/":2}"#,
                ParseError::DuplicateMember("/a~1".to_owned()),
            ),
        ] {
            assert_eq!(member_texts(text).err(), Some(error), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_json_is_an_error() {
        for text in [&b""[..], b"{", b"{} {}", b"\xff", b"\xef\xbb\xbf{}", b"NaN"] {
            assert_eq!(strict(text), Err(ParseError::NotJson), "{text:?}");
        }
        assert_eq!(strict_object(b"[]"), Err(ParseError::NotAnObject));
    }

    #[test]
    fn the_log_names_what_a_text_is_instead_of_an_object() {
        for (text, name) in [
            (
                &[0x1f, 0x8b, 8, 0][..],
                "gzip-compressed although that was not requested",
            ),
            (b" ", "empty"),
            (b"\n<!doctype html>", "HTML or XML"),
            (b"\xef\xbb\xbf{}", "text with a byte order mark"),
            (b"[]", "JSON, but not an object"),
            (br#"{"a":1,"a":2}"#, "JSON with a repeated member"),
            (b"{", "not JSON"),
        ] {
            assert_eq!(kind(text), name, "{text:?}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        assert_eq!(
            strict("[".repeat(100_000).as_bytes()),
            Err(ParseError::NotJson)
        );
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
