//! `make dev`: the whole product on one machine, without an AWS account and without API keys.
//!
//! The broker is the one that is deployed. Around it, [`identity`] signs users in, an in-memory
//! secret store replaces Secrets Manager and [stand-ins](providers::standins) replace the providers.
//! Functions that `sam local` or `cargo lambda` runs can use them too.

pub mod app;
pub mod cli;
mod endpoint;
mod host_guard;
pub mod identity;
mod not_found;
mod origins;
mod page;
pub mod ports;
pub mod profiles;
pub mod providers;
mod secret_store;
mod secrets_manager;
pub mod serve;
pub mod settings_check;
mod sign_in;
mod terminal;
pub mod tls;
