//! A JWT signed with a secret that app and broker share.

use aws_lc_rs::error::Unspecified;

use super::Product;
use super::jwt::Jwt;
use crate::identity::{Claims, Issuer, Login, SESSION_SECRET_ID, Settings, SigningKey};

pub struct Secret;

impl Product for Secret {
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
