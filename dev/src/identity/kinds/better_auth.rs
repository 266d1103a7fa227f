//! Better Auth with its JWT plugin: the user's profile in a short-lived token.

use aws_lc_rs::error::Unspecified;
use serde_json::json;

use crate::identity::claims::Claims;
use crate::identity::issuer::{Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;
use crate::identity::signing_key::SigningKey;

pub struct BetterAuth;

impl SessionKind for BetterAuth {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![("SESSION_ISSUER", issuer.base_url.clone())]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        let id = login.id("user", 32);
        login.with_grants(json!({
            "iat": login.issued_at(),
            "name": login.user,
            "email": login.email(),
            "emailVerified": true,
            "image": null,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:00.000Z",
            "id": id,
            "sub": id,
            "exp": login.expires_at(),
            "iss": issuer.base_url,
            "aud": issuer.base_url,
        }))
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        SigningKey::ed25519().map(Some)
    }

    fn header(&self) -> Claims {
        Claims::new()
    }
}
