//! The harness of the end-to-end suite: the release binaries under AWS's Runtime Interface
//! Emulator, moto as Secrets Manager and DynamoDB, an identity provider and the voice providers
//! played on loopback. The cases themselves are in `cases/`.
//!
//! The tools come by environment (`VOICEMINT_RIE`, `VOICEMINT_MOTO`, `VOICEMINT_BIN_DIR`); `make
//! e2e` sets them.

#![allow(
    clippy::disallowed_methods,
    reason = "the suite has a real clock and a real environment"
)]

mod answer;
mod answer_form;
mod event;
mod function;
mod gate;
mod http;
mod issuer;
mod keys;
pub mod leaks;
mod limit_table;
mod moto;
mod ports;
mod process;
mod product;
mod server;
mod service;
mod source;
mod tls;
mod world;

pub use answer::Answer;
pub use event::{Event, ORIGIN};
pub use function::{Builder, Function};
pub use gate::Gate;
pub use issuer::{AUDIENCE, Issuer, Outage};
pub use keys::{Jwt, hmac_jwt, now, with, without};
pub use limit_table::{LimitTable, Mood};
pub use moto::Moto;
pub use ports::ClosedPort;
pub use product::{Product, with_cookies};
pub use server::{Reply, Request, Server};
pub use service::FaultyService;
pub use source::EventSource;
pub use tls::Tls;
pub use world::{ENDPOINT_OF_SECRETS, PROVIDERS, SESSION_COOKIE, World};

use std::path::PathBuf;

/// Where a tool is, from the variable that names it.
fn tool(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) if !path.is_empty() => path.into(),
        _ => panic!(
            "{variable} is not set: run the end-to-end suite with `make e2e`, which sets up its tools."
        ),
    }
}
