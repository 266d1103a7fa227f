//! JWTs signed with a secret that the app and the broker share.

use aws_lc_rs::error::Unspecified;

use super::jwt::Jwt;
use crate::identity::claims::Claims;
use crate::identity::issuer::{Issuer, SESSION_SECRET_ID, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;
use crate::identity::signing_key::SigningKey;

pub struct Secret;

impl SessionKind for Secret {
    fn settings(&self, issuer: &Issuer) -> Settings {
        let mut settings = Jwt.settings(issuer);
        settings.push(("SESSION_SECRET_ID", SESSION_SECRET_ID.to_owned()));
        settings
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        Jwt.claims(issuer, login)
    }

    fn key(&self, secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        Ok(Some(SigningKey::hs256(secret.as_bytes())))
    }
}
