//! What several tests share: a clock, servers on loopback, secret stores, signers and verifiers.

pub mod clock;
pub mod secret_store;
pub mod server;
pub mod signers;
pub mod verifier;
