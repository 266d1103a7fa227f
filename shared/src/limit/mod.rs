//! Limits on what one user can spend: counted per issuer, subject and provider, across all live
//! environments.
//!
//! `settings` reads them, `gcra` decides, and a [`Table`] keeps the counts: DynamoDB where
//! functions are deployed (`crate::aws::dynamodb`), `memory` in the local command and while the
//! table cannot be reached.

pub mod gcra;
pub mod memory;
pub mod settings;
pub mod table;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::rand;
use tokio::time::{Instant, timeout_at};

use crate::clock::{Clock, age, rfc3339};
use crate::expiring_map::ExpiringMap;
use crate::problem::{Code, Problem};
use gcra::{Admission, Exceeded, Limit};
use memory::Memory;
use settings::{Limits, OnError};
use table::Table;

/// How many subjects are remembered as refused, so that they cost no call.
const MAX_REMEMBERED: usize = 1024;
/// How many subjects are counted here while the table cannot be reached.
const MAX_LOCAL: usize = 8192;

/// Within which the table must have counted a mint, all calls together.
const COUNTED_WITHIN: Duration = Duration::from_secs(1);
/// Trouble that returns sooner is the same trouble.
const OUTAGE_LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Counts mints and refuses those beyond the limits.
pub struct Limiter {
    limits: Limits,
    table: Arc<dyn Table>,
    /// Counts while the table cannot be reached.
    local: Memory,
    refused: Mutex<ExpiringMap<String, Exceeded>>,
    /// When the table could not be used for the last time, in seconds since the Unix epoch.
    outage_logged_at: AtomicU64,
    clock: Clock,
}

impl Limiter {
    /// A limiter with its counts in a table.
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

    /// Counts a mint of a subject with a provider, before the deadline. Says what was done instead
    /// where the table could not be reached.
    ///
    /// # Errors
    /// [`Code::RateLimited`] where a limit is reached; then nothing was counted.
    /// [`Code::LimitUnavailable`] where the table cannot be reached and [`OnError::Deny`] is set;
    /// the second value is there then too.
    pub async fn admit(
        &self,
        provider: &str,
        subject: &str,
        deadline: Instant,
    ) -> (Result<(), Problem>, Option<OnError>) {
        let now = self.clock.now();
        let key = self.key(provider, subject, now);
        let remembered = self.refused().get(&key, now).copied();
        if let Some(over) = remembered {
            return (Err(refused(over, now)), None);
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
            counted.unwrap_or_else(|_| Err("it took too long to count a mint".to_owned()));
        if let Err(reason) = &counted {
            self.log_outage(reason, now);
        }
        let (counted, instead) = match (counted, self.limits.on_error) {
            (Ok(counted), _) => (counted, None),
            (Err(_), OnError::Local) => {
                // Memory never fails.
                let counted = gcra::count(&self.local, "", &key, &self.limits, mint, now).await;
                (counted.unwrap_or(Admission::Yes), Some(OnError::Local))
            }
            (Err(_), OnError::Allow) => (Admission::Yes, Some(OnError::Allow)),
            (Err(reason), OnError::Deny) => return (Err(unavailable(reason)), Some(OnError::Deny)),
        };
        match counted {
            Admission::Yes => (Ok(()), instead),
            Admission::No(over) => {
                self.refused().put(key, over, now..over.until, now);
                (Err(refused(over, now)), instead)
            }
        }
    }

    /// One item a subject, and where a day counts, one a day: a new day then begins without
    /// anything being taken back.
    fn key(&self, provider: &str, subject: &str, now: Duration) -> String {
        match self.limits.daily {
            None => format!("{provider}#{subject}"),
            Some(_) => format!(
                "{provider}#{subject}#{}",
                rfc3339(now.as_secs()).split_once('T').unwrap_or_default().0
            ),
        }
    }

    /// Tells the log of trouble once, not for each mint.
    fn log_outage(&self, reason: &str, now: Duration) {
        let before =
            Duration::from_secs(self.outage_logged_at.swap(now.as_secs(), Ordering::Relaxed));
        if age(now, before) >= OUTAGE_LOG_INTERVAL {
            tracing::warn!(
                reason,
                instead = self.limits.on_error.name(),
                "the limit table cannot be used"
            );
        }
    }

    fn refused(&self) -> MutexGuard<'_, ExpiringMap<String, Exceeded>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An id that no other mint of the subject has. Without random numbers the time will do.
fn mint_id(now: Duration) -> u64 {
    let mut id = [0; 8];
    match rand::fill(&mut id) {
        Ok(()) => u64::from_be_bytes(id),
        Err(_) => u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
    }
}

fn refused(Exceeded { limit, until }: Exceeded, now: Duration) -> Problem {
    let wait = until.saturating_sub(now);
    // Told in whole seconds, rounded up: earlier would be too early.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let seconds = u32::try_from(seconds.max(1)).unwrap_or(u32::MAX);
    let (detail, reason) = match limit {
        Limit::Rate => ("Too many tokens in a short time", "RATE_LIMIT is reached"),
        Limit::Daily => (
            "The day's tokens are used up until midnight UTC",
            "DAILY_LIMIT is reached",
        ),
    };
    let detail = format!("{detail}. Try again in {}.", in_words(seconds));
    Problem::new(Code::RateLimited, detail)
        .with_reason(reason)
        .retry_after(seconds)
}

/// A wait as people say it; rounded up too.
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
    let detail = "The service cannot count tokens at the moment. Try again shortly; if it lasts, its operator finds the \
                  cause in the log.";
    Problem::new(Code::LimitUnavailable, detail)
        .with_reason(reason)
        .retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_wait_is_told_in_words_that_are_never_too_short() {
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
