//! The kinds of sessions, one file each: settings, claims, cookies.

mod auth0;
mod authjs;
mod better_auth;
mod clerk;
mod cognito;
mod firebase;
mod jwt;
mod opaque;
mod secret;
mod supabase;
mod workos;

use aws_lc_rs::error::Unspecified;
use serde_json::json;

pub use auth0::{legacy_session_cookies as auth0_legacy_cookies, session_cookies as auth0_cookies};
pub use authjs::{next_auth_cookies, session_cookies as authjs_cookies};
pub use clerk::{cookie_suffix as clerk_cookie_suffix, publishable_key as clerk_publishable_key};
pub(super) use cognito::POOL as COGNITO_POOL;
pub use cognito::cookies as cognito_cookies;
pub use supabase::{
    percent_encoded_cookies as supabase_percent_encoded_cookies,
    session_cookies as supabase_cookies,
};
pub(super) use workos::CLIENT_ID as WORKOS_CLIENT_ID;

use super::login::members;
use super::{Claims, Cookie, Credentials, Issuer, Login, SESSION_COOKIE, Settings, SigningKey};

/// A kind of session, as `SESSION_KIND` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "docs/sessions.md says what each is")]
pub enum Kind {
    Jwt,
    Secret,
    Clerk,
    Supabase,
    Firebase,
    Cognito,
    Auth0,
    WorkOs,
    BetterAuth,
    AuthJs,
    Introspection,
    Forward,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Jwt,
        Self::Secret,
        Self::Clerk,
        Self::Supabase,
        Self::Firebase,
        Self::Cognito,
        Self::Auth0,
        Self::WorkOs,
        Self::BetterAuth,
        Self::AuthJs,
        Self::Introspection,
        Self::Forward,
    ];

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Secret => "secret",
            Self::Clerk => "clerk",
            Self::Supabase => "supabase",
            Self::Firebase => "firebase",
            Self::Cognito => "cognito",
            Self::Auth0 => "auth0",
            Self::WorkOs => "workos",
            Self::BetterAuth => "better-auth",
            Self::AuthJs => "authjs",
            Self::Introspection => "introspection",
            Self::Forward => "forward",
        }
    }

    pub(super) fn product(self) -> &'static dyn Product {
        match self {
            Self::Jwt => &jwt::Jwt,
            Self::Secret => &secret::Secret,
            Self::Clerk => &clerk::Clerk,
            Self::Supabase => &supabase::Supabase,
            Self::Firebase => &firebase::Firebase,
            Self::Cognito => &cognito::Cognito,
            Self::Auth0 => &auth0::Auth0,
            Self::WorkOs => &workos::WorkOs,
            Self::BetterAuth => &better_auth::BetterAuth,
            Self::AuthJs => &authjs::AuthJs,
            Self::Introspection => &opaque::Introspection,
            Self::Forward => &opaque::Forward,
        }
    }
}

/// What makes one kind differ from another. Most are a signed token; where they are, the defaults
/// will do.
pub(super) trait Product: Sync {
    /// The settings that accept its sessions, beside `SESSION_KIND` and `SESSION_COOKIE`.
    fn settings(&self, issuer: &Issuer) -> Settings;

    /// What its tokens say.
    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims;

    /// The key that signs, if one does.
    fn key(&self, _secret: &str) -> Result<Option<SigningKey>, Unspecified> {
        SigningKey::rs256().map(Some)
    }

    /// What a token's header has beside `alg` and `kid`.
    fn header(&self) -> Claims {
        members(json!({"typ": "JWT"}))
    }

    /// The cookies that the product itself uses, if it does.
    fn own_cookies(&self, _issuer: &Issuer) -> Vec<String> {
        Vec::new()
    }

    /// The cookies in use.
    fn cookie_names(&self, issuer: &Issuer) -> Vec<String> {
        let own = || Some(self.own_cookies(issuer)).filter(|names| !names.is_empty());
        issuer
            .cookie
            .clone()
            .map(|name| vec![name])
            .or_else(own)
            .unwrap_or_else(|| vec![SESSION_COOKIE.to_owned()])
    }

    /// Makes a token and cookies of claims.
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

/// The first of the cookies in use: the one whose pieces are numbered.
fn base_name(product: &dyn Product, issuer: &Issuer) -> String {
    product
        .cookie_names(issuer)
        .into_iter()
        .next()
        .unwrap_or_default()
}
