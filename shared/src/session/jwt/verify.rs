//! The signature check alone: verifies a compact token with a key set and returns the signed bytes
//! (RFC 7515 section 5.2).
//!
//! Sessions go through the same check before their claims are read. It is public so that published
//! test vectors can run on it; `cargo run --example verify_signature` runs it from a shell.

use thiserror::Error;

use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::jwk_set::{JwkSet, KeyLookupError};
use crate::session::jwt::unverified::UnverifiedToken;
use crate::session::reason::Reason;

/// Why a token is not verified.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// The token or the key set cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Reason),
    /// The token's algorithm is not permitted.
    #[error("the algorithm is not one of the permitted algorithms")]
    AlgorithmNotPermitted,
    /// The key set has no key for the token.
    #[error(transparent)]
    KeyLookup(#[from] KeyLookupError),
    /// The signature does not match the key.
    #[error("the signature does not match the key")]
    SignatureMismatch,
}

/// Verifies a token with a key set (RFC 7517) and returns its payload.
///
/// The key set decides which algorithms are possible: a set of public keys never verifies an HMAC,
/// and a set with a symmetric key (`oct`) verifies nothing else and must not contain other keys.
///
/// # Errors
/// See [`VerifyError`].
pub fn verify(
    token: &str,
    key_set: &[u8],
    algorithms: &[Algorithm],
) -> Result<Vec<u8>, VerifyError> {
    let token = UnverifiedToken::parse(token)?;
    let keys = match JwkSet::parse_shared(key_set) {
        Some(keys) => keys,
        None => JwkSet::parse(key_set)?,
    };
    if !algorithms.contains(&token.algorithm) {
        return Err(VerifyError::AlgorithmNotPermitted);
    }
    if !keys.verifies(&token)? {
        return Err(VerifyError::SignatureMismatch);
    }
    Ok(token.into_payload())
}
