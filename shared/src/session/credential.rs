//! Where a session travels: in `Authorization: Bearer`, else in the app's session cookies.

use std::borrow::Cow;

use http::{HeaderMap, header};

use super::carrier::Carrier;

/// What a caller shows for itself. It has no `Debug`.
pub enum Credential<'a> {
    /// `Authorization: Bearer …` (RFC 6750 section 2.1).
    Bearer(&'a str),
    /// What the app's session cookies hold, which browsers attach by themselves; the first counts more than those after it.
    Cookies(Vec<Cow<'a, str>>),
    /// Nothing.
    None,
}

impl<'a> Credential<'a> {
    /// Finds the credential. A Bearer credential, however bad, keeps the cookies from being looked at.
    pub fn find(headers: &'a HeaderMap, carriers: &[Carrier]) -> Self {
        if let Some(token) = bearer(headers) {
            return Self::Bearer(token);
        }
        let sessions: Vec<_> = carriers.iter().filter_map(|carrier| carrier.find(headers)).collect();
        if sessions.is_empty() { Self::None } else { Self::Cookies(sessions) }
    }

    /// Whether it is one that a browser attaches by itself.
    pub fn is_cookie(&self) -> bool {
        matches!(self, Self::Cookies(_))
    }

    /// The sessions to try, in their order.
    pub fn sessions(&self) -> impl Iterator<Item = &str> {
        let (bearer, cookies) = match self {
            Self::Bearer(session) => (Some(*session), &[][..]),
            Self::Cookies(sessions) => (None, sessions.as_slice()),
            Self::None => (None, &[][..]),
        };
        bearer.into_iter().chain(cookies.iter().map(AsRef::as_ref))
    }
}

const SCHEME: &[u8] = b"bearer";

/// The token of the Bearer scheme, whose name is in any case (RFC 9110 section 11.1). One that is no text counts as an
/// empty one, which no verifier takes.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes().trim_ascii();
    let (scheme, rest) = value.split_at_checked(SCHEME.len())?;
    // Whatever stands behind the word, unless the word goes on: "Bearer" with a slip is a bad credential and not none.
    let goes_on = rest.first().is_some_and(u8::is_ascii_alphanumeric);
    if goes_on || !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    Some(std::str::from_utf8(rest.trim_ascii()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(authorization: Option<&[u8]>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_static("s=from-cookie"));
        if let Some(value) = authorization {
            headers.insert("authorization", HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_credential_shuts_the_cookie_out_however_bad_it_is() {
        for (value, token) in [
            (&b"Bearer abc"[..], "abc"),
            (b"bearer  abc", "abc"),
            (b" Bearer\tabc", "abc"),
            (b"Bearer: abc", ": abc"),
            (b"Bearer\xa0abc", ""),
            (b"Bearer", ""),
            (b"Bearer ", ""),
            (b"Bearer \xff", ""),
        ] {
            let headers = headers(Some(value));
            let credential = Credential::find(&headers, &[Carrier::plain("s")]);
            assert!(matches!(credential, Credential::Bearer(found) if found == token), "{value:?}");
        }
    }

    #[test]
    fn all_cookies_that_hold_something_are_to_be_tried() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_static("b=second; a=first; c="));
        let credential = Credential::find(&headers, &["a", "c", "b"].map(Carrier::plain));
        assert_eq!(credential.sessions().collect::<Vec<_>>(), ["first", "second"]);
    }

    #[test]
    fn the_cookie_counts_where_no_bearer_credential_is() {
        for value in [None, Some(&b"Basic eDp5"[..]), Some(b"Bearers abc"), Some(b"")] {
            let headers = headers(value);
            assert!(
                matches!(Credential::find(&headers, &[Carrier::plain("s")]), Credential::Cookies(found) if found == ["from-cookie"])
            );
            assert!(matches!(Credential::find(&headers, &[Carrier::plain("t")]), Credential::None));
            assert!(matches!(Credential::find(&headers, &[]), Credential::None));
        }
    }
}
