//! An issuer's key set: found by OpenID discovery or a setting, fetched once for many, and kept for
//! a while.
//!
//! - Used for ten minutes, then fetched anew and replaced as a whole, so that a key taken out stops
//!   working.
//! - While the issuer is in trouble it is used on, for an hour at the most; tries are 1, 2, 4 … 10
//!   s apart.
//! - A key id that it does not have leads to a fetch: three of that kind may come at once, and one
//!   more every 20 s. So one stranger's token does not use up what a fresh key needs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use url::Url;

use crate::clock::{Clock, age, is_within};
use crate::json;
use crate::session::jwt::jwk_set::{JwkSet, MAX_BYTES};
use crate::settings::callable_url;
use crate::transport::{Failure, Transport};

const FRESH_FOR: Duration = Duration::from_secs(600);
const USABLE_FOR: Duration = Duration::from_secs(3600);
/// Fetches for unknown key ids: how many may come at once, and when there is one more.
const UNKNOWN_ID_BURST: u32 = 3;
const UNKNOWN_ID_PERIOD: Duration = Duration::from_secs(20);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// For discovery and key set together.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// Where the key set is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// Named by a setting.
    JwkSet(Url),
    /// Named by the issuer's discovery document (OpenID Connect Discovery 1.0 section 4).
    Discovery {
        /// The issuer, as tokens name it.
        issuer: String,
        /// The document's place.
        document: Url,
    },
}

/// The keys cannot be had, and when to ask again, in seconds.
#[derive(Debug)]
pub struct KeysUnavailable {
    /// A clause for the log.
    pub reason: String,
    /// When another try will be made.
    pub retry_after: u32,
}

/// One issuer's key set.
pub struct RemoteJwkSet {
    location: Location,
    transport: Transport,
    clock: Clock,
    state: Mutex<State>,
    /// Held while fetching, so that requests at the same time share one fetch.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<JwkSet>>,
    fetched_at: Duration,
    /// Counts every fetch that ended, so that those who waited for one know.
    fetches: u64,
    /// When all fetches for unknown key ids will be there again, by the generic cell rate
    /// algorithm.
    unknown_ids_until: Duration,
    backoff: Option<Backoff>,
}

#[derive(Clone)]
struct Backoff {
    reason: String,
    pause: Duration,
    not_before: Duration,
    /// Whether nothing came in the time allowed.
    slow: bool,
}

impl State {
    /// Whether a fetch for an unknown key id may be made. A clock that was set back does not forbid
    /// it for long.
    fn may_ask_for_unknown_id(&self, now: Duration) -> bool {
        let ahead = self.unknown_ids_until.saturating_sub(now);
        ahead <= UNKNOWN_ID_PERIOD * (UNKNOWN_ID_BURST - 1)
            || ahead > UNKNOWN_ID_PERIOD * UNKNOWN_ID_BURST
    }

    fn ask_for_unknown_id(&mut self, now: Duration) {
        let most = now + UNKNOWN_ID_PERIOD * UNKNOWN_ID_BURST;
        self.unknown_ids_until = (self.unknown_ids_until.max(now) + UNKNOWN_ID_PERIOD).min(most);
    }
}

impl Backoff {
    /// Whether it is too early to try again. A clock that was set back does not make it too early
    /// for long.
    fn holds(&self, now: Duration) -> bool {
        now < self.not_before && self.not_before <= now + MAX_BACKOFF
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

    /// Fetches the key set ahead of the first request, best effort. A quick failure delays no later
    /// try; after a slow one the next try is a second away, so that the first caller need not wait
    /// as long once more.
    pub async fn warm(&self) {
        let _ = self.keys().await;
        let mut state = self.state();
        state.backoff = state.backoff.take().filter(|backoff| backoff.slow);
    }

    /// The key set.
    ///
    /// # Errors
    /// [`Unavailable`] where there is none, or none young enough, and none can be fetched.
    pub async fn keys(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let good = |state: &State, now| is_within(FRESH_FOR, now, state.fetched_at);
        match self.cached_if(good) {
            Some(answer) => answer,
            None => self.fetch_unless(good, |_, _| {}).await,
        }
    }

    /// The key set once more, after it was found not to have a key id: fetched anew if that may be
    /// done now.
    ///
    /// # Errors
    /// [`Unavailable`] where the issuer is in trouble: its new keys may be the ones that are
    /// missing.
    pub async fn newer_keys(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let fetches = self.state().fetches;
        let good = |state: &State, now| {
            state.backoff.is_none()
                && (state.fetches != fetches || !state.may_ask_for_unknown_id(now))
        };
        // Behind a fetch that is under way: it may bring the very key, and whoever does not wait
        // for it would be refused.
        let keys = self.fetch_unless(good, State::ask_for_unknown_id).await?;
        match self.state().backoff.clone() {
            None => Ok(keys),
            Some(backoff) => Err(self.unavailable(backoff)),
        }
    }

    /// Waits for its turn, and fetches unless what there is by then will do.
    async fn fetch_unless(
        &self,
        good: impl Fn(&State, Duration) -> bool,
        before_fetch: impl FnOnce(&mut State, Duration),
    ) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let _fetching = self.fetching.lock().await;
        if let Some(answer) = self.cached_if(good) {
            return answer;
        }
        before_fetch(&mut self.state(), self.clock.now());
        self.fetch().await
    }

    /// What can be said without a fetch: the keys that are good enough, or that it is too early to
    /// try again.
    fn cached_if(
        &self,
        good: impl Fn(&State, Duration) -> bool,
    ) -> Option<Result<Arc<JwkSet>, KeysUnavailable>> {
        let now = self.clock.now();
        let state = self.state();
        if let Some(keys) = state.keys.as_ref().filter(|_| good(&state, now)) {
            return Some(Ok(Arc::clone(keys)));
        }
        let backoff = state.backoff.clone().filter(|backoff| backoff.holds(now))?;
        let stale = state
            .keys
            .clone()
            .filter(|_| age(now, state.fetched_at) < USABLE_FOR);
        drop(state);
        Some(stale.ok_or_else(|| self.unavailable(backoff)))
    }

    async fn fetch(&self) -> Result<Arc<JwkSet>, KeysUnavailable> {
        let fetched = tokio::time::timeout(TIMEOUT, self.download()).await;
        let slow = fetched.is_err();
        let fetched =
            fetched.unwrap_or_else(|_| Err("the issuer did not answer in time".to_owned()));
        let now = self.clock.now();
        let mut state = self.state();
        state.fetches += 1;
        match fetched {
            Ok(keys) => {
                let keys = Arc::new(keys);
                state.keys = Some(Arc::clone(&keys));
                state.fetched_at = now;
                state.backoff = None;
                Ok(keys)
            }
            Err(reason) => {
                tracing::warn!(
                    reason,
                    cached = state.keys.is_some(),
                    "a key set cannot be fetched"
                );
                let pause = state
                    .backoff
                    .as_ref()
                    .map_or(Duration::from_secs(1), |backoff| backoff.pause * 2);
                let pause = pause.min(MAX_BACKOFF);
                let backoff = Backoff {
                    reason,
                    pause,
                    not_before: now + pause,
                    slow,
                };
                state.backoff = Some(backoff.clone());
                let stale = state
                    .keys
                    .clone()
                    .filter(|_| age(now, state.fetched_at) < USABLE_FOR);
                drop(state);
                stale.ok_or_else(|| self.unavailable(backoff))
            }
        }
    }

    async fn download(&self) -> Result<JwkSet, String> {
        let url = match &self.location {
            Location::JwkSet(url) => url.clone(),
            Location::Discovery { issuer, document } => {
                let text = self.get_text(document, "discovery document").await?;
                key_set_url(&text, issuer, document.scheme())?
            }
        };
        let text = self.get_text(&url, "key set").await?;
        JwkSet::parse(&text).map_err(|reason| match json::strict_object(&text) {
            Ok(_) => reason.to_owned(),
            Err(_) => format!("{reason}: it is {}", json::kind(&text)),
        })
    }

    async fn get_text(&self, url: &Url, what: &str) -> Result<bytes::Bytes, String> {
        let request = http::Request::get(url.as_str()).header("accept", "application/json");
        // What comes compressed all the same is named for what it is: unpacked, it may be of any
        // size.
        let request = request
            .header("accept-encoding", "identity")
            .body(bytes::Bytes::new());
        let request = request.map_err(|_| format!("the {what}'s URL cannot be called"))?;
        let response = self
            .transport
            .send(request, TIMEOUT, MAX_BYTES)
            .await
            .map_err(|failure| match failure {
                Failure::Timeout => format!("the {what} did not come in time"),
                Failure::TooLarge => format!("the {what} is too large"),
                Failure::Unreachable(clause) => format!("the {what} cannot be had: {clause}"),
            })?;
        let encoding = response.headers().get(http::header::CONTENT_ENCODING);
        let known = ["gzip", "br", "deflate", "zstd", "compress"];
        if let Some(encoding) =
            encoding.filter(|encoding| !encoding.is_empty() && *encoding != "identity")
        {
            let name = known
                .into_iter()
                .find(|name| encoding == name)
                .unwrap_or("another encoding");
            return Err(format!(
                "the {what} came compressed ({name}), which was not asked for"
            ));
        }
        match response.status() {
            http::StatusCode::OK => Ok(response.into_body()),
            status => Err(format!("the {what} was answered with {}", status.as_u16())),
        }
    }

    /// Where the key set is.
    pub fn location(&self) -> &Location {
        &self.location
    }

    fn unavailable(&self, backoff: Backoff) -> KeysUnavailable {
        let wait = backoff
            .not_before
            .saturating_sub(self.clock.now())
            .as_secs_f64()
            .ceil()
            .max(1.0);
        KeysUnavailable {
            reason: backoff.reason,
            retry_after: wait as u32,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The key set's URL out of a discovery document, which must be the issuer's own (OpenID Connect
/// Discovery 1.0 section 4.3).
///
/// A document that came over https leads nowhere else: what it says must not make this function
/// call its own machine.
fn key_set_url(document: &[u8], issuer: &str, scheme: &str) -> Result<Url, String> {
    let document = json::strict_object(document).map_err(|_| {
        format!(
            "the discovery document is not a plain JSON object: it is {}",
            json::kind(document)
        )
    })?;
    if document.get("issuer").and_then(Value::as_str) != Some(issuer) {
        return Err("the discovery document is another issuer's".to_owned());
    }
    let url = document
        .get("jwks_uri")
        .and_then(Value::as_str)
        .ok_or("the discovery document names no key set")?;
    let url = callable_url(url)
        .map_err(|requirement| format!("the discovery document's jwks_uri {requirement}"))?;
    if scheme == "https" && url.scheme() != "https" {
        return Err("the discovery document's jwks_uri must be an https URL".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_that_came_over_https_leads_to_no_other_scheme() {
        let find = |url: &str, scheme| {
            key_set_url(
                format!(r#"{{"issuer":"i","jwks_uri":"{url}"}}"#).as_bytes(),
                "i",
                scheme,
            )
        };
        assert!(find("https://a.test/keys", "https").is_ok());
        assert!(find("http://127.0.0.1:9001/keys", "http").is_ok());
        for url in [
            "http://127.0.0.1:9001/keys",
            "http://host.docker.internal/",
            "http://a.test/",
            "file:///keys",
        ] {
            assert!(find(url, "https").is_err(), "{url}");
        }
    }
}
