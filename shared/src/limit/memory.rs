//! A table in memory, for counts in this process only.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::expiring_map::ExpiringMap;
use crate::limit::table::{Item, Table, Update, UpdateFuture};

/// A table in memory.
#[derive(Debug)]
pub struct Memory(Mutex<ExpiringMap<String, Item>>);

impl Memory {
    /// A table for at most `max` items. If it is full, the item that expires first is removed.
    pub fn new(max: usize) -> Self {
        Self(Mutex::new(ExpiringMap::new(max)))
    }
}

impl Table for Memory {
    fn update<'a>(&'a self, _table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let item = items.get(key, update.now).copied().unwrap_or_default();
        if update.holds(&item) {
            items.put(
                key.to_owned(),
                update.applied(&item),
                Duration::ZERO..update.expires_at,
                update.now,
            );
            Box::pin(std::future::ready(Ok(None)))
        } else {
            Box::pin(std::future::ready(Ok(Some(item))))
        }
    }
}
