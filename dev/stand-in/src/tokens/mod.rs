//! The tokens that the stand-ins have minted: their permissions, expiry, and whether they are
//! spent. All endpoints and WebSockets of a provider use one store.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use serde_json::Value;
use voicemint::internals::Clock;

/// How long an expired token is distinguished from an unknown one.
const EXPIRED_RETENTION: Duration = Duration::from_secs(600);

/// The maximum number of tokens. If it is reached, the token that expires first is removed.
const CAPACITY: usize = 50_000;

/// What an endpoint or a WebSocket requires of a token, by the provider's word for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scope(pub &'static str);

/// Why a token was rejected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RedeemError {
    /// The stand-in did not mint it, or it was removed after it had expired.
    Unknown,
    /// It has expired.
    Expired,
    /// It is a single-use token that has been used.
    Spent,
    /// It is valid, but for another scope. It is not spent.
    NotGranted,
}

/// The permissions of a token.
#[derive(Debug)]
pub struct Permissions {
    scopes: Vec<Scope>,
    is_single_use: bool,
    session: SessionTerms,
}

/// What a token says about the session that it opens.
#[derive(Clone, Default)]
pub struct SessionTerms {
    /// The maximum duration of the session, if the token limits it.
    pub max_duration: Option<Duration>,
    /// The configuration that the token was minted with, in the provider's format.
    pub configuration: Option<Arc<Value>>,
}

/// Without the configuration, which can hold a prompt.
impl fmt::Debug for SessionTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTerms")
            .field("max_duration", &self.max_duration)
            .finish_non_exhaustive()
    }
}

impl Permissions {
    /// A token that can be used for these scopes until it expires.
    pub fn new(scopes: impl IntoIterator<Item = impl Into<Scope>>) -> Self {
        Self {
            scopes: scopes.into_iter().map(Into::into).collect(),
            is_single_use: false,
            session: SessionTerms::default(),
        }
    }

    /// The same for a token that can be used once.
    #[must_use]
    pub fn single_use(self) -> Self {
        Self {
            is_single_use: true,
            ..self
        }
    }

    /// The same for a token that limits the duration of the session that it opens.
    #[must_use]
    pub fn with_max_session(mut self, duration: Duration) -> Self {
        self.session.max_duration = Some(duration);
        self
    }

    /// The same for a token with a configuration of the session that it opens.
    #[must_use]
    pub fn with_configuration(mut self, configuration: Value) -> Self {
        self.session.configuration = Some(Arc::new(configuration));
        self
    }
}

struct TokenState {
    permissions: Permissions,
    expires: Duration,
    spent: bool,
}

#[derive(Default)]
struct TokenTable {
    by_token: HashMap<Arc<str>, TokenState>,
    by_expiry: BTreeSet<(Duration, Arc<str>)>,
}

/// The token store.
pub(crate) struct Tokens {
    clock: Clock,
    table: Mutex<TokenTable>,
}

impl Tokens {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            table: Mutex::default(),
        }
    }

    /// Makes a token of 256 random bits.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub(crate) fn mint(
        &self,
        prefix: &str,
        permissions: Permissions,
        lifetime: Duration,
    ) -> Result<String, Unspecified> {
        let token = format!("{prefix}{:032x}{:032x}", random()?, random()?);
        let now = self.now();
        let state = TokenState {
            permissions,
            expires: now.saturating_add(lifetime),
            spent: false,
        };
        self.lock().insert(token.as_str().into(), state, now);
        Ok(token)
    }

    /// Redeems a token for `scope`, and marks a single-use token as spent. If several callers
    /// redeem it at the same time, one succeeds.
    pub(crate) fn redeem(&self, token: &str, scope: Scope) -> Result<(), RedeemError> {
        self.redeem_for_session(token, scope).map(|_| ())
    }

    /// Redeems a token like [`Tokens::redeem`]. Returns what it says about the session.
    pub(crate) fn redeem_for_session(
        &self,
        token: &str,
        scope: Scope,
    ) -> Result<SessionTerms, RedeemError> {
        let now = self.now();
        let mut table = self.lock();
        let state = table.by_token.get_mut(token).ok_or(RedeemError::Unknown)?;
        if now >= state.expires {
            return Err(RedeemError::Expired);
        }
        if state.spent {
            return Err(RedeemError::Spent);
        }
        if !state.permissions.scopes.contains(&scope) {
            return Err(RedeemError::NotGranted);
        }
        state.spent = state.permissions.is_single_use;
        Ok(state.permissions.session.clone())
    }

    /// The time since the Unix epoch.
    pub(crate) fn now(&self) -> Duration {
        self.clock.now()
    }

    fn lock(&self) -> MutexGuard<'_, TokenTable> {
        // A panic cannot leave the table in an inconsistent state, so poisoning is ignored.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenTable {
    fn insert(&mut self, token: Arc<str>, state: TokenState, now: Duration) {
        while let Some((expires, _)) = self.by_expiry.first() {
            let is_outdated = now.saturating_sub(*expires) > EXPIRED_RETENTION;
            if !is_outdated && self.by_token.len() < CAPACITY {
                break;
            }
            if let Some((_, oldest)) = self.by_expiry.pop_first() {
                self.by_token.remove(&oldest);
            }
        }
        self.by_expiry.insert((state.expires, token.clone()));
        self.by_token.insert(token, state);
    }
}

/// 128 random bits.
fn random() -> Result<u128, Unspecified> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}

/// A random UUID (version 4) as a request ID; its random bits are zero if the system has no random
/// numbers.
pub fn request_id() -> String {
    let bits = random().unwrap_or_default();
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        bits >> 96,
        (bits >> 80) & 0xffff,
        (bits >> 64) & 0xfff,
        ((bits >> 48) & 0x3fff) | 0x8000,
        bits & 0xffff_ffff_ffff,
    )
}

#[cfg(test)]
mod tests;
