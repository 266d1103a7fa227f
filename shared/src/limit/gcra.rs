//! The generic cell rate algorithm (ITU-T I.371, annex A): a burst up to the count, then one every
//! period / count.
//!
//! All that is kept of a subject is its theoretical arrival time (`tat`): when the last of what it
//! was given would have come, had it come evenly spaced. Whoever has a `tat` in the past is idle;
//! whoever has one no further ahead than the tolerance, which is the interval times (count - 1),
//! may go on; the others wait until it is.
//!
//! Written as conditional updates, so that any number of environments may count at once and nothing
//! is read beforehand. The first takes it that the subject is idle; if it is not, the item that
//! comes back tells whether it must wait, and if it need not, the second puts it behind the others.

use std::time::Duration;

use crate::limit::settings::{Limits, Rate};
use crate::limit::table::{Item, Table, Tat, Update};

const DAY: Duration = Duration::from_secs(86_400);
/// Clocks of two environments may differ by this much, and an item must not go before all of them
/// are done with it.
const CLOCKS_DIFFER: Duration = Duration::from_secs(60);

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `RATE_LIMIT`.
    Rate,
    /// `DAILY_LIMIT`.
    Daily,
}

/// A limit that is reached, and until when, since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which one.
    pub limit: Limit,
    /// When there is room again.
    pub until: Duration,
}

/// Whether it was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// There was room.
    Yes,
    /// There was none, and nothing was counted.
    No(Exceeded),
}

/// Counts a mint in the item `key`, in at most two updates: one where the subject is idle, one
/// where it must wait. `now` is since the Unix epoch; `mint` is an id that no other mint has.
///
/// # Errors
/// Where the table cannot be used; a clause for the log.
pub async fn count(
    table: &dyn Table,
    name: &str,
    key: &str,
    limits: &Limits,
    mint: u64,
    now: Duration,
) -> Result<Admission, String> {
    // What is written is in milliseconds; a time that was cut later would let somebody in too
    // early.
    let now = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    // Others count at the same time. What is found may have changed when it is acted upon, and then
    // all begins once more.
    for _ in 0..2 {
        let idle = limits.update(mint, now, |rate| Tat::Idle {
            next: now + rate.interval,
        });
        let item = table.update(name, key, &idle).await?;
        if let Some(decided) = limits.decided(item, mint, now) {
            return Ok(decided);
        }
        let latest = |rate: &Rate| now + rate.tolerance();
        let queued = limits.update(mint, now, |rate| Tat::Queued {
            latest: latest(rate),
            interval: rate.interval,
        });
        let item = table.update(name, key, &queued).await?;
        if let Some(decided) = limits.decided(item, mint, now) {
            return Ok(decided);
        }
    }
    // Whoever asks so often at once that even this fails can wait.
    Ok(Admission::No(Exceeded {
        limit: Limit::Rate,
        until: now + Duration::from_secs(1),
    }))
}

impl Limits {
    fn update(&self, mint: u64, now: Duration, tat: impl FnOnce(&Rate) -> Tat) -> Update {
        let rate_ends = self.rate.map_or(now, |rate| now + rate.period);
        let day_ends = self.daily.map_or(now, |_| midnight_after(now));
        Update {
            mint,
            now,
            tat: self.rate.as_ref().map(tat),
            max: self.daily,
            expires_at: rate_ends.max(day_ends) + CLOCKS_DIFFER,
        }
    }

    /// What an update says that was made, or found this item in its way; nothing where another may
    /// be.
    fn decided(&self, found: Option<Item>, mint: u64, now: Duration) -> Option<Admission> {
        match found {
            None => Some(Admission::Yes),
            // It was made, and its answer was late.
            Some(item) if item.mint == Some(mint) => Some(Admission::Yes),
            Some(item) => self.over(&item, now).map(Admission::No),
        }
    }

    /// The limit that an item has reached, if there is one.
    fn over(&self, item: &Item, now: Duration) -> Option<Exceeded> {
        // The next day has an item of its own.
        let day_ends = self.daily.map(|_| midnight_after(now));
        if self.daily.is_some_and(|max| item.count >= max) {
            return day_ends.map(|until| Exceeded {
                limit: Limit::Daily,
                until,
            });
        }
        let until = item.tat?.checked_sub(self.rate?.tolerance())?;
        let until = day_ends.map_or(until, |day_ends| until.min(day_ends));
        (until > now).then_some(Exceeded {
            limit: Limit::Rate,
            until,
        })
    }
}

/// The end of the day, UTC, that a time belongs to.
fn midnight_after(now: Duration) -> Duration {
    DAY * u32::try_from(now.as_secs() / DAY.as_secs() + 1).unwrap_or(u32::MAX)
}
