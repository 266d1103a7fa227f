//! The kinds of sessions, one file per kind: settings, claims and cookies.

mod auth0;
mod authjs;
mod better_auth;
mod clerk;
mod cognito;
mod firebase;
mod forward;
mod introspection;
mod jwt;
mod secret;
mod supabase;
mod workos;

use std::str::FromStr;

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

use super::session_kind::SessionKind;

/// A kind of session, as `SESSION_KIND` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "docs/sessions.md describes each kind")]
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
    /// All kinds.
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

    /// The value of `SESSION_KIND`.
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

    pub(super) fn session_kind(self) -> &'static dyn SessionKind {
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
            Self::Introspection => &introspection::Introspection,
            Self::Forward => &forward::Forward,
        }
    }
}

/// A name that is not a kind of session.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or(UnknownKind)
    }
}
