//! The stand-ins' accounts: their API keys, their counters, and the tokens that they have minted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::constant_time;
use aws_lc_rs::error::Unspecified;
use voicemint::internals::Clock;

use super::tokens::{Permissions, RedeemError, Scope, Tokens};

/// The initial API key of the Cartesia stand-in.
pub const CARTESIA_KEY: &str = "sk_car_standin_opens_nothing_real";
/// The initial API key of the ElevenLabs stand-in.
pub const ELEVENLABS_KEY: &str = "sk_standin_opens_nothing_real";
/// The initial API key of the AssemblyAI stand-in.
pub const ASSEMBLYAI_KEY: &str = "standin0opens0nothing0real000000";

/// The vendor that is imitated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vendor {
    /// <https://cartesia.ai>
    Cartesia,
    /// <https://elevenlabs.io>
    ElevenLabs,
    /// <https://www.assemblyai.com>
    AssemblyAi,
}

/// All three stand-ins. Clones share keys, tokens and counters.
#[derive(Clone)]
pub struct Standins {
    inner: Arc<Inner>,
}

struct Inner {
    cartesia: Account,
    elevenlabs: Account,
    assemblyai: Account,
    tokens: Tokens,
}

/// The only customer account of a vendor.
struct Account {
    key: RwLock<String>,
    requests: AtomicUsize,
    mints: AtomicUsize,
}

impl Standins {
    /// Stand-ins on the system clock that accept the keys above.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Clock::system())
    }

    /// Stand-ins whose tokens expire by this clock.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        let inner = Inner {
            cartesia: Account::new(CARTESIA_KEY),
            elevenlabs: Account::new(ELEVENLABS_KEY),
            assemblyai: Account::new(ASSEMBLYAI_KEY),
            tokens: Tokens::new(clock),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Rotates the API key: from now on only `key` is accepted. Tokens that were minted before stay
    /// valid.
    pub fn set_key(&self, vendor: Vendor, key: &str) {
        let current = self.account(vendor).key.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        key.clone_into(&mut current);
    }

    /// The number of tokens that the vendor has minted.
    #[must_use]
    pub fn mints(&self, vendor: Vendor) -> usize {
        self.account(vendor).mints.load(Ordering::Relaxed)
    }

    /// The number of calls to the vendor's mint endpoint, with any method and including rejected
    /// ones.
    #[must_use]
    pub fn requests(&self, vendor: Vendor) -> usize {
        self.account(vendor).requests.load(Ordering::Relaxed)
    }

    /// Redeems a token for `scope`, and marks a single-use token as spent. If several callers
    /// redeem it at the same time, one succeeds.
    ///
    /// # Errors
    /// Why the token is rejected. A token that is valid for another scope is not spent.
    pub fn redeem(&self, token: &str, scope: Scope) -> Result<(), RedeemError> {
        self.inner.tokens.redeem(token, scope)
    }

    /// Redeems a token for an AssemblyAI session and returns the maximum duration of the session.
    pub(super) fn redeem_for_session(&self, token: &str) -> Result<Option<Duration>, RedeemError> {
        self.inner
            .tokens
            .redeem_for_session(token, Scope::AssemblyAi)
    }

    /// The time since the Unix epoch.
    pub(super) fn now(&self) -> Duration {
        self.inner.tokens.now()
    }

    pub(super) fn count_request(&self, vendor: Vendor) {
        let requests = &self.account(vendor).requests;
        requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn accepts_key(&self, vendor: Vendor, presented: &str) -> bool {
        let key = self.account(vendor).key.read();
        let key = key.unwrap_or_else(PoisonError::into_inner);
        constant_time::verify_slices_are_equal(key.as_bytes(), presented.as_bytes()).is_ok()
    }

    pub(super) fn mint(
        &self,
        vendor: Vendor,
        permissions: Permissions,
        lifetime: Duration,
    ) -> Result<String, Unspecified> {
        let prefix = match vendor {
            Vendor::Cartesia => "standin_car_",
            Vendor::ElevenLabs => "sutkn_standin_",
            Vendor::AssemblyAi => "standin_aai_",
        };
        let token = self.inner.tokens.mint(prefix, permissions, lifetime)?;
        self.account(vendor).mints.fetch_add(1, Ordering::Relaxed);
        Ok(token)
    }

    fn account(&self, vendor: Vendor) -> &Account {
        match vendor {
            Vendor::Cartesia => &self.inner.cartesia,
            Vendor::ElevenLabs => &self.inner.elevenlabs,
            Vendor::AssemblyAi => &self.inner.assemblyai,
        }
    }
}

impl Default for Standins {
    fn default() -> Self {
        Self::new()
    }
}

impl Account {
    fn new(key: &str) -> Self {
        Self {
            key: RwLock::new(key.to_owned()),
            requests: AtomicUsize::new(0),
            mints: AtomicUsize::new(0),
        }
    }
}
