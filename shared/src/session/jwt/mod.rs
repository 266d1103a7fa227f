//! Sessions that are signed tokens (RFC 7519): taken apart, verified with a key of their issuer, and
//! only then believed.

pub mod algorithm;
pub mod download;
pub mod issuer;
mod jwk;
pub mod jwk_set;
pub mod remote_jwk_set;
pub mod signature;
pub mod unverified;
pub mod verified_cache;
pub mod verify;
