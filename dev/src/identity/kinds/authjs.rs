//! Auth.js and its predecessor NextAuth.js 4: the session is one encrypted cookie.

use aws_lc_rs::digest::{SHA512, digest};
use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::identity::claims::Claims;
use crate::identity::claims::members;
use crate::identity::cookie::Cookie;
use crate::identity::cookie::split;
use crate::identity::issuer::{Credentials, Issuer, SESSION_SECRET_ID, Settings};
use crate::identity::jwe::{ContentKey, Encryption};
use crate::identity::login::Login;
use crate::identity::session_kind::{SessionKind, first_cookie_name};
use crate::identity::signing_key::SigningKey;

/// The maximum length of a cookie value.
const CHUNK_BYTES: usize = 3936;
/// The maximum length in NextAuth.js.
const NEXT_AUTH_CHUNK_BYTES: usize = 3933;

pub struct AuthJs;

impl SessionKind for AuthJs {
    fn settings(&self, issuer: &Issuer) -> Settings {
        let mut settings = vec![("SESSION_SECRET_ID", SESSION_SECRET_ID.to_owned())];
        // Over HTTP the cookie has no prefix and is accepted only if SESSION_COOKIE names it.
        if issuer.cookie.is_none() && !issuer.base_url.starts_with("https:") {
            settings.extend(
                self.own_cookies(issuer)
                    .into_iter()
                    .map(|name| ("SESSION_COOKIE", name)),
            );
        }
        settings
    }

    fn claims(&self, _issuer: &Issuer, login: &Login) -> Claims {
        login.with_grants(json!({
            "name": login.user,
            "email": login.email(),
            "picture": null,
            "sub": login.uuid("user"),
            "iat": login.issued_at(),
            "exp": login.expires_at(),
            "jti": login.uuid("token"),
        }))
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        Ok(None)
    }

    fn own_cookies(&self, issuer: &Issuer) -> Vec<String> {
        let prefix = if issuer.base_url.starts_with("https:") {
            "__Secure-"
        } else {
            ""
        };
        vec![format!("{prefix}authjs.session-token")]
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        let cookies = session_cookies(&first_cookie_name(self, issuer), &issuer.secret, claims)?;
        let bearer = cookies.iter().map(|cookie| cookie.value.as_str()).collect();
        Ok(Credentials { bearer, cookies })
    }
}

/// The cookies of Auth.js. The key depends on the cookie's name, so cookies cannot be interchanged.
///
/// # Errors
/// If the system has no random numbers.
pub fn session_cookies(
    name: &str,
    secret: &str,
    claims: &Claims,
) -> Result<Vec<Cookie>, Unspecified> {
    let key = content_key(name, secret)?;
    Ok(split(
        name,
        ".",
        CHUNK_BYTES,
        &key.encrypt(&header(&key), claims)?,
    ))
}

/// The cookies of NextAuth.js 4.
///
/// # Errors
/// If the system has no random numbers.
pub fn next_auth_cookies(
    name: &str,
    secret: &str,
    claims: &Claims,
) -> Result<Vec<Cookie>, Unspecified> {
    let key = next_auth_content_key(secret)?;
    Ok(split(
        name,
        ".",
        NEXT_AUTH_CHUNK_BYTES,
        &key.encrypt(&Claims::new(), claims)?,
    ))
}

fn content_key(cookie: &str, secret: &str) -> Result<ContentKey, Unspecified> {
    let info = format!("Auth.js Generated Encryption Key ({cookie})");
    ContentKey::derive(Encryption::A256CbcHs512, secret, cookie, &info)
}

fn next_auth_content_key(secret: &str) -> Result<ContentKey, Unspecified> {
    ContentKey::derive(
        Encryption::A256Gcm,
        secret,
        "",
        "NextAuth.js Generated Encryption Key",
    )
}

/// The header identifies the secret by the key's thumbprint (RFC 7638), with the hash that is as
/// long as the key.
fn header(key: &ContentKey) -> Claims {
    let jwk = format!(
        r#"{{"k":"{}","kty":"oct"}}"#,
        URL_SAFE_NO_PAD.encode(key.bytes())
    );
    members(json!({"kid": URL_SAFE_NO_PAD.encode(digest(&SHA512, jwk.as_bytes()))}))
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with jose 6 and the key derivations of the two libraries, with a fixed initialization
    // vector.
    const AUTH_JS: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwia2lkIjoiSUdnOXh1b2VtLWdhc3RjVThaMDh1clRwczBsbXlhblFRZkV3YzQzaEpJ\
                           ZjAtOTB6S1hUZTNJSDJRTE9XRGJXRk9TWG55SjVybEh5QXNsay1CYlp1R2cifQ..BwcHBwcHBwcHBwcHBwcHBw.kecrJqGqIXx_YCHbb7-3c4Fb\
                           TU-p-R4DIxldINOOm-JiygTvRY1KWldOdKr7_Ps1.W2MKFMcDAMYRbSW8ry5ADov5QcVb2A8USDaImpDHgEs";
    const NEXT_AUTH: &str = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..BwcHBwcHBwcHBwcH.XjrEjeHYU93NK07DXD2r0O0THN5sxo1NWvBa-Jas69BjHLzBiGLW\
                             -dGfPw5Q8w.nAyazH2FW9X_Zcu4F0QFRw";

    #[test]
    fn sessions_are_encrypted_like_the_libraries_do() {
        let secret = "0123456789abcdef".repeat(4);
        let claims = members(json!({"exp": 4_000_000_000_u64, "name": "Ada é", "sub": "ada"}));
        let key = content_key("authjs.session-token", &secret).unwrap();
        assert_eq!(
            key.encrypt_with(&[7; 16], &header(&key), &claims).unwrap(),
            AUTH_JS
        );
        let key = next_auth_content_key(&secret).unwrap();
        assert_eq!(
            key.encrypt_with(&[7; 12], &Claims::new(), &claims).unwrap(),
            NEXT_AUTH
        );
    }

    #[test]
    fn a_long_session_is_split_into_pieces() {
        let long = members(json!({"sub": "a".repeat(4000)}));
        let cookies = session_cookies("authjs.session-token", "s", &long).unwrap();
        let shape: Vec<_> = cookies
            .iter()
            .map(|cookie| (cookie.name.as_str(), cookie.value.len() == 3936))
            .collect();
        assert_eq!(
            shape,
            [
                ("authjs.session-token.0", true),
                ("authjs.session-token.1", false)
            ]
        );
    }
}
