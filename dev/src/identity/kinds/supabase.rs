//! Supabase: access tokens, and the cookie of its server library, which holds the whole session as
//! JSON.

use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::utf8_percent_encode;
use serde_json::{Value, json};

use crate::identity::claims::Claims;
use crate::identity::claims::members;
use crate::identity::cookie::{COMPONENT, Cookie, number, split};
use crate::identity::issuer::{Credentials, Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::{SessionKind, first_cookie_name};
use crate::identity::signing_key::SigningKey;

/// The maximum length of a cookie value after percent-encoding.
const CHUNK_BYTES: usize = 3180;

pub struct Supabase;

impl SessionKind for Supabase {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![("SESSION_ISSUER", format!("{}/auth/v1", issuer.base_url))]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        // Users can change `user_metadata` themselves, but not `app_metadata`.
        let app_metadata = login.with_grants(json!({"provider": "email", "providers": ["email"]}));
        let claims = json!({
            "iss": format!("{}/auth/v1", issuer.base_url),
            "sub": login.uuid("user"),
            "aud": "authenticated",
            "exp": login.expires_at(),
            "iat": login.issued_at(),
            "email": login.email(),
            "phone": "",
            "app_metadata": app_metadata,
            "user_metadata": {"email": login.email(), "email_verified": true, "name": login.user},
            "role": "authenticated",
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": login.issued_at()}],
            "session_id": login.uuid("session"),
            "is_anonymous": false,
        });
        members(claims)
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        SigningKey::es256().map(Some)
    }

    fn own_cookies(&self, issuer: &Issuer) -> Vec<String> {
        let host = issuer
            .base_url
            .split_once("://")
            .map_or(issuer.base_url.as_str(), |(_, host)| host);
        let label = host.split(['.', ':', '/']).next().unwrap_or_default();
        vec![format!("sb-{label}-auth-token")]
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        let bearer = issuer.sign(&self.header(), claims)?;
        let cookies = session_cookies(&first_cookie_name(self, issuer), &session(&bearer, claims));
        Ok(Credentials { bearer, cookies })
    }
}

/// The session as the library stores it.
fn session(access_token: &str, claims: &Claims) -> Value {
    let claim = |name: &str| claims.get(name).cloned().unwrap_or_default();
    let lifetime = claim("exp")
        .as_u64()
        .zip(claim("iat").as_u64())
        .map(|(exp, iat)| exp.saturating_sub(iat));
    json!({
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": lifetime,
        "expires_at": claim("exp"),
        "refresh_token": "refreshes-nothing",
        "user": {
            "id": claim("sub"),
            "aud": claim("aud"),
            "role": claim("role"),
            "email": claim("email"),
            "phone": claim("phone"),
            "app_metadata": claim("app_metadata"),
            "user_metadata": claim("user_metadata"),
            "is_anonymous": claim("is_anonymous"),
        },
    })
}

/// The cookies in the default encoding.
pub fn session_cookies(name: &str, session: &Value) -> Vec<Cookie> {
    split(
        name,
        ".",
        CHUNK_BYTES,
        &format!("base64-{}", URL_SAFE_NO_PAD.encode(session.to_string())),
    )
}

/// The cookies with `cookieEncoding: "raw"`. No piece ends within a character.
pub fn percent_encoded_cookies(name: &str, session: &Value) -> Vec<Cookie> {
    let mut pieces = vec![String::new()];
    for letter in session.to_string().chars() {
        let encoded = utf8_percent_encode(letter.encode_utf8(&mut [0; 4]), &COMPONENT).to_string();
        match pieces.last_mut() {
            Some(piece) if piece.len() + encoded.len() <= CHUNK_BYTES => piece.push_str(&encoded),
            _ => pieces.push(encoded),
        }
    }
    number(name, ".", pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_session_is_split_into_pieces() {
        let session = json!({"access_token": "a".repeat(2370), "user": "é"});
        let cookies = session_cookies("sb-x-auth-token", &session);
        let names: Vec<_> = cookies.iter().map(|cookie| cookie.name.as_str()).collect();
        assert_eq!(names, ["sb-x-auth-token.0", "sb-x-auth-token.1"]);
        assert_eq!(cookies[0].value.len(), 3180);
        let joined: String = cookies.iter().map(|cookie| cookie.value.as_str()).collect();
        let json = URL_SAFE_NO_PAD
            .decode(joined.strip_prefix("base64-").unwrap())
            .unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&json).unwrap(), session);
    }

    #[test]
    fn each_percent_encoded_piece_can_be_decoded_alone() {
        let session = json!({"access_token": "é".repeat(1000)});
        let cookies = percent_encoded_cookies("s", &session);
        assert_eq!(cookies.len(), 2);
        let decoded: Vec<Vec<(String, String)>> = cookies
            .iter()
            .map(|cookie| serde_urlencoded::from_str(&format!("v={}", cookie.value)).unwrap())
            .collect();
        let joined: String = decoded
            .iter()
            .flatten()
            .map(|(_, value)| value.as_str())
            .collect();
        assert!(!joined.contains('\u{fffd}'));
        assert_eq!(serde_json::from_str::<Value>(&joined).unwrap(), session);
        assert_eq!(
            percent_encoded_cookies("s", &json!({"a": 1})),
            [Cookie::new("s", "%7B%22a%22%3A1%7D")]
        );
    }
}
