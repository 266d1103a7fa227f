//! Secrets: loaded from a store, cached, and loaded again when the provider rejects a key.
//!
//! While the store is unavailable, the cached version is used: a key that works is better than
//! none. A secret that was deleted, forbidden or overwritten must stop working, so the store's
//! answer that says so ends the use of the cached version within a minute.

pub(crate) mod api_key;
mod cache;
mod field;
pub(crate) mod format;
pub(crate) mod role;
mod store;

pub use cache::SecretCache;
pub use field::SecretField;
pub use store::{LoadFuture, SecretStore, SecretValue, StoreError};
