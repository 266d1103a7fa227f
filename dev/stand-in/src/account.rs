//! The only customer account of a provider's stand-in: its API key, its counters, and the tokens
//! that it has minted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::constant_time;
use aws_lc_rs::error::Unspecified;
use voicemint::internals::Clock;

use crate::tokens::{Permissions, RedeemError, Scope, SessionTerms, Tokens};

/// An account. Clones share key, tokens and counters.
#[derive(Clone)]
pub struct Account {
    inner: Arc<Inner>,
}

struct Inner {
    secret: RwLock<String>,
    token_prefix: &'static str,
    requests: AtomicUsize,
    mints: AtomicUsize,
    tokens: Tokens,
}

impl Account {
    /// An account with the stand-in's first secret, whose tokens expire by this clock.
    #[must_use]
    pub fn new(secret: &str, token_prefix: &'static str, clock: Clock) -> Self {
        let inner = Inner {
            secret: RwLock::new(secret.to_owned()),
            token_prefix,
            requests: AtomicUsize::new(0),
            mints: AtomicUsize::new(0),
            tokens: Tokens::new(clock),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Rotates the API key: from now on only `key` is accepted. Tokens that were minted before stay
    /// valid.
    pub fn set_key(&self, key: &str) {
        let current = self.inner.secret.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        key.clone_into(&mut current);
    }

    /// The secret that is accepted now. It has more than one value where the provider has.
    #[must_use]
    pub fn secret(&self) -> String {
        let secret = self.inner.secret.read();
        secret.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of tokens that were minted.
    #[must_use]
    pub fn mints(&self) -> usize {
        self.inner.mints.load(Ordering::Relaxed)
    }

    /// The number of calls to the mint endpoint, with any method and including rejected ones.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.inner.requests.load(Ordering::Relaxed)
    }

    /// Redeems a token for `scope`, and marks a single-use token as spent. If several callers
    /// redeem it at the same time, one succeeds.
    ///
    /// # Errors
    /// Why the token is rejected. A token that is valid for another scope is not spent.
    pub fn redeem(&self, token: &str, scope: impl Into<Scope>) -> Result<(), RedeemError> {
        self.inner.tokens.redeem(token, scope.into())
    }

    /// Redeems a token like [`Account::redeem`]. Returns what it says about the session.
    ///
    /// # Errors
    /// Why the token is rejected.
    pub fn redeem_for_session(
        &self,
        token: &str,
        scope: impl Into<Scope>,
    ) -> Result<SessionTerms, RedeemError> {
        self.inner.tokens.redeem_for_session(token, scope.into())
    }

    /// The time since the Unix epoch.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.inner.tokens.now()
    }

    /// Counts a call to the mint endpoint.
    pub fn count_request(&self) {
        self.inner.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether this is the API key.
    #[must_use]
    pub fn accepts_key(&self, presented: &str) -> bool {
        let key = self.secret();
        constant_time::verify_slices_are_equal(key.as_bytes(), presented.as_bytes()).is_ok()
    }

    /// Mints a token.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn mint(
        &self,
        permissions: Permissions,
        lifetime: Duration,
    ) -> Result<String, Unspecified> {
        let inner = &self.inner;
        let token = inner
            .tokens
            .mint(inner.token_prefix, permissions, lifetime)?;
        inner.mints.fetch_add(1, Ordering::Relaxed);
        Ok(token)
    }
}
