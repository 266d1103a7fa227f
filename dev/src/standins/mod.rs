//! Stand-ins for the three providers: as strict as their documentation, so that the whole product
//! can be run and tested on one machine with no account anywhere. They mint tokens and honour them
//! at the endpoints and sockets that a page would call next. The API keys are public and open
//! nothing else.

mod assemblyai;
mod cartesia;
mod cors;
mod elevenlabs;
mod multipart;
mod speech_queue;
mod synth;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tokens;
mod transcript;
mod websocket;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::constant_time;
use aws_lc_rs::error::Unspecified;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use cors::open_to_pages;
use serde_json::{Value, json};
pub use tokens::{Clock, Grant, Need, TokenType, Why};
use tokens::{Scope, Tokens};

/// The API key that the Cartesia stand-in accepts at first.
pub const CARTESIA_KEY: &str = "sk_car_standin_opens_nothing_real";
/// The API key that the ElevenLabs stand-in accepts at first.
pub const ELEVENLABS_KEY: &str = "sk_standin_opens_nothing_real";
/// The API key that the AssemblyAI stand-in accepts at first.
pub const ASSEMBLYAI_KEY: &str = "standin0opens0nothing0real000000";

/// Larger request bodies are refused with 413: two minutes of 16 kHz sound, in bytes.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// Which provider is imitated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Vendor {
    /// <https://cartesia.ai>
    Cartesia,
    /// <https://elevenlabs.io>
    ElevenLabs,
    /// <https://www.assemblyai.com>
    AssemblyAi,
}

/// All three stand-ins. Clones share keys, tokens and counts.
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

/// The one customer that a vendor has here.
struct Account {
    key: RwLock<String>,
    requests: AtomicUsize,
    mints: AtomicUsize,
}

impl Standins {
    /// Stand-ins on the system's clock that accept the keys above.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Arc::new(|| {
            UNIX_EPOCH + voicemint::clock::Clock::system().now()
        }))
    }

    /// As [`Standins::new`], with the expiry of tokens read off another clock.
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
    /// good.
    pub fn set_key(&self, vendor: Vendor, key: &str) {
        let current = self.account(vendor).key.write();
        let mut current = current.unwrap_or_else(PoisonError::into_inner);
        key.clone_into(&mut current);
    }

    /// Tokens that the vendor has minted so far.
    #[must_use]
    pub fn mints(&self, vendor: Vendor) -> usize {
        self.account(vendor).mints.load(Ordering::Relaxed)
    }

    /// Calls to the vendor's mint endpoint so far, by any method and the refused ones too.
    #[must_use]
    pub fn requests(&self, vendor: Vendor) -> usize {
        self.account(vendor).requests.load(Ordering::Relaxed)
    }

    /// Accepts a token for `need`, and spends it where it is single-use: of several callers at
    /// once, one gets it.
    ///
    /// # Errors
    /// Says why the token is not accepted; a token that is good for something else stays unspent.
    pub fn redeem(&self, token: &str, need: Need) -> Result<(), Why> {
        self.inner.tokens.redeem(token, need)
    }

    /// As [`Standins::redeem`], for an AssemblyAI session; says how long it may last.
    fn redeem_for_session(&self, token: &str) -> Result<Option<Duration>, Why> {
        self.inner
            .tokens
            .redeem_for_session(token, Need::AssemblyAi)
    }

    fn now(&self) -> SystemTime {
        self.inner.tokens.now()
    }

    /// The vendors' own paths on one router; they do not collide. `GET /` says what there is.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(about))
            .merge(cartesia::routes())
            .merge(elevenlabs::routes())
            .merge(assemblyai::routes())
            .fallback(not_found)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .with_state(self.clone())
    }

    fn account(&self, vendor: Vendor) -> &Account {
        match vendor {
            Vendor::Cartesia => &self.inner.cartesia,
            Vendor::ElevenLabs => &self.inner.elevenlabs,
            Vendor::AssemblyAi => &self.inner.assemblyai,
        }
    }

    fn count_request(&self, vendor: Vendor) {
        let requests = &self.account(vendor).requests;
        requests.fetch_add(1, Ordering::Relaxed);
    }

    fn accepts_key(&self, vendor: Vendor, shown: &str) -> bool {
        let key = self.account(vendor).key.read();
        let key = key.unwrap_or_else(PoisonError::into_inner);
        constant_time::verify_slices_are_equal(key.as_bytes(), shown.as_bytes()).is_ok()
    }

    fn mint(
        &self,
        vendor: Vendor,
        scope: Scope,
        lifetime: Duration,
    ) -> Result<String, Unspecified> {
        let prefix = match vendor {
            Vendor::Cartesia => "standin_car_",
            Vendor::ElevenLabs => "sutkn_standin_",
            Vendor::AssemblyAi => "standin_aai_",
        };
        let token = self.inner.tokens.mint(prefix, scope, lifetime)?;
        self.account(vendor).mints.fetch_add(1, Ordering::Relaxed);
        Ok(token)
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

/// A header that is there exactly once and is plain text; anything else counts as absent.
fn sole_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none());
    only.and_then(|value| value.to_str().ok())
}

/// A name that stands more than once in a query.
struct Twice(&'static str);

/// The value of a name in a query, where it is there.
fn sole_pair<'a>(
    query: &'a [(String, String)],
    name: &'static str,
) -> Result<Option<&'a str>, Twice> {
    let mut values = query
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (only, None) => Ok(only),
        _ => Err(Twice(name)),
    }
}

async fn about() -> Json<Value> {
    Json(json!({
        "what": "Stand-ins for Cartesia, ElevenLabs and AssemblyAI: local imitations for development and tests.",
        "mint": [
            "POST /access-token",
            "POST /v1/single-use-token/{realtime_scribe|batch_scribe|tts_websocket}",
            "GET /v3/token?expires_in_seconds=60",
        ],
        "use": [
            "POST /tts/bytes",
            "POST /tts/sse",
            "WebSocket /tts/websocket",
            "POST /stt",
            "WebSocket /stt/websocket",
            "WebSocket /stt/turns/websocket",
            "POST /audio/transcriptions",
            "POST /v1/speech-to-text?token=",
            "WebSocket /v1/speech-to-text/realtime?token=",
            "WebSocket /v1/text-to-speech/{voice_id}/stream-input?single_use_token=",
            "WebSocket /v1/text-to-speech/{voice_id}/multi-stream-input?single_use_token=",
            "WebSocket /v3/ws?token=",
        ],
    }))
}

/// Paths that no vendor has; the first segment tells whose error a client would expect.
async fn not_found(uri: Uri) -> Response {
    let path = uri.path();
    if path.starts_with("/v1/") {
        elevenlabs::not_found()
    } else if path.starts_with("/v3/") {
        assemblyai::not_found()
    } else {
        cartesia::not_found()
    }
}
