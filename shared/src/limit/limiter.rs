//! Counts mints, in the table or, while it is unavailable, as `LIMIT_ON_ERROR` says.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand;
use tokio::time::{Instant, timeout_at};

use crate::clock::{Clock, age, rfc3339};
use crate::expiring_map::ExpiringMap;
use crate::limit::gcra::{self, Admission, Exceeded, Limit};
use crate::limit::memory::Memory;
use crate::limit::settings::{Limits, OnError};
use crate::limit::table::Table;
use crate::problem::{Code, Problem};

/// How many refused subjects are remembered. Their requests cost no call of the table.
const MAX_REMEMBERED: usize = 1024;
/// How many subjects are counted in this process while the table is unavailable.
const MAX_LOCAL: usize = 8192;

/// The time limit for counting a mint, all calls together.
const COUNTED_WITHIN: Duration = Duration::from_secs(1);
/// The shortest time between two log lines about an outage of the table.
const OUTAGE_LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Counts mints and refuses those beyond the limits.
pub struct Limiter {
    limits: Limits,
    table: Arc<dyn Table>,
    /// The counts while the table is unavailable.
    local: Memory,
    refused: Mutex<ExpiringMap<String, Exceeded>>,
    /// When the table was last unavailable, in seconds since the Unix epoch.
    outage_logged_at: AtomicU64,
    clock: Clock,
}

impl Limiter {
    /// A limiter that stores its counts in a table.
    pub fn new(limits: Limits, table: Arc<dyn Table>, clock: Clock) -> Self {
        Self {
            limits,
            table,
            local: Memory::new(MAX_LOCAL),
            refused: Mutex::new(ExpiringMap::new(MAX_REMEMBERED)),
            outage_logged_at: AtomicU64::new(0),
            clock,
        }
    }

    /// Counts a mint of a subject, before the deadline. If the table is unavailable, the second value
    /// is the action that was taken.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if a limit is reached; nothing is counted then.
    /// [`Code::LimitUnavailable`] if the table is unavailable and [`OnError::Deny`] is set.
    pub async fn admit(
        &self,
        provider: &str,
        subject: &str,
        deadline: Instant,
    ) -> (Result<(), Problem>, Option<OnError>) {
        let now = self.clock.now();
        let key = self.key(provider, subject, now);
        let remembered = self.refused().get(&key, now).copied();
        if let Some(exceeded) = remembered {
            return (Err(rate_limited(exceeded, now)), None);
        }
        let mint = mint_id(now);
        let counting = gcra::count(
            &*self.table,
            &self.limits.table,
            &key,
            &self.limits,
            mint,
            now,
        );
        let counted = timeout_at(deadline.min(Instant::now() + COUNTED_WITHIN), counting).await;
        let counted =
            counted.unwrap_or_else(|_| Err("the table did not count the mint in time".to_owned()));
        if let Err(reason) = &counted {
            self.log_outage(reason, now);
        }
        let (counted, action) = match (counted, self.limits.on_error) {
            (Ok(counted), _) => (counted, None),
            (Err(_), OnError::Local) => {
                // The table in memory does not fail.
                let counted = gcra::count(&self.local, "", &key, &self.limits, mint, now).await;
                (counted.unwrap_or(Admission::Yes), Some(OnError::Local))
            }
            (Err(_), OnError::Allow) => (Admission::Yes, Some(OnError::Allow)),
            (Err(reason), OnError::Deny) => return (Err(unavailable(reason)), Some(OnError::Deny)),
        };
        match counted {
            Admission::Yes => (Ok(()), action),
            Admission::No(exceeded) => {
                self.refused().put(key, exceeded, now..exceeded.until, now);
                (Err(rate_limited(exceeded, now)), action)
            }
        }
    }

    /// The key of a subject's item. With a daily limit each day has an item, so that nothing has to
    /// be reset at midnight.
    fn key(&self, provider: &str, subject: &str, now: Duration) -> String {
        match self.limits.daily {
            None => format!("{provider}#{subject}"),
            Some(_) => format!(
                "{provider}#{subject}#{}",
                rfc3339(now.as_secs()).split_once('T').unwrap_or_default().0
            ),
        }
    }

    /// Logs an outage once, not for each mint.
    fn log_outage(&self, reason: &str, now: Duration) {
        let before =
            Duration::from_secs(self.outage_logged_at.swap(now.as_secs(), Ordering::Relaxed));
        if age(now, before) >= OUTAGE_LOG_INTERVAL {
            tracing::warn!(
                reason,
                instead = self.limits.on_error.name(),
                "the limit table is unavailable"
            );
        }
    }

    fn refused(&self) -> MutexGuard<'_, ExpiringMap<String, Exceeded>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id that no other mint of the subject has. Without random numbers it is the time.
fn mint_id(now: Duration) -> u64 {
    let mut id = [0; 8];
    match rand::fill(&mut id) {
        Ok(()) => u64::from_be_bytes(id),
        Err(_) => u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
    }
}

fn rate_limited(Exceeded { limit, until }: Exceeded, now: Duration) -> Problem {
    let wait = until.saturating_sub(now);
    // Rounded up to whole seconds: an earlier retry would fail.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
    let (detail, reason) = match limit {
        Limit::Rate => (
            "Too many tokens were requested in a short time",
            "RATE_LIMIT is reached",
        ),
        Limit::Daily => (
            "The tokens of this day (UTC) are used up",
            "DAILY_LIMIT is reached",
        ),
    };
    let detail = format!("{detail}. Try again in {}.", in_words(seconds));
    Problem::new(Code::RateLimited, detail)
        .with_reason(reason)
        .retry_after(seconds)
}

/// A wait in words, rounded up.
fn in_words(seconds: u32) -> String {
    let minutes = seconds.div_ceil(60);
    match (seconds, minutes / 60, minutes % 60) {
        (..=120, _, _) => format!("{seconds} s"),
        (_, 0, _) => format!("{minutes} min"),
        (_, hours, 0) => format!("{hours} h"),
        (_, hours, rest) => format!("{hours} h {rest} min"),
    }
}

fn unavailable(reason: String) -> Problem {
    let detail = "The service cannot count tokens at the moment. Try again shortly. If the problem lasts, the service's \
                  operator finds the cause in the log.";
    Problem::new(Code::LimitUnavailable, detail)
        .with_reason(reason)
        .retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_wait_in_words_is_never_too_short() {
        for (seconds, words) in [
            (1, "1 s"),
            (120, "120 s"),
            (121, "3 min"),
            (3540, "59 min"),
            (3541, "1 h"),
            (3601, "1 h 1 min"),
            (53_955, "15 h"),
            (86_400, "24 h"),
        ] {
            assert_eq!(in_words(seconds), words, "{seconds}");
        }
    }
}
