//! Sessions that are signed tokens (RFC 7519): a token is parsed, and its signature is verified
//! with a key of its issuer before its claims are used.

pub mod algorithm;
pub mod download;
mod jwk;
pub mod jwk_set;
pub mod remote_jwk_set;
pub mod signature;
pub mod trusted_issuer;
pub mod unverified;
pub mod verified_cache;
pub mod verify;
