//! Secrets: loaded from a store, kept for a while, loaded anew when the provider stops taking them.
//!
//! What was loaded once is used while the store is in trouble: a key that works is worth more than
//! a fresh one. But a secret that was deleted, forbidden or overwritten must stop working, so an
//! answer that says so ends that soon.

pub mod api_key;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::clock::{Clock, age};
use crate::json::{self, Members};
use crate::problem::{Code, Problem};
use crate::secret::api_key::ApiKey;

/// A future that a store answers with.
pub type LoadFuture<'a> =
    Pin<Box<dyn Future<Output = Result<SecretValue, StoreError>> + Send + 'a>>;

/// Why a store gives no secret: a clause for the log, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// It has none for us, and will not have until somebody changes something: not found, access
    /// denied, marked for deletion, not to be decrypted.
    Permanent(String),
    /// It cannot be asked, or is in trouble.
    Transient(String),
}

/// Where secrets are kept.
pub trait SecretStore: Send + Sync {
    /// Loads a secret's current version.
    fn load<'a>(&'a self, id: &'a str) -> LoadFuture<'a>;
}

/// A secret as a store gave it.
pub struct SecretValue {
    /// The secret's text.
    pub text: String,
    /// Which version this is.
    pub version: String,
}

/// Which part of a stored text is the secret.
#[derive(Clone, Debug)]
pub enum SecretField {
    /// A named member where the text is a JSON object, else all of it.
    Field(String),
    /// The only member where the text is a JSON object, else all of it, if it is usable.
    Only(Usable),
    /// All of it, if it is usable.
    Whole(Usable),
}

/// Whether a secret of sessions is one that its kind can use; the error is a clause for the log.
/// What is not counts as gone.
pub type Usable = fn(&str) -> Result<(), &'static str>;

impl SecretField {
    /// How long a version is used while the store is in trouble, if there is an end. Who holds an
    /// old secret of sessions can make sessions; who holds an old API key can do nothing here.
    fn usable_for(&self) -> Option<Duration> {
        match self {
            Self::Field(_) => None,
            Self::Only(_) | Self::Whole(_) => Some(Duration::from_secs(3600)),
        }
    }

    fn extract(&self, SecretValue { text, version }: SecretValue) -> Result<ApiKey, &'static str> {
        let text = match self {
            Self::Whole(usable) => {
                usable(&text)?;
                text
            }
            // Anything may sign sessions, and every byte of it counts.
            Self::Only(usable) => {
                let text = Self::member(
                    text,
                    |members| members.values().next().filter(|_| members.len() == 1),
                    "the secret is a JSON object, but not of one text",
                )?;
                usable(&text)?;
                text
            }
            // A key travels in a header; a line's end behind it is a slip of the one who stored it.
            Self::Field(name) => {
                let fault =
                    "the secret is a JSON object whose member API_KEY_JSON_FIELD is no text";
                let key = Self::member(text, |members| members.get(name), fault)?
                    .trim()
                    .to_owned();
                if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err("the secret is empty or has characters that no key has");
                }
                if key.starts_with(QUOTES) || key.ends_with(QUOTES) {
                    return Err("the secret is in quotes: store the key without them");
                }
                if is_assignment(&key) {
                    return Err(
                        "the secret is NAME=value, as in a file of variables: store the value alone",
                    );
                }
                key
            }
        };
        Ok(ApiKey::new(text, version))
    }

    /// A member of the text where it is a JSON object, else all of it.
    fn member(
        text: String,
        pick: impl Fn(&Members) -> Option<&Value>,
        fault: &'static str,
    ) -> Result<String, &'static str> {
        match json::strict_object(text.as_bytes()) {
            Ok(members) => pick(&members)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or(fault),
            // No key begins like this: it is an object with a slip in it.
            Err(_) if text.trim_start().starts_with('{') => {
                Err("the secret is a broken JSON object")
            }
            Err(_) => Ok(text),
        }
    }
}

/// What is put around values in shells, files of variables and JSON, and is in no key.
const QUOTES: [char; 3] = ['"', '\'', '`'];

/// Whether a text is `NAME=value`. What ends with `=` is base64, which keys may be.
fn is_assignment(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else {
        return false;
    };
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_name = name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|b| is_letter(b) || b.is_ascii_digit());
    is_name && !value.is_empty() && !value.starts_with('=')
}

/// One secret and its last good version.
pub struct SecretCache {
    store: Arc<dyn SecretStore>,
    id: String,
    field: SecretField,
    fresh_for: Duration,
    clock: Clock,
    state: Mutex<State>,
    /// Held while loading, so that requests at the same time share one load.
    loading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    cached: Option<Arc<ApiKey>>,
    loaded_at: Duration,
    /// While the store is in trouble and something is cached: when to ask it again.
    not_before: Duration,
    /// When the store first said that there is no usable secret, unless one was loaded since.
    gone_since: Option<Duration>,
    reloaded_at: Option<Duration>,
}

/// How long a store in trouble is left alone while something is cached.
const RETRY_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long a secret is used that the store says is gone: an operator can correct a mistake
/// meanwhile.
const GONE_USABLE_FOR: Duration = Duration::from_secs(60);
/// How often at the most a key that the provider refused is loaded anew.
const RELOAD_PAUSE: Duration = Duration::from_secs(10);

impl SecretCache {
    /// A secret of a store, each version of which is used for `fresh_for`.
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

    /// What is cached, however old.
    pub fn cached(&self) -> Option<Arc<ApiKey>> {
        self.state().cached.clone()
    }

    /// The secret: cached while fresh, else loaded, else cached after all.
    ///
    /// # Errors
    /// [`Code::SecretUnavailable`] where nothing is cached and nothing can be loaded.
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

    /// The secret after the provider refused `used`: a newer version, if there is one.
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
                .is_some_and(|then| age(now, then) < RELOAD_PAUSE)
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

    /// What is cached, unless it is too old, or has been gone for too long.
    fn bridged(&self, state: &State, now: Duration) -> Option<Arc<ApiKey>> {
        let limit = self
            .field
            .usable_for()
            .map(|limit| limit.max(self.fresh_for));
        let too_old = limit.is_some_and(|limit| age(now, state.loaded_at) >= limit);
        let gone = state
            .gone_since
            .is_some_and(|since| age(now, since) >= GONE_USABLE_FOR);
        state.cached.clone().filter(|_| !too_old && !gone)
    }

    async fn load(&self) -> Result<Arc<ApiKey>, Problem> {
        let loaded = self.store.load(&self.id).await;
        let unusable = |reason: &str| StoreError::Permanent(reason.to_owned());
        let key = loaded.and_then(|stored| self.field.extract(stored).map_err(unusable));
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
                        // Transient trouble in between does not make it younger.
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
                    let detail = "The service cannot load its key at the moment. Try again shortly; if it lasts, its \
                                  operator finds the cause in the log.";
                    Problem::new(Code::SecretUnavailable, detail).with_reason(reason).retry_after(1)
                })
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
