//! Where a session is in a request: in `Authorization: Bearer`, else in the app's session cookies.

use std::borrow::Cow;

use http::{HeaderMap, header};

use crate::session::cookie::SessionCookie;
use crate::session::cookie::found::MAX_CANDIDATES;

/// The credential of a request. It has no `Debug`, as it is secret.
pub enum Credential<'a> {
    /// `Authorization: Bearer …` (RFC 6750 section 2.1).
    Bearer(&'a str),
    /// The sessions in the app's cookies, which browsers attach on their own.
    Cookies(Vec<Candidate<'a>>),
    /// More sessions in cookies than one user can have.
    TooManyCookies,
    /// Session cookies from which no session can be decoded.
    UndecodableCookies,
    /// Neither a Bearer credential nor a session cookie.
    None,
}

/// A session from a cookie.
pub struct Candidate<'a> {
    /// The session, decoded.
    pub session: Cow<'a, str>,
    /// The names of the cookies that contain it, without the numbers of chunks.
    pub cookies: Vec<String>,
}

impl<'a> Credential<'a> {
    /// Finds the credential. If there is a Bearer credential, even a malformed one, the cookies are
    /// ignored.
    pub fn find(headers: &'a HeaderMap, session_cookies: &[SessionCookie]) -> Self {
        if let Some(token) = bearer(headers) {
            return Self::Bearer(token);
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        // The same value in several cookies counts once.
        let mut counted: Vec<Cow<str>> = Vec::new();
        let (mut too_many, mut undecodable) = (false, false);
        for cookie in session_cookies {
            let found = cookie.find(headers);
            too_many |= found.too_many;
            undecodable |= found.undecodable;
            for encoded in found.encoded {
                if !counted.contains(&encoded) {
                    counted.push(encoded);
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
            0 if undecodable => Self::UndecodableCookies,
            0 => Self::None,
            _ => Self::Cookies(candidates),
        }
    }

    /// Whether browsers attach the credential on their own.
    pub fn is_cookie(&self) -> bool {
        matches!(self, Self::Cookies(_) | Self::TooManyCookies)
    }

    /// The sessions to verify, in order.
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

/// The token of the Bearer scheme, whose name is case-insensitive (RFC 9110 section 11.1). A value
/// that is not UTF-8 counts as an empty token, which no verifier accepts.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let rest = after_bearer(headers.get(header::AUTHORIZATION)?.as_bytes())?;
    Some(std::str::from_utf8(rest.trim_ascii()).unwrap_or_default())
}

/// The part of an `Authorization` value after the name of the Bearer scheme. `None` for another
/// scheme.
pub(crate) fn after_bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.trim_ascii().split_at_checked(SCHEME.len())?;
    // Any character but a letter or digit ends the scheme's name: "Bearer:" is a malformed Bearer
    // credential, not a missing one.
    let is_longer_name = rest.first().is_some_and(u8::is_ascii_alphanumeric);
    if is_longer_name || !scheme.eq_ignore_ascii_case(SCHEME) {
        return None;
    }
    Some(rest)
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
    fn a_bearer_credential_takes_precedence_over_cookies_even_if_malformed() {
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
    fn all_session_cookies_with_a_value_are_candidates() {
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
    fn the_cookie_is_used_without_a_bearer_credential() {
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
