//! Cookies: long values in pieces, and the characters that names and values may contain.

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// A cookie as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "RFC 6265 defines both")]
pub struct Cookie {
    pub name: String,
    pub value: String,
}

impl Cookie {
    /// A cookie of this name and value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// The cookies of a request.
pub fn request_cookies(headers: &HeaderMap) -> Vec<Cookie> {
    voicemint::internals::cookie::all(headers)
        .map(|(name, value)| Cookie::new(name, value))
        .collect()
}

/// One cookie if the value has at most `size` bytes, otherwise several whose names end with
/// `separator` and a number. The value is ASCII, as in all cookies.
pub fn split(name: &str, separator: &str, size: usize, value: &str) -> Vec<Cookie> {
    let pieces: Vec<_> = value
        .as_bytes()
        .chunks(size)
        .map(String::from_utf8_lossy)
        .collect();
    number(
        name,
        separator,
        pieces.into_iter().map(Into::into).collect(),
    )
}

/// One cookie for one piece, otherwise numbered cookies.
pub fn number(name: &str, separator: &str, pieces: Vec<String>) -> Vec<Cookie> {
    if pieces.len() == 1 {
        return pieces
            .into_iter()
            .map(|value| Cookie::new(name, value))
            .collect();
    }
    let numbered = pieces.into_iter().enumerate();
    numbered
        .map(|(number, value)| Cookie::new(format!("{name}{separator}{number}"), value))
        .collect()
}

/// The characters that JavaScript's `encodeURIComponent` encodes.
pub const COMPONENT: AsciiSet = without(NON_ALPHANUMERIC, b"-_.!~*'()");

/// A set without these characters.
pub const fn without(set: &AsciiSet, mut plain: &[u8]) -> AsciiSet {
    // A copy of the set: NUL is in it anyway.
    let mut rest = set.add(b'\0');
    while let [first, others @ ..] = plain {
        rest = rest.remove(*first);
        plain = others;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::utf8_percent_encode;

    #[test]
    fn a_long_value_is_split_into_numbered_pieces() {
        assert_eq!(split("s", ".", 4, "abcd"), [Cookie::new("s", "abcd")]);
        let pieces = [
            Cookie::new("s__0", "abcd"),
            Cookie::new("s__1", "efgh"),
            Cookie::new("s__2", "i"),
        ];
        assert_eq!(split("s", "__", 4, "abcdefghi"), pieces);
    }

    #[test]
    fn names_and_values_contain_permitted_characters_only() {
        let encoded = |text: &str| utf8_percent_encode(text, &COMPONENT).to_string();
        assert_eq!(encoded("ada@example.com"), "ada%40example.com");
        assert_eq!(
            encoded("{\"a\":\"é, 1\"}"),
            "%7B%22a%22%3A%22%C3%A9%2C%201%22%7D"
        );
        const WITH_PLUS: AsciiSet = without(&COMPONENT, b"+");
        assert_eq!(
            utf8_percent_encode("a+b@c", &WITH_PLUS).to_string(),
            "a+b%40c"
        );
    }
}
