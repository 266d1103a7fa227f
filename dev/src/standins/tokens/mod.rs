//! The tokens that the stand-ins have minted: their permissions, expiry, and whether they are
//! spent. All endpoints and WebSockets of all vendors use this store.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use voicemint::internals::Clock;

/// How long an expired token is distinguished from an unknown one.
const EXPIRED_RETENTION: Duration = Duration::from_secs(600);

/// The maximum number of tokens. If it is reached, the token that expires first is removed.
const CAPACITY: usize = 50_000;

/// A grant of a Cartesia token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grant {
    /// Text-to-speech endpoints.
    Tts,
    /// Speech-to-text endpoints.
    Stt,
    /// The WebSocket of agents.
    Agent,
}

/// The type of an ElevenLabs token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenType {
    /// The WebSocket for real-time transcription.
    RealtimeScribe,
    /// The transcription of uploads.
    BatchScribe,
    /// The WebSocket for text-to-speech.
    TtsWebsocket,
}

/// The scope that an endpoint or a WebSocket requires of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// A grant at Cartesia.
    Cartesia(Grant),
    /// A token type at ElevenLabs.
    ElevenLabs(TokenType),
    /// A streaming session at AssemblyAI.
    AssemblyAi,
}

/// Why a token was rejected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RedeemError {
    /// The vendor did not mint it, or it was removed after it had expired.
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
pub(super) enum Permissions {
    Cartesia(Vec<Grant>),
    ElevenLabs(TokenType),
    /// The maximum duration of the session that it opens.
    AssemblyAi(Duration),
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
pub(super) struct Tokens {
    clock: Clock,
    table: Mutex<TokenTable>,
}

impl Tokens {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            table: Mutex::default(),
        }
    }

    /// Makes a token of 256 random bits.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub(super) fn mint(
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
    pub(super) fn redeem(&self, token: &str, scope: Scope) -> Result<(), RedeemError> {
        self.redeem_for_session(token, scope).map(|_| ())
    }

    /// Redeems a token like [`Tokens::redeem`]. Returns the maximum duration of the session if the
    /// token limits it.
    pub(super) fn redeem_for_session(
        &self,
        token: &str,
        scope: Scope,
    ) -> Result<Option<Duration>, RedeemError> {
        let now = self.now();
        let mut table = self.lock();
        let state = table.by_token.get_mut(token).ok_or(RedeemError::Unknown)?;
        let (granted, single_use) = match (&state.permissions, scope) {
            (Permissions::Cartesia(grants), Scope::Cartesia(grant)) => {
                (grants.contains(&grant), false)
            }
            (Permissions::ElevenLabs(minted), Scope::ElevenLabs(required)) => {
                (*minted == required, true)
            }
            (Permissions::AssemblyAi(_), Scope::AssemblyAi) => (true, true),
            // A vendor does not know the tokens of other vendors.
            _ => return Err(RedeemError::Unknown),
        };
        if now >= state.expires {
            return Err(RedeemError::Expired);
        }
        if state.spent {
            return Err(RedeemError::Spent);
        }
        if !granted {
            return Err(RedeemError::NotGranted);
        }
        state.spent = single_use;
        match state.permissions {
            Permissions::AssemblyAi(session) => Ok(Some(session)),
            Permissions::Cartesia(_) | Permissions::ElevenLabs(_) => Ok(None),
        }
    }

    /// The time since the Unix epoch.
    pub(super) fn now(&self) -> Duration {
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
pub(super) fn request_id() -> String {
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
