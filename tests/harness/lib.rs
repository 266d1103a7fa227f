//! The harness of the end-to-end suite: the release binaries under AWS's Runtime Interface
//! Emulator, moto as Secrets Manager and DynamoDB, and an identity provider and the voice providers
//! as stand-ins on loopback. The cases are in `cases/`.
//!
//! The environment variables `VOICEMINT_RIE`, `VOICEMINT_MOTO` and `VOICEMINT_BIN_DIR` name the
//! tools; `make e2e` sets them.

#![allow(
    clippy::disallowed_methods,
    reason = "the suite has a real clock and a real environment"
)]

mod event;
mod function;
mod http;
mod idp;
mod issuer;
mod keys;
pub mod leaks;
mod limit_table;
mod moto;
mod ports;
mod process;
mod provider;
mod response;
mod response_format;
mod scripted_server;
mod server;
mod source;
mod tcp_proxy;
mod test_env;
mod tls;
mod tools;

pub use event::{Event, ORIGIN};
pub use function::{Function, FunctionBuilder};
pub use idp::{IdpServer, with_cookies};
pub use issuer::{AUDIENCE, DocumentFault, Issuer};
pub use keys::{Jwt, hmac_jwt, now, with_claim, without_claim};
pub use limit_table::{Fault, LimitTable};
pub use moto::Moto;
pub use ports::ClosedPort;
pub use provider::{
    PROVIDERS, called_providers, mint_line, mint_response, minted_token, response_members,
    smallest_request,
};
pub use response::Response;
pub use scripted_server::ScriptedServer;
pub use server::{Reply, Request, Server};
pub use source::EventSource;
pub use tcp_proxy::TcpProxy;
pub use test_env::{SECRETS_MANAGER_ENDPOINT, SESSION_COOKIE, TestEnv};
pub use tls::Tls;
