//! A secret in memory: when it is loaded again, and what is used while the store is unavailable.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, age};
use crate::problem::{Code, Problem};
use crate::secret::api_key::ApiKey;
use crate::secret::field::SecretField;
use crate::secret::store::{SecretStore, StoreError};

/// A secret, with its last good version.
pub struct SecretCache {
    store: Arc<dyn SecretStore>,
    id: String,
    field: SecretField,
    fresh_for: Duration,
    clock: Clock,
    state: Mutex<State>,
    /// Held while loading, so that concurrent requests share one load.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    cached: Option<Arc<ApiKey>>,
    loaded_at: Duration,
    /// After a failure: when to try the store again, if a version is cached.
    not_before: Duration,
    /// When the store first said that there is no usable secret, unless one was loaded since then.
    gone_since: Option<Duration>,
    reloaded_at: Option<Duration>,
}

/// How long to wait after a failure before the store is called again, if a version is cached.
const RETRY_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long a cached secret is used after the store says that it is gone. An operator can correct
/// a mistake in that time.
const GONE_USABLE_FOR: Duration = Duration::from_secs(60);
/// The shortest time between two reloads of a key that the provider rejects.
const RELOAD_INTERVAL: Duration = Duration::from_secs(10);

impl SecretCache {
    /// A cache for one secret of a store. A loaded version is used for `fresh_for`.
    pub fn new(
        store: Arc<dyn SecretStore>,
        id: String,
        field: SecretField,
        fresh_for: Duration,
        clock: Clock,
    ) -> Self {
        Self {
            store,
            id,
            field,
            fresh_for,
            clock,
            state: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
        }
    }

    /// The cached version, however old it is.
    pub fn cached(&self) -> Option<Arc<ApiKey>> {
        self.state().cached.clone()
    }

    /// The secret: the cached version if it is fresh, else a loaded one, else the cached version
    /// after all.
    ///
    /// # Errors
    /// [`Code::SecretUnavailable`] if no version is cached and none can be loaded.
    pub async fn get(&self) -> Result<Arc<ApiKey>, Problem> {
        if let Some(key) = self.usable() {
            return Ok(key);
        }
        let _loading = self.loading.lock().await;
        match self.usable() {
            Some(key) => Ok(key),
            None => self.load().await,
        }
    }

    /// A newer version than `used`, which the provider rejected, if there is one.
    pub async fn newer_than(&self, used: &ApiKey) -> Option<Arc<ApiKey>> {
        let _loading = self.loading.lock().await;
        if let Some(key) = self.cached().filter(|key| key.differs(used)) {
            return Some(key);
        }
        let now = self.clock.now();
        {
            let mut state = self.state();
            if state
                .reloaded_at
                .is_some_and(|then| age(now, then) < RELOAD_INTERVAL)
            {
                return None;
            }
            state.reloaded_at = Some(now);
        }
        self.load().await.ok().filter(|key| key.differs(used))
    }

    fn usable(&self) -> Option<Arc<ApiKey>> {
        let now = self.clock.now();
        let state = self.state();
        let fresh = age(now, state.loaded_at) < self.fresh_for || now < state.not_before;
        self.bridged(&state, now).filter(|_| fresh)
    }

    /// The cached version, unless it is too old or has been gone for too long.
    fn bridged(&self, state: &State, now: Duration) -> Option<Arc<ApiKey>> {
        let limit = self.field.max_age().map(|limit| limit.max(self.fresh_for));
        let too_old = limit.is_some_and(|limit| age(now, state.loaded_at) >= limit);
        let gone = state
            .gone_since
            .is_some_and(|since| age(now, since) >= GONE_USABLE_FOR);
        state.cached.clone().filter(|_| !too_old && !gone)
    }

    async fn load(&self) -> Result<Arc<ApiKey>, Problem> {
        let loaded = self.store.load(&self.id).await;
        let unusable = |reason: Cow<str>| StoreError::Permanent(reason.into_owned());
        let key = loaded.and_then(|value| self.field.extract(&value).map_err(unusable));
        let now = self.clock.now();
        let mut state = self.state();
        match key {
            Ok(key) => {
                let key = Arc::new(key);
                *state = State {
                    cached: Some(Arc::clone(&key)),
                    loaded_at: now,
                    not_before: Duration::ZERO,
                    gone_since: None,
                    reloaded_at: state.reloaded_at,
                };
                Ok(key)
            }
            Err(error) => {
                state.not_before = now + RETRY_AFTER_FAILURE;
                let reason = match error {
                    StoreError::Permanent(reason) => {
                        // Transient failures in between do not reset the time.
                        state.gone_since.get_or_insert(now);
                        reason
                    }
                    StoreError::Transient(reason) => reason,
                };
                let bridged = self.bridged(&state, now);
                tracing::warn!(
                    reason,
                    cached = bridged.is_some(),
                    "a secret cannot be loaded"
                );
                bridged.ok_or_else(|| {
                    let detail = "The service cannot load a key at the moment. Try again shortly. If the problem lasts, \
                                  the service's operator finds the cause in the log.";
                    Problem::new(Code::SecretUnavailable, detail).with_reason(reason).retry_after(1)
                })
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
