//! The sessions whose clients left without `session.end`. They can be resumed for 30 seconds.
//! Source: assemblyai.com/docs/voice-agents/voice-agent-api (resuming a session).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::session::Session;

/// How long a session waits for its client.
const GRACE: Duration = Duration::from_secs(30);

/// The maximum number of sessions. If it is reached, the oldest one is removed.
const CAPACITY: usize = 100;

struct Dropped {
    session: Session,
    at: Duration,
}

/// The state of the stand-in is its account, which knows no sessions. Their random ids tell the
/// sessions of several stand-ins in one process apart.
static DROPPED: Mutex<VecDeque<Dropped>> = Mutex::new(VecDeque::new());

/// Keeps a session whose client left now.
pub(super) fn keep(session: Session, now: Duration) {
    let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
    if dropped.len() >= CAPACITY {
        dropped.pop_front();
    }
    dropped.push_back(Dropped { session, at: now });
}

/// Takes the session with this id, unless its time is over.
pub(super) fn take(id: &str, now: Duration) -> Option<Session> {
    let mut dropped = DROPPED.lock().unwrap_or_else(PoisonError::into_inner);
    let index = dropped.iter().position(|one| one.session.id() == id)?;
    let found = dropped.remove(index)?;
    let is_waiting = now.saturating_sub(found.at) < GRACE;
    is_waiting.then_some(found.session)
}
