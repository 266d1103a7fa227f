//! Where a session travels: in `Authorization: Bearer`, else in the app's session cookies.

use std::borrow::Cow;

use http::{HeaderMap, header};

use crate::session::cookie::SessionCookie;
use crate::session::cookie::found::MAX_CANDIDATES;

/// What a caller shows for itself. It has no `Debug`.
pub enum Credential<'a> {
    /// `Authorization: Bearer …` (RFC 6750 section 2.1).
    Bearer(&'a str),
    /// What the app's session cookies hold, which browsers attach by themselves.
    Cookies(Vec<Candidate<'a>>),
    /// More than can be the user's own.
    TooManyCookies,
    /// Session cookies, but none that holds a session.
    UndecodableCookies,
    /// Nothing.
    None,
}

/// A session that a cookie holds.
pub struct Candidate<'a> {
    /// The session.
    pub session: Cow<'a, str>,
    /// The names of the cookies that hold it, without the chunks' numbers.
    pub cookies: Vec<String>,
}

impl<'a> Credential<'a> {
    /// Finds the credential. A Bearer credential, however bad, keeps the cookies from being looked
    /// at.
    pub fn find(headers: &'a HeaderMap, cookies: &[SessionCookie]) -> Self {
        if let Some(token) = bearer(headers) {
            return Self::Bearer(token);
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        // The same in another place counts once.
        let mut counted: Vec<Cow<str>> = Vec::new();
        let (mut too_many, mut unreadable) = (false, false);
        for cookie in cookies {
            let found = cookie.find(headers);
            too_many |= found.too_many;
            unreadable |= found.unreadable;
            for packed in found.packed {
                if !counted.contains(&packed) {
                    counted.push(packed);
                }
            }
            for session in found.sessions {
                match candidates.iter_mut().find(|known| known.session == session) {
                    Some(known) => known.cookies.push(cookie.name.clone()),
                    None => candidates.push(Candidate {
                        session,
                        cookies: vec![cookie.name.clone()],
                    }),
                }
            }
        }
        match candidates.len() {
            _ if too_many || counted.len() > MAX_CANDIDATES => Self::TooManyCookies,
            0 if unreadable => Self::UndecodableCookies,
            0 => Self::None,
            _ => Self::Cookies(candidates),
        }
    }

    /// Whether it is one that a browser attaches by itself.
    pub fn is_cookie(&self) -> bool {
        matches!(self, Self::Cookies(_) | Self::TooManyCookies)
    }

    /// The sessions to judge, in their order.
    pub fn sessions(&self) -> impl Iterator<Item = &str> {
        let (bearer, cookies) = match self {
            Self::Bearer(session) => (Some(*session), &[][..]),
            Self::Cookies(candidates) => (None, candidates.as_slice()),
            _ => (None, &[][..]),
        };
        bearer
            .into_iter()
            .chain(cookies.iter().map(|candidate| candidate.session.as_ref()))
    }
}

const SCHEME: &[u8] = b"bearer";

/// The token of the Bearer scheme, whose name is in any case (RFC 9110 section 11.1). One that is
/// no text counts as an empty one, which no verifier takes.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let rest = after_bearer(headers.get(header::AUTHORIZATION)?.as_bytes())?;
    Some(std::str::from_utf8(rest.trim_ascii()).unwrap_or_default())
}

/// What an `Authorization` has behind the name of the Bearer scheme, if it begins with that.
pub fn after_bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.trim_ascii().split_at_checked(SCHEME.len())?;
    // Whatever stands behind the word, unless the word goes on: "Bearer" with a slip is a bad
    // credential and not none.
    let goes_on = rest.first().is_some_and(u8::is_ascii_alphanumeric);
    (!goes_on && scheme.eq_ignore_ascii_case(SCHEME)).then_some(rest)
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
            let credential = Credential::find(&headers, &[SessionCookie::plain("s")]);
            assert!(
                matches!(credential, Credential::Bearer(found) if found == token),
                "{value:?}"
            );
        }
    }

    #[test]
    fn all_cookies_that_hold_something_are_to_be_judged() {
        let found = |cookies: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("cookie", HeaderValue::from_str(cookies).unwrap());
            let credential = Credential::find(&headers, &["a", "c", "b"].map(SessionCookie::plain));
            credential
                .is_cookie()
                .then(|| credential.sessions().map(str::to_owned).collect::<Vec<_>>())
        };
        assert_eq!(found("b=second; a=first; c=").unwrap(), ["first", "second"]);
        assert_eq!(
            found("a=1; a=2; b=3; b=1; a=; c=4; a=2").unwrap(),
            ["1", "2", "4", "3"]
        );
        assert!(
            found("a=1; a=2; b=3; b=4; c=5").unwrap().is_empty(),
            "too many"
        );
        assert_eq!(found("a=; d=1"), None);
    }

    #[test]
    fn the_cookie_counts_where_no_bearer_credential_is() {
        for value in [
            None,
            Some(&b"Basic eDp5"[..]),
            Some(b"Bearers abc"),
            Some(b""),
        ] {
            let headers = headers(value);
            assert!(
                matches!(Credential::find(&headers, &[SessionCookie::plain("s")]), Credential::Cookies(found) if found[0].session == "from-cookie")
            );
            assert!(matches!(
                Credential::find(&headers, &[SessionCookie::plain("t")]),
                Credential::None
            ));
            assert!(matches!(Credential::find(&headers, &[]), Credential::None));
        }
    }
}
