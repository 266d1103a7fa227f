//! Opaque tokens that the broker verifies by asking the app's own endpoint.

use aws_lc_rs::error::Unspecified;

use super::introspection::Introspection;
use crate::identity::claims::Claims;
use crate::identity::issuer::{Credentials, Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;
use crate::identity::signing_key::SigningKey;

pub struct Forward;

impl SessionKind for Forward {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![(
            "SESSION_FORWARD_URL",
            format!("{}/session", issuer.base_url),
        )]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        Introspection.claims(issuer, login)
    }

    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        Ok(None)
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        Introspection.issue(issuer, claims)
    }
}
