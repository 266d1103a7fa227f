//! One trusted issuer of signed tokens: its keys, the algorithms that they may be used with, and
//! the rules for its claims.

use std::sync::Arc;

use crate::clock::Clock;
use crate::secret::SecretCache;
use crate::session::Session;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::claims::{Rules, reject_event_token};
use crate::session::error::SessionError;
use crate::session::jwt::algorithm::{Algorithm, Family, MIN_SECRET_BYTES};
use crate::session::jwt::jwk_set::KeyLookupError;
use crate::session::jwt::remote_jwk_set::{KeysUnavailable, RemoteJwkSet};
use crate::session::jwt::signature::VerifyingKey;
use crate::session::jwt::unverified::UnverifiedToken;
use crate::session::reason::{Reason, SIGNING_SECRET_TOO_SHORT};

/// An issuer whose tokens make sessions.
pub(crate) struct TrustedIssuer {
    /// The keys that verify its tokens.
    pub keys: Keys,
    /// The algorithms that its tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// Whether its tokens must have a key id.
    pub key_id_required: bool,
    /// The rules for its claims.
    pub rules: Rules,
}

/// The keys of an issuer. The algorithm of a token decides which one verifies it: a published key
/// never verifies an HMAC, and a shared secret verifies nothing else.
pub(crate) enum Keys {
    /// The keys that the issuer publishes.
    Published(Arc<RemoteJwkSet>),
    /// A secret that the issuer shares with the broker.
    Shared(SecretCache),
    /// Both, while the issuer migrates from the secret to published keys.
    Both(SecretCache, Arc<RemoteJwkSet>),
}

/// The keys that can verify a token's algorithm.
enum ApplicableKeys<'a> {
    Published(&'a RemoteJwkSet),
    Shared(&'a SecretCache),
}

impl Keys {
    /// Loads the keys before the first request. Errors are ignored.
    pub(crate) async fn warm(&self) {
        match self {
            Self::Published(jwk_set) => jwk_set.warm().await,
            Self::Shared(secret) => drop(secret.get().await),
            Self::Both(secret, jwk_set) => drop(tokio::join!(secret.get(), jwk_set.warm())),
        }
    }

    fn applicable_to(&self, algorithm: Algorithm) -> Result<ApplicableKeys<'_>, Reason> {
        match (algorithm.family(), self) {
            (Family::Secret, Self::Shared(secret) | Self::Both(secret, _)) => {
                Ok(ApplicableKeys::Shared(secret))
            }
            (Family::Secret, Self::Published(_)) => Err(Reason::SharedSecretAlgorithm {
                algorithm: algorithm.name(),
            }),
            (_, Self::Published(jwk_set) | Self::Both(_, jwk_set)) => {
                Ok(ApplicableKeys::Published(jwk_set))
            }
            (_, Self::Shared(_)) => Err(Reason::PrivateKeyAlgorithm {
                algorithm: algorithm.name(),
            }),
        }
    }
}

impl TrustedIssuer {
    /// Verifies a token's signature, then its claims.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub(crate) async fn verify(
        &self,
        token: UnverifiedToken<'_>,
        clock: &Clock,
    ) -> Result<Session, SessionError> {
        let algorithm = token.algorithm;
        let keys = self.keys.applicable_to(algorithm)?;
        if !self.algorithms.contains(&algorithm) {
            return Err(Reason::AlgorithmNotAllowed {
                algorithm: algorithm.name(),
            }
            .into());
        }
        if self.key_id_required && token.key_id.is_none() {
            return Err(Reason::KeyIdMissing.into());
        }
        let verified = match keys {
            ApplicableKeys::Published(jwk_set) => verify_by_published_key(jwk_set, &token).await?,
            ApplicableKeys::Shared(secret) => verify_by_shared_secret(secret, &token).await?,
        };
        if !verified {
            return Err(Reason::SignatureMismatch.into());
        }
        let (header, claims) = token.into_claims()?;
        reject_event_token(&claims)?;
        let claims = ClaimsSet::new(claims, clock.now()).with_header(header);
        Ok(self.rules.session(claims)?)
    }
}

async fn verify_by_published_key(
    jwk_set: &RemoteJwkSet,
    token: &UnverifiedToken<'_>,
) -> Result<bool, SessionError> {
    let mut keys = jwk_set.keys().await?;
    let mut verified = keys.verifies(token);
    let may_be_a_newer_key = match verified {
        Err(KeyLookupError::UnknownId) => true,
        // Without a key id, only a matching signature shows that the key is in the cached set.
        Ok(false) => token.key_id.is_none(),
        _ => false,
    };
    if may_be_a_newer_key {
        keys = jwk_set.newer_keys().await?;
        verified = keys.verifies(token);
    }
    match verified {
        Ok(false) if !keys.has_fitting(token) => {
            Err(keys.reason(KeyLookupError::WrongAlgorithm, token).into())
        }
        Ok(verified) => Ok(verified),
        Err(error) => Err(keys.reason(error, token).into()),
    }
}

async fn verify_by_shared_secret(
    secret: &SecretCache,
    token: &UnverifiedToken<'_>,
) -> Result<bool, SessionError> {
    let secret = secret.get().await.map_err(SessionError::without_secret)?;
    Ok(VerifyingKey::secret(secret.expose().as_bytes()).verifies(token))
}

/// Checks that a secret is long enough to sign sessions.
///
/// # Errors
/// [`SIGNING_SECRET_TOO_SHORT`].
pub(crate) fn check_signing_secret(secret: &str) -> Result<(), &'static str> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(SIGNING_SECRET_TOO_SHORT);
    }
    Ok(())
}

impl From<KeysUnavailable> for SessionError {
    fn from(error: KeysUnavailable) -> Self {
        Self::Unavailable {
            reason: error.reason,
            retry_after: error.retry_after,
        }
    }
}
