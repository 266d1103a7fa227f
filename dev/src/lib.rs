//! `make dev`: the whole product on one machine, without an AWS account and without keys.
//!
//! The broker is the very one that is deployed. Around it, [`identity`] signs people in, [`secret_store`]
//! plays Secrets Manager and [`standins`] play the providers. Deployed functions, run by `sam
//! local` or `cargo lambda`, use them too.

pub mod app;
mod base_url_override;
pub mod cli;
mod endpoint;
mod host_guard;
pub mod identity;
mod not_found;
mod origins;
mod page;
pub mod ports;
pub mod secret_store;
mod secrets_manager;
pub mod serve;
pub mod settings_check;
mod sign_in;
pub mod standins;
mod terminal;
pub mod tls;
