//! A map of limited size whose entries expire.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Range;
use std::time::Duration;

/// A map whose entries are valid for a span of time. If the map is full, the entry that expires
/// first is removed.
#[derive(Debug)]
pub(crate) struct ExpiringMap<K, V> {
    max: usize,
    entries: HashMap<K, (V, Range<Duration>)>,
}

impl<K: Eq + Hash + Clone, V> ExpiringMap<K, V> {
    /// An empty map for at most `max` entries.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            max,
            entries: HashMap::new(),
        }
    }

    /// The value of a key, if `now` is within its span.
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, now: Duration) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries
            .get(key)
            .filter(|(_, span)| span.contains(&now))
            .map(|(value, _)| value)
    }

    /// Stores a value for a span of time since the Unix epoch.
    pub(crate) fn put(&mut self, key: K, value: V, span: Range<Duration>, now: Duration) {
        if self.entries.len() >= self.max && !self.entries.contains_key(&key) {
            self.entries.retain(|_, (_, span)| span.contains(&now));
            if self.entries.len() >= self.max {
                let first = self
                    .entries
                    .iter()
                    .min_by_key(|(_, (_, span))| span.end)
                    .map(|(key, _)| key.clone());
                if let Some(first) = first {
                    self.entries.remove(&first);
                }
            }
        }
        self.entries.insert(key, (value, span));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_entry_is_valid_for_its_span() {
        let mut map = ExpiringMap::new(2);
        map.put("a", 1, at(10)..at(20), at(10));
        let seen = [9, 10, 19, 20].map(|now| map.get("a", at(now)).copied());
        assert_eq!(seen, [None, Some(1), Some(1), None]);
    }

    #[test]
    fn a_full_map_removes_the_entry_that_expires_first() {
        let mut map = ExpiringMap::new(2);
        map.put("short", 1, at(0)..at(5), at(0));
        map.put("long", 2, at(0)..at(50), at(0));
        map.put("long", 3, at(0)..at(50), at(0));
        map.put("new", 4, at(0)..at(9), at(1));
        assert_eq!(
            ["short", "long", "new"].map(|key| map.get(key, at(1)).copied()),
            [None, Some(3), Some(4)]
        );
        map.put("newer", 5, at(0)..at(60), at(10));
        assert_eq!(
            ["long", "new", "newer"].map(|key| map.get(key, at(10)).copied()),
            [Some(3), None, Some(5)]
        );
    }
}
