//! The tokens that the stand-ins have handed out: what each may be used for, until when, and
//! whether it was spent. One store for all vendors, so that every endpoint and every socket asks
//! the same `redeem`.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;

/// Where the stand-ins read the time, so that a test can let tokens expire without waiting.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// An expired token is still told apart from an unknown one for this long; then it is forgotten.
const REMEMBER_EXPIRED: Duration = Duration::from_secs(600);

/// More tokens than this are never held: the one that ends soonest makes room.
const CAPACITY: usize = 50_000;

/// What a Cartesia token may open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grant {
    /// Any text-to-speech endpoint.
    Tts,
    /// Any speech-to-text endpoint.
    Stt,
    /// The agents' socket.
    Agent,
}

/// What an ElevenLabs token may open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenType {
    /// The socket that transcribes as one speaks.
    RealtimeScribe,
    /// The upload that is transcribed.
    BatchScribe,
    /// The socket that speaks.
    TtsWebsocket,
}

/// What an endpoint or socket asks of the token that it was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// A grant of Cartesia's.
    Cartesia(Grant),
    /// A token type of ElevenLabs'.
    ElevenLabs(TokenType),
    /// A streaming session at AssemblyAI.
    AssemblyAi,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// This vendor never minted it, or it expired so long ago that it is forgotten.
    Unknown,
    /// Its time is over.
    Expired,
    /// A single-use token that was used before.
    Spent,
    /// Good, but not for this: it stays unspent.
    NotGranted,
}

/// What a token was minted for.
pub(super) enum Scope {
    Cartesia(Vec<Grant>),
    ElevenLabs(TokenType),
    /// How long a session may last that it opens.
    AssemblyAi(Duration),
}

struct Record {
    scope: Scope,
    expires: SystemTime,
    spent: bool,
}

#[derive(Default)]
struct Held {
    records: HashMap<Arc<str>, Record>,
    by_expiry: BTreeSet<(SystemTime, Arc<str>)>,
}

pub(super) struct Tokens {
    clock: Clock,
    held: Mutex<Held>,
}

impl Tokens {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            held: Mutex::default(),
        }
    }

    /// Makes a token of 256 random bits that is good for `scope` and ends after `lifetime`.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub(super) fn mint(
        &self,
        prefix: &str,
        scope: Scope,
        lifetime: Duration,
    ) -> Result<String, Unspecified> {
        let token = format!("{prefix}{:032x}{:032x}", random()?, random()?);
        let now = self.now();
        let record = Record {
            scope,
            expires: now.checked_add(lifetime).unwrap_or(now),
            spent: false,
        };
        self.held().insert(token.as_str().into(), record, now);
        Ok(token)
    }

    /// Accepts a token for `need`, and spends it where it is single-use. Of several callers at
    /// once, one gets it.
    pub(super) fn redeem(&self, token: &str, need: Need) -> Result<(), Why> {
        self.redeem_for_session(token, need).map(|_| ())
    }

    /// As [`Tokens::redeem`]; says how long the session may last, where the token limits that.
    pub(super) fn redeem_for_session(
        &self,
        token: &str,
        need: Need,
    ) -> Result<Option<Duration>, Why> {
        let now = self.now();
        let mut held = self.held();
        let record = held.records.get_mut(token).ok_or(Why::Unknown)?;
        let (granted, single_use) = match (&record.scope, need) {
            (Scope::Cartesia(grants), Need::Cartesia(grant)) => (grants.contains(&grant), false),
            (Scope::ElevenLabs(minted), Need::ElevenLabs(needed)) => (*minted == needed, true),
            (Scope::AssemblyAi(_), Need::AssemblyAi) => (true, true),
            // No vendor knows another vendor's tokens.
            _ => return Err(Why::Unknown),
        };
        if now >= record.expires {
            return Err(Why::Expired);
        }
        if record.spent {
            return Err(Why::Spent);
        }
        if !granted {
            return Err(Why::NotGranted);
        }
        record.spent = single_use;
        match record.scope {
            Scope::AssemblyAi(session) => Ok(Some(session)),
            Scope::Cartesia(_) | Scope::ElevenLabs(_) => Ok(None),
        }
    }

    pub(super) fn now(&self) -> SystemTime {
        (self.clock)()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing is left half-done where this lock is held, so a poisoned one is as good as any.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn insert(&mut self, token: Arc<str>, record: Record, now: SystemTime) {
        while let Some((expires, _)) = self.by_expiry.first() {
            let forgotten = now
                .duration_since(*expires)
                .is_ok_and(|ago| ago > REMEMBER_EXPIRED);
            if !forgotten && self.records.len() < CAPACITY {
                break;
            }
            if let Some((_, oldest)) = self.by_expiry.pop_first() {
                self.records.remove(&oldest);
            }
        }
        self.by_expiry.insert((record.expires, token.clone()));
        self.records.insert(token, record);
    }
}

/// 128 bits that nobody can guess.
pub(super) fn random() -> Result<u128, Unspecified> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes)?;
    Ok(u128::from_ne_bytes(bytes))
}

/// A random UUID (version 4) for a request id; all zeros where the system has no randomness.
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
