//! Cookies: long values in pieces, and the characters that their names and values may have.

use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// A cookie as the browser sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Cookie {
    /// A cookie.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// The cookies of a request.
pub fn cookies_of(headers: &HeaderMap) -> Vec<Cookie> {
    voicemint::cookie::all(headers)
        .map(|(name, value)| Cookie::new(name, value))
        .collect()
}

/// A value as one cookie if it has at most `size` bytes, else as cookies with a number behind
/// `separator`. The value is ASCII, as cookies are.
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

/// One cookie, or numbered ones.
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

/// What JavaScript's `encodeURIComponent` encodes.
pub const COMPONENT: AsciiSet = without(NON_ALPHANUMERIC, b"-_.!~*'()");

/// A set without some characters.
pub const fn without(set: &AsciiSet, mut plain: &[u8]) -> AsciiSet {
    // A copy: what is encoded stays so.
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
    fn what_is_too_long_comes_in_numbered_pieces() {
        assert_eq!(split("s", ".", 4, "abcd"), [Cookie::new("s", "abcd")]);
        let pieces = [
            Cookie::new("s__0", "abcd"),
            Cookie::new("s__1", "efgh"),
            Cookie::new("s__2", "i"),
        ];
        assert_eq!(split("s", "__", 4, "abcdefghi"), pieces);
    }

    #[test]
    fn names_and_values_keep_to_what_cookies_may_have() {
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
