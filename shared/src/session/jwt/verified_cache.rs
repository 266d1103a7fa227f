//! Which tokens a set of keys has verified: a session's token comes many times, and its signature
//! is no other the next time.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{self, SHA256_OUTPUT_LEN};

use crate::session::jwt::unverified::UnverifiedToken;

/// How many tokens are remembered.
const MAX: usize = 512;

/// A token's SHA-256, its signature included.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; SHA256_OUTPUT_LEN]);

impl TokenHash {
    /// The hash of a token.
    pub fn new(token: &UnverifiedToken) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [token.signed, ".", token.signature] {
            context.update(part.as_bytes());
        }
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(context.finish().as_ref());
        Self(hash)
    }
}

/// Tokens with good signatures. Belongs to one set of keys and goes with it, so that what a removed
/// key signed is believed for no longer than the key is. Of a token, nothing but the signature is
/// remembered: its claims are judged each time.
#[derive(Default)]
pub struct VerifiedCache(Mutex<HashSet<TokenHash>>);

impl VerifiedCache {
    /// Whether a token was verified before.
    pub fn contains(&self, token: &TokenHash) -> bool {
        self.lock().contains(token)
    }

    /// Remembers that a token was verified.
    pub fn insert(&self, token: TokenHash) {
        let mut tokens = self.lock();
        // Forgetting all costs each of them one verification: less than to keep note of who came
        // when.
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
    fn a_hash_is_of_the_signature_too() {
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
    fn never_holds_more_than_it_may() {
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
