//! Opaque tokens that the broker verifies by introspection (RFC 7662).

use aws_lc_rs::error::Unspecified;
use serde_json::json;

use crate::identity::claims::Claims;
use crate::identity::cookie::Cookie;
use crate::identity::issuer::{
    AUDIENCE, CLIENT_ID, Credentials, INTROSPECTION_SECRET_ID, Issuer, Settings,
};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;
use crate::identity::signing_key::SigningKey;

pub struct Introspection;

impl SessionKind for Introspection {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![
            ("SESSION_ISSUER", issuer.base_url.clone()),
            ("SESSION_AUDIENCE", AUDIENCE.to_owned()),
            (
                "SESSION_INTROSPECTION_URL",
                format!("{}/introspect", issuer.base_url),
            ),
            (
                "SESSION_INTROSPECTION_SECRET_ID",
                INTROSPECTION_SECRET_ID.to_owned(),
            ),
        ]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        login.with_grants(json!({
            "iss": issuer.base_url,
            "aud": AUDIENCE,
            "sub": login.user,
            "username": login.user,
            "client_id": CLIENT_ID,
            "token_type": "Bearer",
            "scope": "openid",
            "iat": login.issued_at(),
            "exp": login.expires_at(),
        }))
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        Ok(None)
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        let bearer = issuer.opaque_tokens.issue(claims)?;
        let cookies = self
            .cookie_names(issuer)
            .into_iter()
            .map(|name| Cookie::new(name, bearer.clone()))
            .collect();
        Ok(Credentials { bearer, cookies })
    }
}
