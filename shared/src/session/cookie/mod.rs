//! How identity providers store a session in cookies: as it is, in chunks, or inside JSON.
//!
//! Several cookies may have the same name, as a sibling host can set cookies too. Therefore all of
//! them are read and all sessions are verified together: the order of two cookies must not decide
//! whose session counts.

mod chunks;
pub(crate) mod found;

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::session::cookie::found::{Found, MAX_CANDIDATES};
use crate::{cookie, json};

/// A cookie that contains sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    /// The cookie's name, or the prefix of the names of its chunks.
    pub name: String,
    /// How the session is encoded.
    pub format: CookieFormat,
}

/// How a session is encoded in cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieFormat {
    /// One cookie with exactly this name.
    Plain,
    /// One cookie with exactly this name, or the chunks `name<separator>0`, `name<separator>1` and
    /// so on.
    Chunked(&'static str),
    /// Supabase: as [`CookieFormat::Chunked`] with a dot. The value is JSON, percent-encoded or
    /// with the prefix `base64-`, and its `access_token` is the session.
    /// <https://github.com/supabase/ssr>
    SupabaseJson,
    /// Amplify: `name.LastAuthUser` names the user, `name.<user>.accessToken` contains the
    /// token.
    /// <https://docs.amplify.aws/javascript/build-a-backend/auth/concepts/tokens-and-credentials/>
    AmplifyUser,
}

impl SessionCookie {
    /// A cookie with exactly this name, whose value is the session.
    pub fn plain(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            format: CookieFormat::Plain,
        }
    }

    /// The sessions in a request's cookies.
    pub fn find<'a>(&self, headers: &'a HeaderMap) -> Found<'a> {
        match self.format {
            CookieFormat::Plain => Found::from_values(cookie::values(headers, &self.name)),
            CookieFormat::Chunked(separator) => chunks::find(headers, &self.name, separator),
            CookieFormat::SupabaseJson => {
                chunks::find(headers, &self.name, ".").decode(access_token)
            }
            CookieFormat::AmplifyUser => amplify(headers, &self.name),
        }
    }
}

fn access_token(value: &str) -> Option<String> {
    let text = match value.strip_prefix("base64-") {
        Some(encoded) => URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?,
        None => percent_decode_str(value).collect(),
    };
    Some(
        json::strict_object(&text)
            .ok()?
            .get("access_token")?
            .as_str()?
            .to_owned(),
    )
}

/// Finds Amplify's cookies. The library percent-encodes the user's name in the cookie's name, so
/// names are compared after decoding. Every value of `LastAuthUser` counts, with every token of
/// that user.
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
    let undecodable = tokens.is_empty() && !users.is_empty();
    // Users without a token count too: a sibling host could set so many that the user's own name is
    // not among those that are looked up.
    let too_many = users.len() > MAX_CANDIDATES;
    Found {
        undecodable,
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
            found.encoded.len(),
            found.undecodable,
        )
    }

    /// The only session.
    fn find(format: CookieFormat, name: &str, cookies: &str) -> Option<String> {
        let (mut sessions, count, _) = found(format, name, cookies);
        assert!(count < 2, "{cookies}");
        sessions.pop()
    }

    #[test]
    fn supabases_token_is_in_json_with_one_of_two_encodings() {
        let encoded = format!(
            "base64-{}",
            URL_SAFE_NO_PAD.encode(r#"{"access_token":"a.b.c","user":{"name":"ä"}}"#)
        );
        let (first, second) = encoded.split_at(20);
        for cookies in [
            format!("p={encoded}"),
            format!("p={encoded}=="),
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
            let (sessions, _, undecodable) = found(CookieFormat::SupabaseJson, "p", odd);
            assert!(sessions.is_empty() && undecodable, "{odd}");
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
    fn amplify_names_the_user_in_one_cookie_and_has_the_token_in_another() {
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
