//! One trusted issuer of signed tokens: its keys, the algorithms that they may be used with, and
//! the rules for its claims.

use std::sync::Arc;

use crate::clock::Clock;
use crate::secret::SecretCache;
use crate::session::Session;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::claims::{Rules, refuse_event};
use crate::session::error::SessionError;
use crate::session::jwt::algorithm::{Algorithm, Family, MIN_SECRET_BYTES};
use crate::session::jwt::jwk_set::KeyLookupError;
use crate::session::jwt::remote_jwk_set::{KeysUnavailable, RemoteJwkSet};
use crate::session::jwt::signature::VerifyingKey;
use crate::session::jwt::unverified::UnverifiedToken;

/// An issuer whose tokens make sessions.
pub struct TrustedIssuer {
    /// What its tokens are verified with.
    pub keys: Keys,
    /// The algorithms that its tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// Whether its tokens must name their key.
    pub key_id_required: bool,
    /// Which claims make a session.
    pub rules: Rules,
}

/// What signatures are verified with. A token's algorithm decides which: a published key never
/// serves for an HMAC, and the secret for nothing else.
pub enum Keys {
    /// The keys that it publishes.
    Published(Arc<RemoteJwkSet>),
    /// A secret that it shares with the broker.
    Shared(SecretCache),
    /// Both, while it changes from the secret to published keys.
    Both(SecretCache, Arc<RemoteJwkSet>),
}

impl Keys {
    /// Gets the keys ahead of the first request, best effort.
    pub async fn warm(&self) {
        match self {
            Self::Published(source) => source.warm().await,
            Self::Shared(secret) => drop(secret.get().await),
            Self::Both(secret, source) => drop(tokio::join!(secret.get(), source.warm())),
        }
    }
}

/// The keys that can verify an algorithm.
enum Applicable<'a> {
    Published(&'a RemoteJwkSet),
    Shared(&'a SecretCache),
}

impl<'a> Applicable<'a> {
    fn of(keys: &'a Keys, algorithm: Algorithm) -> Result<Self, String> {
        let name = algorithm.name();
        match (algorithm.family(), keys) {
            (Family::Secret, Keys::Shared(secret) | Keys::Both(secret, _)) => {
                Ok(Self::Shared(secret))
            }
            (Family::Secret, Keys::Published(_)) => Err(format!(
                "the token is signed {name}, with a shared secret, and sessions are verified with published keys: \
                 SESSION_KIND=secret, or SESSION_SECRET_ID for supabase, takes such tokens"
            )),
            (_, Keys::Published(source) | Keys::Both(_, source)) => Ok(Self::Published(source)),
            (_, Keys::Shared(_)) => Err(format!(
                "the token is signed {name}, with a private key, and sessions are verified with a shared secret: \
                 SESSION_KIND=jwt takes such tokens"
            )),
        }
    }
}

impl TrustedIssuer {
    /// Makes a session of a token, once its signature has been found to be the issuer's.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn verify(
        &self,
        token: UnverifiedToken<'_>,
        clock: &Clock,
    ) -> Result<Session, SessionError> {
        let algorithm = token.algorithm;
        let keys = Applicable::of(&self.keys, algorithm).map_err(SessionError::invalid)?;
        if !self.algorithms.contains(&algorithm) {
            let reason = format!(
                "the token's algorithm is not in SESSION_ALGORITHMS: it is {}",
                algorithm.name()
            );
            return Err(SessionError::invalid(reason));
        }
        if self.key_id_required && token.key_id.is_none() {
            return Err(SessionError::invalid("the token does not name its key"));
        }
        let signed = match keys {
            Applicable::Published(source) => by_published_key(source, &token).await?,
            Applicable::Shared(secret) => by_shared_secret(secret, &token).await?,
        };
        if !signed {
            return Err(SessionError::invalid("the signature is not the issuer's"));
        }
        let (header, claims) = token.into_claims().map_err(SessionError::invalid)?;
        refuse_event(&claims).map_err(SessionError::invalid)?;
        Ok(self
            .rules
            .session(ClaimsSet::new(claims, clock.now()).with_header(header))?)
    }
}

async fn by_published_key(
    source: &RemoteJwkSet,
    token: &UnverifiedToken<'_>,
) -> Result<bool, SessionError> {
    let mut keys = source.keys().await?;
    let mut checked = keys.verifies(token);
    let may_be_a_newer_key = match checked {
        Err(KeyLookupError::UnknownId) => true,
        // Without a key id, only a signature that fits tells that the key is among ours.
        Ok(false) => token.key_id.is_none(),
        _ => false,
    };
    if may_be_a_newer_key {
        keys = source.newer_keys().await?;
        checked = keys.verifies(token);
    }
    match checked {
        Ok(false) if !keys.has_fitting(token) => Err(SessionError::invalid(
            keys.describe(&KeyLookupError::WrongAlgorithm, token),
        )),
        checked => checked.map_err(|no_key| SessionError::invalid(keys.describe(&no_key, token))),
    }
}

async fn by_shared_secret(
    secret: &SecretCache,
    token: &UnverifiedToken<'_>,
) -> Result<bool, SessionError> {
    let secret = secret.get().await.map_err(SessionError::without_secret)?;
    Ok(VerifyingKey::secret(secret.expose().as_bytes()).verifies(token))
}

/// Whether a secret can sign sessions.
///
/// # Errors
/// A clause for the log.
pub fn signs(secret: &str) -> Result<(), &'static str> {
    let long_enough = secret.len() >= MIN_SECRET_BYTES;
    long_enough
        .then_some(())
        .ok_or("the secret that signs sessions is shorter than 32 bytes")
}

impl From<KeysUnavailable> for SessionError {
    fn from(
        KeysUnavailable {
            reason,
            retry_after,
        }: KeysUnavailable,
    ) -> Self {
        Self::Unavailable {
            reason,
            retry_after,
        }
    }
}
