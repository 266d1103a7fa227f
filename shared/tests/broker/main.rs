//! Tests of the broker through its public items, against servers on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

mod limit;
mod properties;
mod providers;
mod remote_jwk_set;
mod rfc8725;
mod secret;
mod sessions;
mod signature;
mod support;
mod transport;
mod unusual_provider;
mod vectors;
mod verifier;
mod wycheproof;
