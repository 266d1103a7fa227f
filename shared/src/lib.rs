//! The broker: everything that all voice-AI providers have in common.
//!
//! [`lambda::run`] runs the broker of one provider as an AWS Lambda function. A provider implements
//! [`provider::Provider`]: its wire contract, as plain data and pure functions. This is a whole
//! provider with its function:
//!
//! ```no_run
//! use bytes::Bytes;
//! use http::{Request, Response};
//! use voicemint::problem::Problem;
//! use voicemint::provider::{
//!     BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
//!     Provider, Socket, TokenDetails, TokenRequest, TokenResponse,
//! };
//! use voicemint::settings::Reader;
//!
//! struct Acme { base_url: BaseUrl, lifetimes: Lifetimes }
//!
//! impl Provider for Acme {
//!     const NAME: &'static str = "acme";
//!     type Options = ();
//!     type Profile = NoProfile;
//!
//!     fn from_settings(reader: &mut Reader) -> Self {
//!         let base_url = reader.base_url("PROVIDER_BASE_URL", "https://api.acme.example");
//!         Self { base_url, lifetimes: Lifetimes::from_settings(reader, 1..=3600) }
//!     }
//!
//!     fn base_url(&self) -> &BaseUrl {
//!         &self.base_url
//!     }
//!
//!     fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
//!         let expires_in = self.lifetimes.take(&mut fields, ["expires_in"]);
//!         fields.finish()?;
//!         Ok(TokenRequest::new(expires_in).with_grants(["tts"]))
//!     }
//!
//!     fn mint(&self, context: &MintContext<'_>) -> Result<Mint, MintError> {
//!         let seconds = context.request().expires_in();
//!         let request = Request::post(format!("{}/tokens?seconds={seconds}", self.base_url.as_str()))
//!             .header("authorization", context.key()?.header("Bearer ")?)
//!             .body(Bytes::new())?;
//!         Ok(request.into())
//!     }
//!
//!     fn parse_token(
//!         &self,
//!         _context: &MintContext<'_>,
//!         response: &Response<Bytes>,
//!     ) -> Result<MintedToken, &'static str> {
//!         TokenResponse::parse(response.body())?.token("token").map(MintedToken::new)
//!     }
//!
//!     fn details(
//!         &self,
//!         _request: &TokenRequest,
//!         token: &IssuedToken,
//!         _profile: Option<&NoProfile>,
//!     ) -> TokenDetails<'_> {
//!         let socket = Socket::new("tts", &self.base_url, "/speak")
//!             .with_query("access_token", token.token.expose());
//!         TokenDetails::new(&self.base_url).with_socket(socket)
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

#![warn(unreachable_pub)]

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
