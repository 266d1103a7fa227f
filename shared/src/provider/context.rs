//! What a provider has for a mint, and what it makes of it.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::header::InvalidHeaderValue;

use crate::provider::profile::NoProfile;
use crate::provider::request::TokenRequest;
use crate::provider::token::MintedToken;
use crate::secret::api_key::ApiKey;
use crate::secret::role::RoleCredentials;

/// What a provider has for a mint. It reads no clock, secret or session by itself.
pub struct MintContext<'a, O = (), F = NoProfile> {
    request: &'a TokenRequest<O>,
    now: Duration,
    key: Option<&'a ApiKey>,
    profile: Option<&'a F>,
    role: Option<&'a RoleCredentials>,
    subject: Option<&'a str>,
    subject_hash: &'a str,
}

impl<O, F> Clone for MintContext<'_, O, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O, F> Copy for MintContext<'_, O, F> {}

impl<'a, O, F> MintContext<'a, O, F> {
    /// The context of a request, at a time since the Unix epoch.
    pub fn new(request: &'a TokenRequest<O>, now: Duration) -> Self {
        Self {
            request,
            now,
            key: None,
            profile: None,
            role: None,
            subject: None,
            subject_hash: "",
        }
    }

    /// Sets the provider's key.
    #[must_use]
    pub fn with_key(self, key: &'a ApiKey) -> Self {
        Self {
            key: Some(key),
            ..self
        }
    }

    /// Sets the requested profile.
    #[must_use]
    pub fn with_profile(self, profile: Option<&'a F>) -> Self {
        Self { profile, ..self }
    }

    /// Sets the credentials of the function's AWS role.
    #[must_use]
    pub fn with_role(self, role: Option<&'a RoleCredentials>) -> Self {
        Self { role, ..self }
    }

    /// Sets the subject's hash, and what the provider is told of the subject.
    #[must_use]
    pub fn with_subject(self, hash: &'a str, reference: Option<&'a str>) -> Self {
        Self {
            subject: reference,
            subject_hash: hash,
            ..self
        }
    }

    /// What is requested.
    pub fn request(&self) -> &'a TokenRequest<O> {
        self.request
    }

    /// When the token's lifetime starts: the time since the Unix epoch.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The provider's key.
    ///
    /// # Errors
    /// [`MintError::Missing`] for a provider that has none.
    pub fn key(&self) -> Result<&'a ApiKey, MintError> {
        self.key.ok_or(MintError::Missing("key"))
    }

    /// The requested profile.
    ///
    /// # Errors
    /// [`MintError::Missing`] for a provider that has none.
    pub fn profile(&self) -> Result<&'a F, MintError> {
        self.profile.ok_or(MintError::Missing("profile"))
    }

    /// The credentials of the function's AWS role.
    ///
    /// # Errors
    /// [`MintError::Missing`] for a provider that does not use the role.
    pub fn role(&self) -> Result<&'a RoleCredentials, MintError> {
        self.role.ok_or(MintError::Missing("role"))
    }

    /// What the provider is told of the subject, by `SUBJECT_REFERENCE`. `None` for a provider that
    /// takes nothing.
    pub fn subject(&self) -> Option<&'a str> {
        self.subject
    }

    /// The hash of the subject, as in the log.
    ///
    /// # Errors
    /// [`MintError::Missing`] for a provider that takes nothing of an end user.
    pub fn subject_hash(&self) -> Result<&'a str, MintError> {
        // An empty hash would give all users the same room or account.
        let hash = Some(self.subject_hash).filter(|hash| !hash.is_empty());
        hash.ok_or(MintError::Missing("subject"))
    }
}

/// How a token is minted.
pub enum Mint {
    /// By this call. The response is read by `Provider::parse_token`.
    Call(Request<Bytes>),
    /// Without a call: the provider's contract lets the function sign the token.
    Token(MintedToken),
}

impl From<Request<Bytes>> for Mint {
    fn from(request: Request<Bytes>) -> Self {
        Self::Call(request)
    }
}

impl From<MintedToken> for Mint {
    fn from(token: MintedToken) -> Self {
        Self::Token(token)
    }
}

/// Why a provider could not begin a mint. It does not happen with valid settings and secrets.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The parts do not form an HTTP request.
    #[error(transparent)]
    Request(#[from] http::Error),
    /// A part does not form an HTTP header.
    #[error(transparent)]
    Header(#[from] InvalidHeaderValue),
    /// A part is not valid JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The provider did not declare that it needs this.
    #[error("the provider has no {0}")]
    Missing(&'static str),
    /// What was signed is too long for a token.
    #[error("the signed token is too long")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_was_not_computed_is_an_error() {
        let request = TokenRequest::new(60);
        let context: MintContext<'_> = MintContext::new(&request, Duration::ZERO);
        assert!(matches!(
            context.subject_hash(),
            Err(MintError::Missing("subject"))
        ));
        assert_eq!(
            context.with_subject("h", None).subject_hash().ok(),
            Some("h")
        );
    }
}
