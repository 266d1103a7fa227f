//! The verifier: from a credential to a session.

use std::sync::Arc;
use std::time::Duration;

use super::Session;
use super::claims::{Denied, Rules};
use super::credential::Credential;
use super::key_set::{KeySet, NoKey};
use super::key_source::{KeySource, Unavailable};
use super::settings::{Kind, SessionSettings};
use super::signature::{Algorithm, VerifyingKey};
use super::token::UnverifiedToken;
use crate::clock::Clock;
use crate::refusal::{Code, Refusal};
use crate::secret::{Part, SecretCache, SecretStore};
use crate::transport::Transport;

/// Verifies the sessions of one deployment.
pub struct Verifier {
    keys: Keys,
    algorithms: Vec<Algorithm>,
    rules: Rules,
    clock: Clock,
}

enum Keys {
    Published(KeySource),
    Shared(SecretCache),
}

/// The shortest secret that may sign sessions, in bytes (RFC 7518 section 3.2).
const LEAST_SECRET_BYTES: usize = 32;

impl Verifier {
    /// A verifier for what the settings say. `fresh_for` is how long a shared secret is used before it is loaded anew.
    pub fn new(
        settings: SessionSettings,
        transport: Transport,
        store: Arc<dyn SecretStore>,
        fresh_for: Duration,
        clock: Clock,
    ) -> Self {
        let keys = match settings.kind {
            Kind::KeySet(location) => Keys::Published(KeySource::new(location, transport, clock.clone())),
            Kind::SharedSecret(id) => Keys::Shared(SecretCache::new(store, id, Part::Only, fresh_for, clock.clone())),
        };
        Self { keys, algorithms: settings.algorithms, rules: settings.rules, clock }
    }

    /// Gets the keys ahead of the first request, best effort.
    pub async fn warm(&self) {
        match &self.keys {
            Keys::Published(source) => source.warm().await,
            Keys::Shared(secret) => drop(secret.get().await),
        }
    }

    /// Makes a session of a credential, or refuses it.
    ///
    /// # Errors
    /// [`Code::SessionMissing`], [`Code::SessionInvalid`], [`Code::SessionExpired`], and [`Code::SessionUnavailable`]
    /// where nothing can be said of the credential because the keys cannot be had.
    pub async fn verify(&self, credential: Credential<'_>) -> Result<Session, Refusal> {
        let Some(token) = credential.token() else {
            let detail = "Sign in, and send the session as a Bearer token or as the app's session cookie.";
            return Err(Refusal::new(Code::SessionMissing, detail));
        };
        let token = UnverifiedToken::parse(token).map_err(invalid)?;
        if !self.algorithms.contains(&token.algorithm) {
            return Err(invalid("the token's algorithm is not in SESSION_ALGORITHMS"));
        }
        if !self.is_signed(&token).await? {
            return Err(invalid("the signature is not the issuer's"));
        }
        let claims = token.claims().map_err(invalid)?;
        self.rules.session(claims, self.clock.now()).map_err(|denied| match denied {
            Denied::Invalid(reason) => invalid(reason),
            Denied::Expired => {
                let detail = "The session has expired. Sign in again, or refresh the session, and repeat the request.";
                Refusal::new(Code::SessionExpired, detail).because("exp is in the past")
            }
        })
    }

    async fn is_signed(&self, token: &UnverifiedToken<'_>) -> Result<bool, Refusal> {
        match &self.keys {
            Keys::Published(source) => {
                let keys = source.keys().await.map_err(unavailable)?;
                match check(&keys, token) {
                    Err(NoKey::UnknownId) => {}
                    checked => return checked.map_err(no_key),
                }
                let keys = source.newer_keys().await.map_err(unavailable)?;
                check(&keys, token).map_err(no_key)
            }
            Keys::Shared(secret) => {
                let secret =
                    secret.get().await.map_err(|refusal| Refusal { code: Code::SessionUnavailable, ..refusal })?;
                let secret = secret.expose().as_bytes();
                if secret.len() < LEAST_SECRET_BYTES {
                    return Err(unavailable(Unavailable {
                        reason: "the secret that signs sessions is shorter than 32 bytes".to_owned(),
                        retry_after: 60,
                    }));
                }
                Ok(VerifyingKey::secret(secret).verifies(token.algorithm, token.signed, token.signature))
            }
        }
    }
}

fn check(keys: &KeySet, token: &UnverifiedToken) -> Result<bool, NoKey> {
    Ok(keys.key_for(token)?.verifies(token.algorithm, token.signed, token.signature))
}

fn no_key(no_key: NoKey) -> Refusal {
    invalid(match no_key {
        NoKey::UnknownId => "the issuer has no key of the token's key id",
        NoKey::Ambiguous => "the token names no key and the issuer has not exactly one that fits",
        NoKey::WrongAlgorithm => "the key is not made for the token's algorithm",
    })
}

fn invalid(reason: &'static str) -> Refusal {
    let detail = "The session is not one that this service accepts. Sign in again; if that does not help, compare the \
                  token's issuer, audience and algorithm with the service's settings.";
    Refusal::new(Code::SessionInvalid, detail).because(reason)
}

fn unavailable(unavailable: Unavailable) -> Refusal {
    let detail = "Sessions cannot be checked at the moment, since the identity provider's keys cannot be had. Try again \
                  shortly.";
    Refusal::new(Code::SessionUnavailable, detail).because(unavailable.reason).retry_after(unavailable.retry_after)
}
