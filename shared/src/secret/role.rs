//! The credentials of the function's own AWS role, for providers that are AWS services.

use std::pin::Pin;

use secrecy::{ExposeSecret as _, SecretString};

/// The future that [`Role::credentials`] returns. The error is a clause for the log.
pub type RoleFuture<'a> =
    Pin<Box<dyn Future<Output = Result<RoleCredentials, String>> + Send + 'a>>;

/// Where the credentials of the function's role come from. They rotate, so they are asked for at each
/// request.
pub trait Role: Send + Sync {
    /// The current credentials.
    fn credentials(&self) -> RoleFuture<'_>;
}

/// The credentials of a role. `Debug` does not show what is secret, and dropping it overwrites its
/// memory.
#[derive(Clone, Debug)]
pub struct RoleCredentials {
    region: String,
    access_key_id: String,
    secret_access_key: SecretString,
    session_token: Option<SecretString>,
    expires_at: Option<u64>,
}

impl RoleCredentials {
    /// Credentials without a session and an expiry.
    pub fn new(
        region: impl Into<String>,
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<SecretString>,
    ) -> Self {
        Self {
            region: region.into(),
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            session_token: None,
            expires_at: None,
        }
    }

    /// Sets the session's token, and when it expires in seconds since the Unix epoch.
    #[must_use]
    pub fn with_session(self, token: Option<&str>, expires_at: Option<u64>) -> Self {
        Self {
            session_token: token.map(Into::into),
            expires_at,
            ..self
        }
    }

    /// The function's AWS region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The id of the access key.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The secret access key.
    pub fn secret_access_key(&self) -> &str {
        self.secret_access_key.expose_secret()
    }

    /// The session's token.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token
            .as_ref()
            .map(|token| token.expose_secret())
    }

    /// When the credentials expire, in seconds since the Unix epoch.
    pub fn expires_at(&self) -> Option<u64> {
        self.expires_at
    }
}
