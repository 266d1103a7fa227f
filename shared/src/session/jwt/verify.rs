//! The signature layer by itself: a compact token and a key set in, the bytes that were signed out
//! (RFC 7515 section 5.2).
//!
//! This is the very check that sessions go through, before anything is asked about claims. It
//! stands here so that published test vectors can be run on it; `cargo run --example
//! verify_signature` does so from a shell.

use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::jwk_set::{JwkSet, KeyLookupError};
use crate::session::jwt::unverified::UnverifiedToken;

/// Verifies a token with a key set (RFC 7517) and gives its payload.
///
/// The key set decides which algorithms there can be: one of public keys never verifies an HMAC,
/// and one with a symmetric key (`oct`) verifies nothing else and must have no other keys beside.
///
/// # Errors
/// A clause that says why the token, or the key set, is refused.
pub fn verify(
    token: &str,
    key_set: &[u8],
    algorithms: &[Algorithm],
) -> Result<Vec<u8>, &'static str> {
    let token = UnverifiedToken::parse(token)?;
    let keys = JwkSet::parse_shared(key_set).or_else(|_| JwkSet::parse(key_set))?;
    if !algorithms.contains(&token.algorithm) {
        return Err("the algorithm is not among the permitted ones");
    }
    let signed = keys.verifies(&token).map_err(|no_key| match no_key {
        KeyLookupError::UnknownId => "the key set has no usable key of the token's key id",
        KeyLookupError::WrongAlgorithm => "the key is not made for the token's algorithm",
    })?;
    if !signed {
        return Err("the signature is not the key's");
    }
    Ok(token.into_payload())
}
