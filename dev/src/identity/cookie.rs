//! Cookies: long values in pieces, and the characters that their names and values may have.

use http::{HeaderMap, header};

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
        Self { name: name.into(), value: value.into() }
    }
}

/// The cookies of a request.
pub fn cookies_of(headers: &HeaderMap) -> Vec<Cookie> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| Cookie::new(name, value)).collect()
}

/// A value as one cookie if it has at most `size` bytes, else as cookies with a number behind `separator`. The value is
/// ASCII, as cookies are.
pub fn split(name: &str, separator: &str, size: usize, value: &str) -> Vec<Cookie> {
    let pieces: Vec<_> = value.as_bytes().chunks(size).map(String::from_utf8_lossy).collect();
    number(name, separator, pieces.into_iter().map(Into::into).collect())
}

/// One cookie, or numbered ones.
pub fn number(name: &str, separator: &str, pieces: Vec<String>) -> Vec<Cookie> {
    if pieces.len() == 1 {
        return pieces.into_iter().map(|value| Cookie::new(name, value)).collect();
    }
    let numbered = pieces.into_iter().enumerate();
    numbered.map(|(number, value)| Cookie::new(format!("{name}{separator}{number}"), value)).collect()
}

/// JavaScript's `encodeURIComponent`; the characters of `plain` stay as they are, too.
pub fn percent_encoded(text: &str, plain: &[u8]) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ if b"-_.!~*'()".contains(&byte) || plain.contains(&byte) => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_comes_in_numbered_pieces() {
        assert_eq!(split("s", ".", 4, "abcd"), [Cookie::new("s", "abcd")]);
        let pieces = [Cookie::new("s__0", "abcd"), Cookie::new("s__1", "efgh"), Cookie::new("s__2", "i")];
        assert_eq!(split("s", "__", 4, "abcdefghi"), pieces);
    }

    #[test]
    fn names_and_values_keep_to_what_cookies_may_have() {
        assert_eq!(percent_encoded("ada@example.com", b""), "ada%40example.com");
        assert_eq!(percent_encoded("{\"a\":\"é, 1\"}", b""), "%7B%22a%22%3A%22%C3%A9%2C%201%22%7D");
        assert_eq!(percent_encoded("a+b@c", b"+"), "a+b%40c");
    }
}
