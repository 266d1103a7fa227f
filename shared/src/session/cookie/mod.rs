//! How identity products pack a session into cookies: as it is, cut into chunks, or inside JSON.
//!
//! A name may come several times, as a sibling host can plant cookies. Then all that they may hold
//! is found, and what is found is judged together: which of two comes first must not decide whose
//! session counts.

mod chunks;
pub mod found;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::session::cookie::found::{Found, MAX_CANDIDATES};
use crate::{cookie, json};

/// A place in which sessions travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    /// The cookie's name, or what the names of its chunks begin with.
    pub name: String,
    /// How the session is packed.
    pub format: CookieFormat,
}

/// How a session is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieFormat {
    /// One cookie of that very name.
    Plain,
    /// One cookie, or the chunks `name<separator>0`, `name<separator>1` and so on.
    Chunked(&'static str),
    /// Supabase's: as [`CookieFormat::Chunked`] with a dot; the value is JSON, percent-encoded or behind
    /// `base64-`, and has the token as its `access_token`. <https://github.com/supabase/ssr>
    SupabaseJson,
    /// Amplify's: `name.LastAuthUser` names the user, `name.<user>.accessToken` holds the token.
    /// <https://docs.amplify.aws/javascript/build-a-backend/auth/concepts/tokens-and-credentials/>
    AmplifyUser,
}

impl SessionCookie {
    /// One cookie of that very name.
    pub fn plain(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            format: CookieFormat::Plain,
        }
    }

    /// What the request's cookies may hold.
    pub fn find<'a>(&self, headers: &'a HeaderMap) -> Found<'a> {
        match self.format {
            CookieFormat::Plain => Found::from_values(cookie::values(headers, &self.name)),
            CookieFormat::Chunked(separator) => chunks::find(headers, &self.name, separator),
            CookieFormat::SupabaseJson => {
                chunks::find(headers, &self.name, ".").unpack(access_token)
            }
            CookieFormat::AmplifyUser => amplify(headers, &self.name),
        }
    }
}

fn access_token(packed: &str) -> Option<String> {
    let text = match packed.strip_prefix("base64-") {
        Some(encoded) => URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?,
        None => percent_decode_str(packed).collect(),
    };
    Some(
        json::strict_object(&text)
            .ok()?
            .get("access_token")?
            .as_str()?
            .to_owned(),
    )
}

/// A user's name may be an address, and the library encodes it in the cookie's name: names are
/// compared decoded. Every user that is named as the last one counts, with every token that there
/// is under the name.
fn amplify<'a>(headers: &'a HeaderMap, name: &str) -> Found<'a> {
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .map(Cow::into_owned)
            .ok()
    };
    let users = cookie::values(headers, &format!("{name}.LastAuthUser"));
    let wanted: Vec<_> = users
        .iter()
        .filter_map(|user| Some(format!("{name}.{}.accessToken", decode(user)?)))
        .collect();
    let mut tokens = Vec::new();
    for wanted in &wanted {
        let of_user = cookie::all(headers).filter(|(name, value)| {
            !value.is_empty() && decode(name).is_some_and(|name| name == *wanted)
        });
        for (_, token) in of_user {
            if tokens.len() < cookie::MAX_VALUES && !tokens.contains(&token) {
                tokens.push(token);
            }
        }
    }
    let unreadable = tokens.is_empty() && !users.is_empty();
    // Those without a token count too: so many may be planted that the user's own is not among
    // those that are looked for.
    let too_many = users.len() > MAX_CANDIDATES;
    Found {
        unreadable,
        too_many,
        ..Found::from_values(tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn found(format: CookieFormat, name: &str, cookies: &str) -> (Vec<String>, usize, bool) {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_str(cookies).unwrap());
        let found = SessionCookie {
            name: name.to_owned(),
            format,
        }
        .find(&headers);
        (
            found.sessions.into_iter().map(Cow::into_owned).collect(),
            found.packed.len(),
            found.unreadable,
        )
    }

    /// The only session.
    fn find(format: CookieFormat, name: &str, cookies: &str) -> Option<String> {
        let (mut sessions, count, _) = found(format, name, cookies);
        assert!(count < 2, "{cookies}");
        sessions.pop()
    }

    #[test]
    fn supabases_token_is_in_json_that_is_encoded_in_two_ways() {
        let packed = format!(
            "base64-{}",
            URL_SAFE_NO_PAD.encode(r#"{"access_token":"a.b.c","user":{"name":"ä"}}"#)
        );
        let (first, second) = packed.split_at(20);
        for cookies in [
            format!("p={packed}"),
            format!("p={packed}=="),
            format!("p.0={first}; p.1={second}"),
            "p=%7B%22access_token%22%3A%22a.b.c%22%7D".to_owned(),
            r#"p={"access_token":"a.b.c"}"#.to_owned(),
        ] {
            assert_eq!(
                find(CookieFormat::SupabaseJson, "p", &cookies).as_deref(),
                Some("a.b.c"),
                "{cookies}"
            );
        }
        for odd in [
            "p=base64-!",
            "p=base64-e30",
            "p=a.b.c",
            "p={}",
            "p=[]",
            r#"p={"access_token":7}"#,
            "p.1=x",
        ] {
            let (sessions, _, unreadable) = found(CookieFormat::SupabaseJson, "p", odd);
            assert!(sessions.is_empty() && unreadable, "{odd}");
        }
        assert_eq!(
            found(CookieFormat::SupabaseJson, "p", "p=; q=x"),
            (vec![], 0, false)
        );
        let [a, b] = ["a", "b"].map(|token| format!(r#"p={{"access_token":"{token}"}}"#));
        let both = found(
            CookieFormat::SupabaseJson,
            "p",
            &format!("{a}; p=junk; {b}; {a}"),
        );
        assert_eq!(both, (vec!["a".to_owned(), "b".to_owned()], 3, true));
    }

    #[test]
    fn amplifys_user_is_named_by_one_cookie_and_has_the_token_in_another() {
        for cookies in [
            "c.LastAuthUser=ada; c.ada.accessToken=t",
            "c.LastAuthUser=ada@a.test; c.ada%40a.test.accessToken=t",
            "c.LastAuthUser=ada%40a.test; c.ada%40a.test.accessToken=t; c.bob.accessToken=other",
        ] {
            assert_eq!(
                find(CookieFormat::AmplifyUser, "c", cookies).as_deref(),
                Some("t"),
                "{cookies}"
            );
        }
        for cookies in [
            "c.ada.accessToken=t",
            "c.LastAuthUser=bob; c.ada.accessToken=t",
            "c.LastAuthUser=ada",
        ] {
            assert_eq!(
                find(CookieFormat::AmplifyUser, "c", cookies),
                None,
                "{cookies}"
            );
        }
        for (cookies, tokens) in [
            (
                "c.LastAuthUser=ada; c.LastAuthUser=eve; c.eve.accessToken=e; c.ada.accessToken=a",
                ["a", "e"],
            ),
            (
                "c.LastAuthUser=eve; c.LastAuthUser=ada; c.eve.accessToken=e; c.ada.accessToken=a",
                ["e", "a"],
            ),
            (
                "c.LastAuthUser=ada; c.ada.accessToken=e; c.ada.accessToken=a",
                ["e", "a"],
            ),
            (
                "c.LastAuthUser=ada; c.LastAuthUser=ada; c.ada.accessToken=e; c.ada.accessToken=a",
                ["e", "a"],
            ),
            (
                "c.LastAuthUser=a%61; c.LastAuthUser=aa; c.a%61.accessToken=e; c.aa.accessToken=a",
                ["e", "a"],
            ),
        ] {
            let tokens = tokens.map(str::to_owned).to_vec();
            assert_eq!(
                found(CookieFormat::AmplifyUser, "c", cookies),
                (tokens, 2, false),
                "{cookies}"
            );
        }
    }
}
