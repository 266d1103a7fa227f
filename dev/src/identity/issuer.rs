//! What all kinds of sessions are made from: a base URL, keys and secrets.

use aws_lc_rs::error::Unspecified;

use super::claims::Claims;
use super::cookie::Cookie;
use super::opaque_tokens::OpaqueTokens;
use super::signing_key::SigningKey;

/// The audience of the sessions, for kinds that do not prescribe one.
pub const AUDIENCE: &str = "voicemint-dev";
/// The session cookie of kinds that define no cookie.
pub const SESSION_COOKIE: &str = "dev_session";
/// The name of the secret that signs or encrypts sessions.
pub const SESSION_SECRET_ID: &str = "dev/session";
/// The name of the secret with which the broker authenticates at the introspection endpoint.
pub const INTROSPECTION_SECRET_ID: &str = "dev/introspection";
/// The broker's client ID at the introspection endpoint.
pub(super) const CLIENT_ID: &str = "voicemint";

/// Names and values of environment variables.
pub type Settings = Vec<(&'static str, String)>;

/// What an app holds after a user has signed in.
#[derive(Clone)]
pub struct Credentials {
    /// The value for `Authorization: Bearer`.
    pub bearer: String,
    /// The cookies that the browser stores.
    pub cookies: Vec<Cookie>,
}

/// What every kind of session is made from. Keys and secrets are generated at start and are never
/// stored.
pub struct Issuer {
    /// The URL of the provider and of the app, without a trailing slash.
    pub base_url: String,
    /// A cookie name that replaces the kind's own.
    pub(super) cookie: Option<String>,
    pub(super) key: Option<SigningKey>,
    pub(super) secret: String,
    pub(super) client_secret: String,
    pub(super) opaque_tokens: OpaqueTokens,
}

impl Issuer {
    /// Signs a token. `header` holds the members in addition to `alg` and `kid`.
    ///
    /// # Errors
    /// If the kind has no signing key.
    pub fn sign(&self, header: &Claims, claims: &Claims) -> Result<String, Unspecified> {
        self.key.as_ref().ok_or(Unspecified)?.sign(header, claims)
    }
}
