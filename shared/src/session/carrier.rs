//! How identity products pack a session into cookies: as it is, cut into chunks, or inside JSON.
//!
//! What cannot be unpacked counts as no session at all, as it does for the products' own readers.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use percent_encoding::percent_decode_str;

use crate::{cookie, json};

/// The most chunks that are put together: browsers and API Gateway stop much earlier.
const MOST_CHUNKS: usize = 16;

/// A place in which sessions travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrier {
    /// The cookie's name, or what the names of its chunks begin with.
    pub name: String,
    /// How the session is packed.
    pub form: Form,
}

/// How a session is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One cookie of that very name.
    Plain,
    /// One cookie, or the chunks `name<separator>0`, `name<separator>1` and so on.
    Chunked(&'static str),
    /// Supabase's: as [`Form::Chunked`] with a dot; the value is JSON, percent-encoded or behind `base64-`, and has the token
    /// as its `access_token`. <https://github.com/supabase/ssr>
    SupabaseJson,
    /// Amplify's: `name.LastAuthUser` names the user, `name.<user>.accessToken` holds the token.
    /// <https://docs.amplify.aws/javascript/build-a-backend/auth/concepts/tokens-and-credentials/>
    AmplifyUser,
}

impl Carrier {
    /// One cookie of that very name.
    pub fn plain(name: impl Into<String>) -> Self {
        Self { name: name.into(), form: Form::Plain }
    }

    /// The session that the request's cookies hold, if they hold one.
    pub fn find<'a>(&self, headers: &'a HeaderMap) -> Option<Cow<'a, str>> {
        let found = match self.form {
            Form::Plain => cookie::find(headers, &self.name).map(Cow::Borrowed),
            Form::Chunked(separator) => chunked(headers, &self.name, separator),
            Form::SupabaseJson => access_token(&chunked(headers, &self.name, ".")?).map(Cow::Owned),
            Form::AmplifyUser => amplify(headers, &self.name),
        };
        found.filter(|session| !session.is_empty())
    }
}

/// The unchunked cookie wins: a library that went back to one cookie may have left old chunks behind.
fn chunked<'a>(headers: &'a HeaderMap, name: &str, separator: &str) -> Option<Cow<'a, str>> {
    if let Some(whole) = cookie::find(headers, name).filter(|whole| !whole.is_empty()) {
        return Some(Cow::Borrowed(whole));
    }
    let chunk = |number: usize| cookie::find(headers, &format!("{name}{separator}{number}"));
    let chunks: String = (0..MOST_CHUNKS).map_while(chunk).collect();
    Some(Cow::Owned(chunks))
}

fn access_token(packed: &str) -> Option<String> {
    let text = match packed.strip_prefix("base64-") {
        Some(encoded) => URL_SAFE_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?,
        None => percent_decode_str(packed).collect(),
    };
    Some(json::strict_object(&text).ok()?.get("access_token")?.as_str()?.to_owned())
}

/// A user's name may be an address, and the library encodes it in the cookie's name: names are compared decoded.
fn amplify<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned).ok();
    let user = decode(cookie::find(headers, &format!("{name}.LastAuthUser"))?)?;
    let wanted = format!("{name}.{user}.accessToken");
    let mut cookies = cookie::all(headers);
    let token = cookies.find_map(|(name, value)| (decode(name)? == wanted).then_some(value))?;
    Some(Cow::Borrowed(token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn find(form: Form, name: &str, cookies: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_str(cookies).unwrap());
        Carrier { name: name.to_owned(), form }.find(&headers).map(Cow::into_owned)
    }

    #[test]
    fn chunks_are_put_together_in_their_order_up_to_a_gap() {
        let form = Form::Chunked(".");
        assert_eq!(find(form, "s", "s.1=b; s.0=a; s.3=d").as_deref(), Some("ab"));
        assert_eq!(find(form, "s", "s.1=b"), None, "the first one is missing");
        assert_eq!(find(form, "s", "s.0=old; s=whole").as_deref(), Some("whole"));
        assert_eq!(find(form, "s", "s=; s.0=a").as_deref(), Some("a"), "an empty one is none");
        assert_eq!(find(form, "s", "sx=other; s-0=other"), None);
        assert_eq!(find(Form::Chunked("__"), "s", "s__0=a; s__1=b").as_deref(), Some("ab"));
        let many: String = (0..40).map(|number| format!("s.{number}=x; ")).collect();
        assert_eq!(find(form, "s", &many).unwrap().len(), MOST_CHUNKS);
    }

    #[test]
    fn supabases_token_is_in_json_that_is_encoded_in_two_ways() {
        let packed = format!("base64-{}", URL_SAFE_NO_PAD.encode(r#"{"access_token":"a.b.c","user":{"name":"ä"}}"#));
        let (first, second) = packed.split_at(20);
        for cookies in [
            format!("p={packed}"),
            format!("p={packed}=="),
            format!("p.0={first}; p.1={second}"),
            "p=%7B%22access_token%22%3A%22a.b.c%22%7D".to_owned(),
            r#"p={"access_token":"a.b.c"}"#.to_owned(),
        ] {
            assert_eq!(find(Form::SupabaseJson, "p", &cookies).as_deref(), Some("a.b.c"), "{cookies}");
        }
        for odd in ["p=base64-!", "p=base64-e30", "p=a.b.c", "p={}", "p=[]", r#"p={"access_token":7}"#, "p.1=x"] {
            assert_eq!(find(Form::SupabaseJson, "p", odd), None, "{odd}");
        }
    }

    #[test]
    fn amplifys_user_is_named_by_one_cookie_and_has_the_token_in_another() {
        for cookies in [
            "c.LastAuthUser=ada; c.ada.accessToken=t",
            "c.LastAuthUser=ada@a.test; c.ada%40a.test.accessToken=t",
            "c.LastAuthUser=ada%40a.test; c.ada%40a.test.accessToken=t; c.bob.accessToken=other",
        ] {
            assert_eq!(find(Form::AmplifyUser, "c", cookies).as_deref(), Some("t"), "{cookies}");
        }
        for cookies in ["c.ada.accessToken=t", "c.LastAuthUser=bob; c.ada.accessToken=t", "c.LastAuthUser=ada"] {
            assert_eq!(find(Form::AmplifyUser, "c", cookies), None, "{cookies}");
        }
    }
}
