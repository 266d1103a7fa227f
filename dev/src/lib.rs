//! `make dev`: the whole product on one machine, without an AWS account and without keys.
//!
//! The broker is the very one that is deployed. Around it, [`identity`] signs people in, [`keys`] plays Secrets Manager and
//! [`standins`] play the providers.

pub mod app;
pub mod arguments;
pub mod banner;
pub mod identity;
pub mod keys;
mod page;
pub mod settings;
mod sign_in;
pub mod standins;
pub mod tls;
