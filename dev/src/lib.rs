//! `make dev`: the whole product on one machine, without an AWS account and without keys.
//!
//! The broker is the very one that is deployed. Around it, [`identity`] signs people in, [`keys`]
//! plays Secrets Manager and [`standins`] play the providers. Deployed functions, run by `sam
//! local` or `cargo lambda`, use them too.

mod answered;
pub mod app;
pub mod arguments;
pub mod banner;
mod endpoint;
mod hosts;
pub mod identity;
pub mod keys;
mod not_found;
mod origins;
mod page;
pub mod ports;
mod secrets_manager;
pub mod serve;
pub mod settings;
mod sign_in;
pub mod standins;
mod terminal;
pub mod tls;
