//! The broker: everything that all voice-AI providers have in common.
//!
//! [`lambda::run`] runs the broker of one provider as an AWS Lambda function. A provider implements
//! [`provider::Provider`]: its wire contract, as plain data and pure functions. This is a whole
//! provider with its function:
//!
//! ```no_run
//! use bytes::Bytes;
//! use http::Request;
//! use voicemint::problem::Problem;
//! use voicemint::provider::request::{Fields, TokenRequest};
//! use voicemint::provider::token::{MintedToken, TokenResponse};
//! use voicemint::provider::{ApiKey, Lifetimes, Provider};
//! use voicemint::settings::Reader;
//!
//! struct Acme { base_url: String, lifetimes: Lifetimes }
//!
//! impl Provider for Acme {
//!     const NAME: &'static str = "acme";
//!     const COOKIE: &'static str = "__Host-acme-token";
//!     const SINGLE_USE: bool = false;
//!
//!     fn from_settings(reader: &mut Reader) -> Self {
//!         let base_url = reader.base_url("PROVIDER_BASE_URL", "https://api.acme.example");
//!         Self { base_url, lifetimes: Lifetimes::from_settings(reader, 3600) }
//!     }
//!
//!     fn base_url(&self) -> &str {
//!         &self.base_url
//!     }
//!
//!     fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
//!         let expires_in = fields.whole_number("expires_in", 1..=self.lifetimes.max);
//!         fields.finish()?;
//!         let expires_in = expires_in.unwrap_or(self.lifetimes.default);
//!         Ok(TokenRequest { grants: vec!["tts"], expires_in, max_session_duration: None })
//!     }
//!
//!     fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>> {
//!         Request::post(format!("{}/tokens?seconds={}", self.base_url, request.expires_in))
//!             .header("authorization", key.header("Bearer ")?)
//!             .body(Bytes::new())
//!     }
//!
//!     fn parse_token(&self, request: &TokenRequest, body: &[u8]) -> Result<MintedToken, &'static str> {
//!         let token = TokenResponse::parse(body)?.token("token")?;
//!         Ok(MintedToken { token, expires_in: request.expires_in })
//!     }
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> std::process::ExitCode {
//!     voicemint::lambda::run::<Acme>().await
//! }
//! ```
//!
//! To read the code, begin with `broker`, which handles a request from top to bottom. Only `lambda`
//! knows AWS Lambda, only `aws` knows the AWS services, and only `transport` knows the network.

mod aws;
mod broker;
mod clock;
mod cookie;
mod endpoint;
mod expiring_map;
pub mod internals;
mod json;
pub mod lambda;
mod limit;
mod log;
mod origin_pattern;
pub mod problem;
pub mod provider;
mod secret;
mod session;
pub mod settings;
mod transport;
