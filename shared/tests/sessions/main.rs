//! What people meet in the field: key sets, cookies and settings as identity products have them,
//! and what the log says of those that do not fit.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod both_keys;
mod cookies;
mod documents;
mod key_sets;
mod kinds;
mod parties;
#[path = "../signers/mod.rs"]
mod signers;
mod spoilt_secrets;
mod subjects;
mod world;
