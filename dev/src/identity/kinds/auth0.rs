//! Auth0: access tokens for an API, and the encrypted session of nextjs-auth0.

use aws_lc_rs::error::Unspecified;
use serde_json::{Value, json};

use crate::identity::claims::Claims;
use crate::identity::claims::members;
use crate::identity::cookie::Cookie;
use crate::identity::cookie::split;
use crate::identity::issuer::{AUDIENCE, Credentials, Issuer, SESSION_SECRET_ID, Settings};
use crate::identity::jwe::{ContentKey, Encryption};
use crate::identity::login::Login;
use crate::identity::session_kind::{SessionKind, first_cookie_name};

/// The maximum length of a cookie value in version 4 of nextjs-auth0.
const CHUNK_BYTES: usize = 3500;
/// Approximately the maximum in version 3.
const LEGACY_CHUNK_BYTES: usize = 4000;

pub struct Auth0;

impl SessionKind for Auth0 {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![
            ("SESSION_ISSUER", issuer.base_url.clone()),
            ("SESSION_AUDIENCE", AUDIENCE.to_owned()),
            ("SESSION_SECRET_ID", SESSION_SECRET_ID.to_owned()),
        ]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        login.with_grants(json!({
            "iss": format!("{}/", issuer.base_url),
            "sub": format!("auth0|{}", login.id("user", 24)),
            "aud": [AUDIENCE, format!("{}/userinfo", issuer.base_url)],
            "azp": "voicemintdevclient",
            "iat": login.issued_at(),
            "exp": login.expires_at(),
            "scope": "openid profile email",
        }))
    }

    fn own_cookies(&self, _issuer: &Issuer) -> Vec<String> {
        vec!["__session".to_owned()]
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        let bearer = issuer.sign(&self.header(), claims)?;
        let cookies = session_cookies(
            &first_cookie_name(self, issuer),
            &issuer.secret,
            &session(&bearer, claims),
        )?;
        Ok(Credentials { bearer, cookies })
    }
}

/// The session that nextjs-auth0 stores. It has its own expiry, in addition to those of the access
/// token and the user's claims.
fn session(access_token: &str, claims: &Claims) -> Claims {
    let claim = |name: &str| claims.get(name).cloned().unwrap_or_default();
    let mut user = members(json!({
        "sub": claim("sub"),
        "nickname": "dev",
        "name": "Dev",
        "email": "dev@example.com",
        "email_verified": true,
        "sid": "session-of-dev",
    }));
    user.extend(
        claims
            .get("grants")
            .map(|grants| ("grants".to_owned(), grants.clone())),
    );
    let mut session = members(json!({
        "user": user,
        "tokenSet": {
            "accessToken": access_token,
            "scope": claim("scope"),
            "requestedScope": claim("scope"),
            "audience": AUDIENCE,
            "expiresAt": claim("exp"),
            "token_type": "Bearer",
        },
        "internal": {"sid": "session-of-dev", "createdAt": claim("iat")},
    }));
    session.extend(claims.get("exp").map(|exp| ("exp".to_owned(), exp.clone())));
    session
}

/// The cookies of version 4: the expiry is encrypted with the session.
///
/// # Errors
/// If the system has no random numbers.
pub fn session_cookies(
    name: &str,
    secret: &str,
    session: &Claims,
) -> Result<Vec<Cookie>, Unspecified> {
    Ok(split(
        name,
        "__",
        CHUNK_BYTES,
        &content_key(secret)?.encrypt(&Claims::new(), session)?,
    ))
}

/// The cookies of version 3: `iat`, `uat` and `exp` are in the header, which is authenticated but
/// not encrypted.
///
/// # Errors
/// If the system has no random numbers.
pub fn legacy_session_cookies(
    name: &str,
    secret: &str,
    user: &Value,
    iat: u64,
    exp: u64,
) -> Result<Vec<Cookie>, Unspecified> {
    let session = members(
        json!({"user": user, "accessToken": "none", "accessTokenScope": "openid", "accessTokenExpiresAt": exp}),
    );
    let header = members(json!({"iat": iat, "uat": iat, "exp": exp}));
    Ok(split(
        name,
        ".",
        LEGACY_CHUNK_BYTES,
        &content_key(secret)?.encrypt(&header, &session)?,
    ))
}

fn content_key(secret: &str) -> Result<ContentKey, Unspecified> {
    ContentKey::derive(Encryption::A256Gcm, secret, "", "JWE CEK")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_encrypted_as_the_library_does() {
        // Made with jose 6 and the key derivation of nextjs-auth0, with a fixed initialization
        // vector.
        let expected = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwiZXhwIjo0MDAwMDAwMDAwLCJpYXQiOjEwMDAsInVhdCI6MTAwMH0..BwcHBwcHBwcHBwcH.\
                        0SwUlmR22Z58K4ft6_6hi5zCkULPZWgsh9dNxT2OiJubtwK2an6CkEK31ZbT1g.WEmQj8IxVZtGI3U7ef01QQ";
        let key = content_key(&"0123456789abcdef".repeat(4)).unwrap();
        let header = members(json!({"iat": 1000, "uat": 1000, "exp": 4_000_000_000_u64}));
        let claims = members(json!({"exp": 4_000_000_000_u64, "name": "Ada é", "sub": "ada"}));
        assert_eq!(
            key.encrypt_with(&[7; 12], &header, &claims).unwrap(),
            expected
        );
    }

    #[test]
    fn pieces_have_the_separators_of_their_version() {
        let long = members(json!({"user": {"sub": "a".repeat(4000)}}));
        let names = |cookies: Vec<Cookie>| {
            cookies
                .into_iter()
                .map(|cookie| cookie.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(session_cookies("__session", "s", &long).unwrap()),
            ["__session__0", "__session__1"]
        );
        let legacy = legacy_session_cookies("appSession", "s", &long["user"], 1, 2).unwrap();
        assert_eq!(names(legacy), ["appSession.0", "appSession.1"]);
        assert_eq!(
            names(session_cookies("__session", "s", &Claims::new()).unwrap()),
            ["__session"]
        );
    }
}
