//! The settings of the ways in which sessions are verified.

use url::Url;

use crate::session::claims::Rules;
use crate::session::jwe::{EncryptedCookie, Scheme};
use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::download::Location;

/// The way in which sessions are verified.
pub enum AuthenticatorSettings {
    /// By a signature of one of these issuers, or by decryption with a secret of the app.
    Tokens(Vec<IssuerSettings>, Option<EncryptedSettings>),
    /// By asking an authorization server. The text is the name or ARN of the secret with the client
    /// credentials.
    Introspection(ServiceSettings, String),
    /// By asking the app.
    Forward(ServiceSettings),
}

/// An issuer of signed tokens.
#[derive(Debug)]
pub struct IssuerSettings {
    /// The keys that verify its tokens.
    pub keys: KeysSetting,
    /// The algorithms that its tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// Whether its tokens must have a key id.
    pub key_id_required: bool,
    /// The rules for the claims.
    pub rules: Rules,
}

/// The keys that verify tokens.
#[derive(Clone, Debug)]
pub enum KeysSetting {
    /// Published keys.
    Published(Location),
    /// A shared secret, by its name or ARN.
    Shared(String),
    /// Both, while an issuer migrates from a secret to published keys.
    Both(String, Location),
}

/// Sessions that a library of the app encrypts.
#[derive(Debug)]
pub struct EncryptedSettings {
    /// The name or ARN of the app's secret.
    pub secret_id: String,
    /// How the library encrypts.
    pub scheme: Scheme,
    /// The cookies that may contain a session.
    pub cookies: Vec<EncryptedCookie>,
    /// The rules for the claims.
    pub rules: Rules,
}

/// A service that is asked about sessions.
pub struct ServiceSettings {
    /// The URL that is called.
    pub url: Url,
    /// The rules for the claims.
    pub rules: Rules,
}
