//! Where secrets are stored.

use std::pin::Pin;

use secrecy::{ExposeSecret as _, SecretString};

/// The future that [`SecretStore::load`] returns.
pub type LoadFuture<'a> =
    Pin<Box<dyn Future<Output = Result<SecretValue, StoreError>> + Send + 'a>>;

/// Why a store returned no secret: a clause for the log, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Only a change by an operator can help: the secret is not found, access is denied, it is
    /// marked for deletion, or it cannot be decrypted.
    #[error("{0}")]
    Permanent(String),
    /// The store cannot be reached or is unavailable.
    #[error("{0}")]
    Transient(String),
}

/// A store of secrets.
pub trait SecretStore: Send + Sync {
    /// Loads the current version of a secret.
    fn load<'a>(&'a self, id: &'a str) -> LoadFuture<'a>;
}

/// A version of a secret, as a store returned it.
#[derive(Debug)]
pub struct SecretValue {
    text: SecretString,
    version: String,
}

impl SecretValue {
    /// A secret's text, and which version of the secret it is.
    pub fn new(text: impl Into<SecretString>, version: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            version: version.into(),
        }
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// Which version of the secret it is.
    pub fn version(&self) -> &str {
        &self.version
    }
}
