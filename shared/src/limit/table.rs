//! Where counts are kept: a table with conditional updates of one item.

use std::pin::Pin;
use std::time::Duration;

/// What is kept of a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// The theoretical arrival time, since the Unix epoch; none where nothing was counted under a
    /// rate.
    pub tat: Option<Duration>,
    /// How many were counted in this item.
    pub count: u64,
    /// The id of the mint that was counted last.
    pub mint: Option<u64>,
}

/// An update that counts one, and its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The mint that is counted, by an id of its own. It is counted once: a call may be repeated
    /// because its answer was late, while what it asked for was done.
    pub mint: u64,
    /// When this is, since the Unix epoch.
    pub now: Duration,
    /// The rate's part; nothing where there is none.
    pub tat: Option<Tat>,
    /// How many may be counted in this item; nothing where there is no such limit.
    pub max: Option<u64>,
    /// When the item may go, since the Unix epoch: later than it matters.
    pub expires_at: Duration,
}

/// What an update does to the theoretical arrival time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tat {
    /// Becomes `next`, where there is none or it is now at the latest.
    Idle {
        /// One interval from now.
        next: Duration,
    },
    /// Becomes `interval` later, where it is between now and `latest`.
    Queued {
        /// The tolerance from now.
        latest: Duration,
        /// One interval.
        interval: Duration,
    },
}

impl Update {
    /// Whether the condition holds for an item.
    pub fn holds(&self, item: &Item) -> bool {
        let in_time = match self.tat {
            None => true,
            Some(Tat::Idle { .. }) => item.tat.is_none_or(|tat| tat <= self.now),
            Some(Tat::Queued { latest, .. }) => {
                item.tat.is_some_and(|tat| self.now <= tat && tat <= latest)
            }
        };
        in_time && self.max.is_none_or(|max| item.count < max) && item.mint != Some(self.mint)
    }

    /// What it makes of an item.
    #[must_use]
    pub fn applied(&self, item: &Item) -> Item {
        let tat = match self.tat {
            None => item.tat,
            Some(Tat::Idle { next }) => Some(next),
            Some(Tat::Queued { interval, .. }) => item.tat.map(|tat| tat + interval),
        };
        Item {
            tat,
            count: item.count + 1,
            mint: Some(self.mint),
        }
    }
}

/// A future that a table answers with: nothing where the update was made, the item as it is where
/// its condition does not hold. The error is a clause for the log.
pub type UpdateFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Item>, String>> + Send + 'a>>;

/// Where counts are kept.
pub trait Table: Send + Sync {
    /// Makes an update of the item `key` in the table of that name, at once and only where its
    /// condition holds.
    fn update<'a>(&'a self, table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a>;
}
