//! Any OpenID provider: JWTs whose keys are found by discovery.

use aws_lc_rs::error::Unspecified;
use serde_json::json;

use crate::identity::claims::Claims;
use crate::identity::issuer::{AUDIENCE, Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;
use crate::identity::signing_key::SigningKey;

pub struct Jwt;

impl SessionKind for Jwt {
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
