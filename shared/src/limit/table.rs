//! The table of the counts, with conditional updates of one item.

use std::pin::Pin;
use std::time::Duration;

/// The counts of a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// The theoretical arrival time, since the Unix epoch. `None` if nothing was counted for a rate
    /// limit.
    pub tat: Option<Duration>,
    /// The number of mints that were counted in this item.
    pub count: u64,
    /// The id of the mint that was counted last.
    pub mint: Option<u64>,
}

/// An update that counts a mint, with its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// The id of the mint. It is counted once, even if the call is repeated because its response was
    /// late.
    pub mint: u64,
    /// The current time, since the Unix epoch.
    pub now: Duration,
    /// The part of the rate limit, if there is one.
    pub tat: Option<Tat>,
    /// The highest count of this item, if there is a daily limit.
    pub max: Option<u64>,
    /// When the item expires, since the Unix epoch.
    pub expires_at: Duration,
}

/// What an update does to the theoretical arrival time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tat {
    /// It becomes `next`, if there is none or it is not after now.
    Idle {
        /// Now plus one interval.
        next: Duration,
    },
    /// It moves by `interval`, if it is between now and `latest`.
    Queued {
        /// Now plus the tolerance.
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

    /// The item after the update.
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

/// The future that [`Table::update`] returns: `None` if the update was made, the current item if its
/// condition does not hold. The error is a clause for the log.
pub type UpdateFuture<'a> = Pin<Box<dyn Future<Output = Result<Option<Item>, String>> + Send + 'a>>;

/// A table of counts.
pub trait Table: Send + Sync {
    /// Updates the item `key` of the named table atomically, if the condition holds.
    fn update<'a>(&'a self, table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a>;
}
