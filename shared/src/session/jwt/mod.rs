//! Sessions that are signed tokens (RFC 7519): a token is parsed, and its signature is verified
//! with a key of its issuer before its claims are used.

pub(crate) mod algorithm;
pub(crate) mod download;
mod jwk;
pub(crate) mod jwk_set;
pub(crate) mod remote_jwk_set;
pub(crate) mod signature;
pub(crate) mod trusted_issuer;
pub(crate) mod unverified;
pub(crate) mod verified_cache;
pub(crate) mod verify;
