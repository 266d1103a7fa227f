//! Sessions that only their maker can tell: by introspection (RFC 7662), or by asking the app
//! itself.

use aws_lc_rs::error::Unspecified;
use serde_json::json;

use super::Product;
use crate::identity::{
    AUDIENCE, CLIENT_ID, Claims, Cookie, Credentials, INTROSPECTION_SECRET_ID, Issuer, Login,
    Settings, SigningKey,
};

pub struct Introspection;

impl Product for Introspection {
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
        claims(issuer, login)
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        Ok(None)
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        issue(self, issuer, claims)
    }
}

pub struct Forward;

impl Product for Forward {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![(
            "SESSION_FORWARD_URL",
            format!("{}/session", issuer.base_url),
        )]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        claims(issuer, login)
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        Ok(None)
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        issue(self, issuer, claims)
    }
}

fn claims(issuer: &Issuer, login: &Login) -> Claims {
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

fn issue(
    product: &dyn Product,
    issuer: &Issuer,
    claims: &Claims,
) -> Result<Credentials, Unspecified> {
    let bearer = issuer.opaque.issue(claims)?;
    let cookies = product
        .cookie_names(issuer)
        .into_iter()
        .map(|name| Cookie::new(name, bearer.clone()))
        .collect();
    Ok(Credentials { bearer, cookies })
}
