//! A clock that tests set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use voicemint::internals::Clock;

/// The time in whole seconds since the Unix epoch. It changes only by [`ManualClock::advance`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    pub fn new(seconds: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seconds)))
    }

    pub fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// The clock for the code under test.
    pub fn clock(&self) -> Clock {
        let seconds = self.clone();
        Clock::new(move || UNIX_EPOCH + Duration::from_secs(seconds.now()))
    }
}
