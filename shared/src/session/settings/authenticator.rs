//! How sessions are verified, as the settings say.

use url::Url;

use crate::session::claims::Rules;
use crate::session::jwe::{EncryptedCookie, Scheme};
use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::download::Location;

/// How sessions are verified.
pub enum AuthenticatorSettings {
    /// By a signature of one of these issuers, or by being encrypted under a secret of the app's.
    Tokens(Vec<IssuerSettings>, Option<EncryptedSettings>),
    /// By asking an authorization server.
    Introspection(RemoteSettings, String),
    /// By asking the app.
    Forward(RemoteSettings),
}

/// An issuer of signed tokens.
pub struct IssuerSettings {
    /// What its tokens are verified with.
    pub keys: KeysSetting,
    /// The algorithms that they may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// Whether they must name their key.
    pub key_id_required: bool,
    /// What they must say.
    pub rules: Rules,
}

/// What tokens are verified with.
#[derive(Clone)]
pub enum KeysSetting {
    /// Published keys.
    Published(Location),
    /// A shared secret; its name or ARN.
    Shared(String),
    /// Both, while an issuer changes from a secret to published keys.
    Both(String, Location),
}

/// Sessions that a library of the app's encrypts.
pub struct EncryptedSettings {
    /// The name or ARN of the app's secret.
    pub secret_id: String,
    /// How the library encrypts.
    pub scheme: Scheme,
    /// The cookies that may carry a session.
    pub cookies: Vec<EncryptedCookie>,
    /// What a session must say.
    pub rules: Rules,
}

/// A service that is asked about sessions.
pub struct RemoteSettings {
    /// Its URL.
    pub url: Url,
    /// What it must say.
    pub rules: Rules,
}
