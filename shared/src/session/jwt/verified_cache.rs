//! The tokens whose signature a key set has already verified: callers send the same token many
//! times.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{self, SHA256_OUTPUT_LEN};

use crate::session::jwt::unverified::UnverifiedToken;

/// The maximum number of cached tokens.
const MAX: usize = 512;

/// The SHA-256 of a token, including its signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; SHA256_OUTPUT_LEN]);

impl TokenHash {
    /// Hashes a token.
    pub(crate) fn new(token: &UnverifiedToken) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [token.signed, ".", token.signature] {
            context.update(part.as_bytes());
        }
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

/// Tokens with valid signatures. The cache belongs to one key set and is dropped with it, so that a
/// token is not accepted for longer than the key that signed it. Only the verification of the
/// signature is cached: the claims are checked each time.
#[derive(Default)]
pub(crate) struct VerifiedCache(Mutex<HashSet<TokenHash>>);

impl VerifiedCache {
    /// Whether a token has been verified.
    pub(crate) fn contains(&self, token: &TokenHash) -> bool {
        self.lock().contains(token)
    }

    /// Adds a token that has been verified.
    pub(crate) fn insert(&self, token: TokenHash) {
        let mut tokens = self.lock();
        // Clearing costs one verification for each token, which is cheaper than tracking their use.
        if tokens.len() >= MAX {
            tokens.clear();
        }
        tokens.insert(token);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<TokenHash>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_includes_the_signature() {
        let hash = |text| TokenHash::new(&UnverifiedToken::parse(text).unwrap());
        let header = "eyJhbGciOiJSUzI1NiJ9";
        let tokens = [
            format!("{header}.e30.AAAA"),
            format!("{header}.e30.AAAB"),
            format!("{header}.e31A.AAAA"),
        ];
        let hashes: HashSet<_> = tokens.iter().map(|text| hash(text)).collect();
        assert_eq!(hashes.len(), 3);
        assert!(hashes.contains(&hash(&tokens[0])));
    }

    #[test]
    fn never_contains_more_than_the_maximum() {
        let verified = VerifiedCache::default();
        for number in 0..2 * MAX {
            let token = TokenHash(std::array::from_fn(|place| {
                (number >> (8 * (place % 2))) as u8
            }));
            verified.insert(token);
            assert!(verified.contains(&token) && verified.lock().len() <= MAX);
        }
    }
}
