//! Any OpenID provider: a JWT whose key is found by discovery.

use aws_lc_rs::error::Unspecified;
use serde_json::json;

use super::Product;
use crate::identity::{AUDIENCE, Claims, Issuer, Login, Settings, SigningKey};

pub struct Jwt;

impl Product for Jwt {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![
            ("SESSION_ISSUER", issuer.base_url.clone()),
            ("SESSION_AUDIENCE", AUDIENCE.to_owned()),
        ]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        login.with_grants(json!({
            "iss": issuer.base_url,
            "aud": AUDIENCE,
            "sub": login.user,
            "iat": login.issued_at(),
            "exp": login.expires_at(),
        }))
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        SigningKey::es256().map(Some)
    }
}
