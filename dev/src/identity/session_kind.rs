//! What one kind of session defines: settings, claims, keys and cookies.

use aws_lc_rs::error::Unspecified;
use serde_json::json;

use super::claims::{Claims, members};
use super::cookie::Cookie;
use super::issuer::{Credentials, Issuer, SESSION_COOKIE, Settings};
use super::login::Login;
use super::signing_key::SigningKey;

/// What differs between the kinds. Most kinds are a signed token; the default methods fit those.
pub(super) trait SessionKind: Sync {
    /// The settings that accept these sessions, in addition to `SESSION_KIND` and
    /// `SESSION_COOKIE`.
    fn settings(&self, issuer: &Issuer) -> Settings;

    /// The claims of a token for this login.
    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims;

    /// The signing key; `None` for kinds that do not sign.
    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        SigningKey::rs256().map(Some)
    }

    /// The members of a token's header in addition to `alg` and `kid`.
    fn header(&self) -> Claims {
        members(json!({"typ": "JWT"}))
    }

    /// The names of the cookies that the product itself uses.
    fn own_cookies(&self, _issuer: &Issuer) -> Vec<String> {
        Vec::new()
    }

    /// The names of the cookies in use.
    fn cookie_names(&self, issuer: &Issuer) -> Vec<String> {
        if let Some(name) = &issuer.cookie {
            return vec![name.clone()];
        }
        let own = self.own_cookies(issuer);
        if own.is_empty() {
            vec![SESSION_COOKIE.to_owned()]
        } else {
            own
        }
    }

    /// Makes a token and cookies from claims.
    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        let bearer = issuer.sign(&self.header(), claims)?;
        let cookies = self
            .cookie_names(issuer)
            .into_iter()
            .map(|name| Cookie::new(name, bearer.clone()))
            .collect();
        Ok(Credentials { bearer, cookies })
    }
}

/// The first of the cookies in use: the one that is split into numbered pieces.
pub(super) fn first_cookie_name(kind: &dyn SessionKind, issuer: &Issuer) -> String {
    kind.cookie_names(issuer)
        .into_iter()
        .next()
        .unwrap_or_default()
}
