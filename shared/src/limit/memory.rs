//! Counts in this process alone.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::expiring_map::ExpiringMap;
use crate::limit::table::{Item, Table, Update, UpdateFuture};

/// A table in memory.
pub struct Memory(Mutex<ExpiringMap<String, Item>>);

impl Memory {
    /// A table with room for so many items; where it is full, the one is forgotten that matters for
    /// the shortest time.
    pub fn new(max: usize) -> Self {
        Self(Mutex::new(ExpiringMap::new(max)))
    }
}

impl Table for Memory {
    fn update<'a>(&'a self, _table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let item = items.get(key, update.now).copied().unwrap_or_default();
        let holds = update.holds(&item);
        if holds {
            items.put(
                key.to_owned(),
                update.applied(&item),
                Duration::ZERO..update.expires_at,
                update.now,
            );
        }
        Box::pin(std::future::ready(Ok((!holds).then_some(item))))
    }
}
