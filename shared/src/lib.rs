//! Voicemint's broker: everything that is the same for every voice-AI provider.
//!
//! Start reading at [`broker`], which takes one request from top to bottom. A provider is a
//! [`provider::Provider`]; the functions of `functions/` are one each. [`lambda`] is the only room
//! that knows AWS Lambda, [`aws`] the only one that knows AWS's services, [`transport`] the only
//! one that knows the network.

pub mod aws;
pub mod broker;
pub mod clock;
pub mod cookie;
pub mod endpoint;
pub mod expiring_map;
pub mod json;
pub mod lambda;
pub mod limit;
pub mod log;
pub mod origin_pattern;
pub mod problem;
pub mod provider;
pub mod secret;
pub mod session;
pub mod settings;
pub mod transport;
