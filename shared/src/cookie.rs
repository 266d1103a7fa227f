//! `Cookie` and `Set-Cookie` (RFC 6265).

use http::{HeaderMap, HeaderValue, header};

/// Browsers drop a cookie whose name and value together are longer than this many bytes (RFC 6265
/// section 6.1).
pub(crate) const MAX_BYTES: usize = 4096;

/// The names and values of all cookies of a request. Cookies that are not UTF-8 are left out: they
/// belong to other parts of the site.
pub fn all(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(|pair| {
        let (name, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
        Some((name.trim_ascii(), value.trim_ascii()))
    })
}

/// How many different values of one name are collected: more than the verifier accepts, and few
/// enough that thousands of cookies cost little.
pub(crate) const MAX_VALUES: usize = 8;

/// The different values of the cookies of a name, without empty ones. A name may be repeated: for
/// several paths, for a parent domain, or because a sibling host planted a cookie (RFC 6265 section
/// 5.4).
pub(crate) fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    let mut values = Vec::new();
    for (_, value) in all(headers).filter(|(known, value)| *known == name && !value.is_empty()) {
        if values.len() < MAX_VALUES && !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// The value of the first cookie of a name. Browsers send the one with the longest path first.
pub(crate) fn find<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    all(headers)
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// The `Set-Cookie` of a token's cookie. A `max_age` of zero expires the cookie. `None` if the
/// cookie is longer than browsers accept.
///
/// `__Host-` ties the cookie to this very host (RFC 6265bis section 4.1.3.2).
pub(crate) fn set(name: &str, value: &str, max_age: u32) -> Option<HeaderValue> {
    if name.len() + value.len() > MAX_BYTES {
        return None;
    }
    let line =
        format!("{name}={value}; HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age={max_age}");
    HeaderValue::from_str(&line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_cookie_by_its_exact_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            "cookie",
            HeaderValue::from_static("a=1; session2=x;session=first; session=second; junk"),
        );
        headers.append("cookie", HeaderValue::from_static("b=2=3"));
        assert_eq!(find(&headers, "session"), Some("first"));
        assert_eq!(find(&headers, "b"), Some("2=3"));
        assert_eq!(find(&headers, "Session"), None);
        assert_eq!(find(&headers, "junk"), None);
    }

    #[test]
    fn finds_all_values_of_a_name_except_empty_and_repeated_ones() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", HeaderValue::from_static("a=1; b=x; a=; a=2;a=1"));
        headers.append("cookie", HeaderValue::from_static("a=3; A=4"));
        assert_eq!(values(&headers, "a"), ["1", "2", "3"]);
        assert!(values(&headers, "c").is_empty());
    }

    #[test]
    fn other_cookies_may_contain_any_bytes() {
        let mut headers = HeaderMap::new();
        headers.append(
            "cookie",
            HeaderValue::from_bytes(b"name=Jos\xc3\xa9; bad=\xff; session=first").unwrap(),
        );
        assert_eq!(find(&headers, "session"), Some("first"));
        assert_eq!(find(&headers, "bad"), None);
    }

    #[test]
    fn a_cookie_that_browsers_would_drop_is_not_set() {
        assert!(set("name", &"v".repeat(MAX_BYTES - 4), 60).is_some());
        assert!(set("name", &"v".repeat(MAX_BYTES - 3), 60).is_none());
    }
}
