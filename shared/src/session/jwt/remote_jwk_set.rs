//! The cache of an issuer's key set, which concurrent requests share.
//!
//! - The cached keys are used for ten minutes. Then the set is fetched again and replaced as a
//!   whole, so that a key that the issuer removed stops working.
//! - While the issuer is unavailable, the cached keys are used for at most one hour. Tries are 1,
//!   2, 4 … 10 s apart.
//! - An unknown key id causes a fetch: at most three at once, and one more every 20 s. So a forged
//!   token does not use up the fetches that a new key needs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use thiserror::Error;

use crate::clock::{Clock, age, is_within};
use crate::session::jwt::download::{Location, TIMEOUT};
use crate::session::jwt::jwk_set::JwkSet;
use crate::session::reason::Reason;
use crate::transport::Transport;

const FRESH_FOR: Duration = Duration::from_secs(600);
const USABLE_FOR: Duration = Duration::from_secs(3600);
/// How many fetches for unknown key ids may happen at once.
const UNKNOWN_ID_BURST: u32 = 3;
/// The time after which one more of them may happen.
const UNKNOWN_ID_PERIOD: Duration = Duration::from_secs(20);
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// The key set is unavailable.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct KeysUnavailable {
    /// Why it cannot be fetched.
    pub reason: Reason,
    /// Seconds until the next try.
    pub retry_after: u32,
}

/// The key set of one issuer.
pub struct RemoteJwkSet {
    location: Location,
    transport: Transport,
    clock: Clock,
    state: Mutex<State>,
    /// Held during a fetch, so that concurrent requests share it.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<JwkSet>>,
    fetched_at: Duration,
    /// The number of fetches that ended: a waiting request sees whether one ended meanwhile.
    fetches: u64,
    /// When the whole burst of fetches for unknown key ids is available again, by the generic cell
    /// rate algorithm.
    unknown_ids_until: Duration,
    backoff: Option<Backoff>,
}

/// The time after a failed fetch in which no other is made.
#[derive(Clone)]
struct Backoff {
    reason: Reason,
    pause: Duration,
    not_before: Duration,
    timed_out: bool,
}

impl State {
    /// Whether an unknown key id may cause a fetch. A clock that was set back does not prevent it
    /// for long.
    fn may_fetch_for_unknown_id(&self, now: Duration) -> bool {
        let ahead = self.unknown_ids_until.saturating_sub(now);
        ahead <= UNKNOWN_ID_PERIOD * (UNKNOWN_ID_BURST - 1)
            || ahead > UNKNOWN_ID_PERIOD * UNKNOWN_ID_BURST
    }

    fn count_fetch_for_unknown_id(&mut self, now: Duration) {
        let max = now + UNKNOWN_ID_PERIOD * UNKNOWN_ID_BURST;
        self.unknown_ids_until = (self.unknown_ids_until.max(now) + UNKNOWN_ID_PERIOD).min(max);
    }

    /// The cached keys, if they are fresh enough to be used while the issuer is unavailable.
    fn usable_keys(&self, now: Duration) -> Option<Arc<JwkSet>> {
        self.keys
            .clone()
            .filter(|_| age(now, self.fetched_at) < USABLE_FOR)
    }
}

impl Backoff {
    /// The backoff after one more failure.
    fn after(previous: Option<&Self>, reason: Reason, timed_out: bool, now: Duration) -> Self {
        let pause = previous.map_or(MIN_BACKOFF, |backoff| backoff.pause * 2);
        let pause = pause.min(MAX_BACKOFF);
        Self {
            reason,
            pause,
            not_before: now + pause,
            timed_out,
        }
    }

    /// Whether it is too early to try again. A clock that was set back does not prolong this.
    fn is_active(&self, now: Duration) -> bool {
        now < self.not_before && self.not_before <= now + MAX_BACKOFF
    }

    fn into_error(self, now: Duration) -> KeysUnavailable {
        let wait = self.not_before.saturating_sub(now).as_secs_f64().ceil();
        KeysUnavailable {
            reason: self.reason,
            retry_after: wait.max(1.0) as u32,
        }
    }
}

impl RemoteJwkSet {
    /// A key set that has not been fetched yet.
    pub fn new(location: Location, transport: Transport, clock: Clock) -> Self {
        Self {
            location,
            transport,
            clock,
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Where the key set is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Fetches the key set before the first request. Errors are ignored: an error that came quickly
    /// does not delay the next try. After a timeout the next try is a second away, so that the
    /// first caller does not wait for another timeout.
    pub async fn warm(&self) {
        let _ = self.keys().await;
        let mut state = self.state();
        state.backoff = state.backoff.take().filter(|backoff| backoff.timed_out);
    }

    /// The key set, fetched if the cached one is too old.
    ///
    /// # Errors
    /// [`KeysUnavailable`] where no usable set is cached and none can be fetched.
    pub async fn keys(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let is_fresh = |state: &State, now| is_within(FRESH_FOR, now, state.fetched_at);
        match self.cached_if(is_fresh) {
            Some(result) => result,
            None => self.fetch_unless(is_fresh, |_, _| {}).await,
        }
    }

    /// The key set after a lookup found no key: fetched again if the limit on such fetches permits
    /// it.
    ///
    /// # Errors
    /// [`KeysUnavailable`] where the issuer is unavailable: the missing key may be a new one.
    pub async fn newer_keys(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let fetches = self.state().fetches;
        let is_newest = |state: &State, now| {
            state.backoff.is_none()
                && (state.fetches != fetches || !state.may_fetch_for_unknown_id(now))
        };
        // This waits for a fetch that is in progress, as it may bring the missing key.
        let keys = self
            .fetch_unless(is_newest, State::count_fetch_for_unknown_id)
            .await?;
        match self.state().backoff.clone() {
            None => Ok(keys),
            Some(backoff) => Err(backoff.into_error(self.clock.now())),
        }
    }

    /// Waits for a fetch that is in progress, then fetches unless the cached keys will do.
    async fn fetch_unless(
        &self,
        is_good: impl Fn(&State, Duration) -> bool,
        before_fetch: impl FnOnce(&mut State, Duration),
    ) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let _fetching = self.fetching.lock().await;
        if let Some(result) = self.cached_if(is_good) {
            return result;
        }
        before_fetch(&mut self.state(), self.clock.now());
        self.fetch().await
    }

    /// The result without a fetch, if there is one: the cached keys if `is_good`, else what holds
    /// during a backoff.
    fn cached_if(
        &self,
        is_good: impl Fn(&State, Duration) -> bool,
    ) -> Option<Result<Arc<JwkSet>, KeysUnavailable>> {
        let now = self.clock.now();
        let state = self.state();
        if let Some(keys) = state.keys.as_ref().filter(|_| is_good(&state, now)) {
            return Some(Ok(Arc::clone(keys)));
        }
        let backoff = state.backoff.as_ref()?;
        if !backoff.is_active(now) {
            return None;
        }
        let stale = state.usable_keys(now);
        Some(stale.ok_or_else(|| backoff.clone().into_error(now)))
    }

    async fn fetch(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let result = tokio::time::timeout(TIMEOUT, self.location.download(&self.transport)).await;
        let timed_out = result.is_err();
        let result = result.unwrap_or(Err(Reason::IssuerTimeout));
        let now = self.clock.now();
        let mut state = self.state();
        state.fetches += 1;
        match result {
            Ok(keys) => {
                let keys = Arc::new(keys);
                state.keys = Some(Arc::clone(&keys));
                state.fetched_at = now;
                state.backoff = None;
                Ok(keys)
            }
            Err(reason) => {
                tracing::warn!(
                    reason = reason.to_string(),
                    cached = state.keys.is_some(),
                    "a key set cannot be fetched"
                );
                let backoff = Backoff::after(state.backoff.as_ref(), reason, timed_out, now);
                state.backoff = Some(backoff.clone());
                state
                    .usable_keys(now)
                    .ok_or_else(|| backoff.into_error(now))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
