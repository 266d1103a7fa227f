//! Tables that observe calls, or that fail in one way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use voicemint::internals::{Item, Memory, Table, Update, UpdateFuture};

type Interference = Box<dyn Fn(&Memory) + Send>;

/// A table that counts its calls, lets other requests in before the second call, or fails.
pub struct ObservedTable {
    pub inner: Memory,
    pub calls: AtomicUsize,
    pub expiries: Mutex<Vec<Duration>>,
    pub error: Mutex<Option<&'static str>>,
    /// Runs once, before the second call.
    pub before_second_call: Mutex<Option<Interference>>,
}

impl ObservedTable {
    pub fn new() -> Arc<Self> {
        let (inner, calls) = (Memory::new(64), AtomicUsize::new(0));
        let (expiries, error, before_second_call) =
            (Mutex::default(), Mutex::default(), Mutex::default());
        Arc::new(Self {
            inner,
            calls,
            expiries,
            error,
            before_second_call,
        })
    }

    /// The calls since the last call of this method.
    pub fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::SeqCst)
    }
}

impl Table for ObservedTable {
    fn update<'a>(&'a self, table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a> {
        let before = self.calls.fetch_add(1, Ordering::SeqCst);
        self.expiries.lock().unwrap().push(update.expires_at);
        if let Some(reason) = *self.error.lock().unwrap() {
            return Box::pin(std::future::ready(Err(reason.to_owned())));
        }
        let interference = if before == 1 {
            self.before_second_call.lock().unwrap().take()
        } else {
            None
        };
        interference.inspect(|interfere| interfere(&self.inner));
        self.inner.update(table, key, update)
    }
}

/// Returns items that do not exist any more at the next call.
pub struct VanishingTable(pub Mutex<Vec<Option<Item>>>, pub Arc<ObservedTable>);

impl Table for VanishingTable {
    fn update<'a>(&'a self, table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a> {
        match self.0.lock().unwrap().pop() {
            Some(item) => Box::pin(std::future::ready(Ok(item))),
            None => self.1.update(table, key, update),
        }
    }
}

/// Makes each update twice, as when a call is repeated because its first response was lost.
pub struct RepeatingTable(pub Memory);

impl Table for RepeatingTable {
    fn update<'a>(&'a self, table: &'a str, key: &'a str, update: &'a Update) -> UpdateFuture<'a> {
        Box::pin(async move {
            self.0.update(table, key, update).await?;
            self.0.update(table, key, update).await
        })
    }
}

/// Never responds.
pub struct HangingTable;

impl Table for HangingTable {
    fn update<'a>(&'a self, _: &'a str, _: &'a str, _: &'a Update) -> UpdateFuture<'a> {
        Box::pin(std::future::pending())
    }
}
