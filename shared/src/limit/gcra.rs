//! The generic cell rate algorithm (ITU-T I.371, annex A): a burst up to the count, then one mint
//! per period / count.
//!
//! The state of a subject is its theoretical arrival time (`tat`): when its last mint would have
//! come if all mints were evenly spaced. A subject whose `tat` is in the past is idle. A subject
//! whose `tat` is at most the tolerance ahead, which is the interval times (count - 1), may mint.
//! All others must wait.
//!
//! The algorithm uses conditional updates, so that any number of environments can count at the same
//! time and nothing is read in advance. The first update assumes that the subject is idle. If that
//! is wrong, the returned item says whether the subject must wait. If it need not, the second update
//! queues the mint after the others.

use std::time::Duration;

use crate::limit::settings::{Limits, Rate};
use crate::limit::table::{Item, Table, Tat, Update};

const DAY: Duration = Duration::from_secs(86_400);
/// How much the clocks of two environments may differ. An item must not expire before all of them
/// have finished with it.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The limit that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `RATE_LIMIT`.
    Rate,
    /// `DAILY_LIMIT`.
    Daily,
}

/// A limit that is reached, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// Which limit it is.
    pub limit: Limit,
    /// When the next mint is possible, since the Unix epoch.
    pub until: Duration,
}

/// Whether a mint was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It was within the limits and was counted.
    Yes,
    /// A limit is reached, and nothing was counted.
    No(Exceeded),
}

/// Counts a mint in the item `key`. An idle subject costs one update, and so does one that must
/// wait; any other costs two. `now` is since the Unix epoch, and `mint` is an id that no other mint
/// has.
///
/// # Errors
/// A clause for the log, if the table is unavailable.
pub async fn count(
    table: &dyn Table,
    name: &str,
    key: &str,
    limits: &Limits,
    mint: u64,
    now: Duration,
) -> Result<Admission, String> {
    // Rounded down before anything is computed from it: rounding the result would permit a mint too
    // early.
    let now = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
    // Other environments count at the same time. If they change the item between the two updates,
    // both are repeated.
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
    // A subject with so many requests at the same time can wait.
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
            expires_at: rate_ends.max(day_ends) + CLOCK_SKEW,
        }
    }

    /// What the result of an update means: `None` as found item says that the update was made.
    /// Returns `None` if another update may succeed.
    fn decided(&self, found: Option<Item>, mint: u64, now: Duration) -> Option<Admission> {
        match found {
            None => Some(Admission::Yes),
            // The update was made before, but its response was late.
            Some(item) if item.mint == Some(mint) => Some(Admission::Yes),
            Some(item) => self.exceeded(&item, now).map(Admission::No),
        }
    }

    /// The limit that an item has reached, if any.
    fn exceeded(&self, item: &Item, now: Duration) -> Option<Exceeded> {
        // The next day has another item.
        let day_ends = self.daily.map(|_| midnight_after(now));
        if self.daily.is_some_and(|max| item.count >= max) {
            return day_ends.map(|until| Exceeded {
                limit: Limit::Daily,
                until,
            });
        }
        let until = item.tat?.checked_sub(self.rate?.tolerance())?;
        let until = day_ends.map_or(until, |day_ends| until.min(day_ends));
        if until <= now {
            return None;
        }
        Some(Exceeded {
            limit: Limit::Rate,
            until,
        })
    }
}

/// The end of the UTC day of a time.
fn midnight_after(now: Duration) -> Duration {
    DAY * u32::try_from(now.as_secs() / DAY.as_secs() + 1).unwrap_or(u32::MAX)
}
