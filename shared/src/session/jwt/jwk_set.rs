//! An issuer's key set (RFC 7517 section 5). Keys that cannot be used are left out and do not
//! invalidate the rest.

use serde_json::Value;
use thiserror::Error;

use crate::json::{self, Members};
use crate::session::jwt::jwk;
use crate::session::jwt::signature::VerifyingKey;
use crate::session::jwt::unverified::UnverifiedToken;
use crate::session::jwt::verified_cache::{TokenHash, VerifiedCache};
use crate::session::reason::Reason;

/// The maximum size of a key set, in bytes.
pub(crate) const MAX_BYTES: usize = 150_000;
/// The maximum number of keys in a set.
const MAX_KEYS: usize = 100;
/// The maximum number of keys that are tried for one token: it bounds what a forged token costs.
const MAX_TRIED: usize = 10;

/// The keys of an issuer that can verify signatures.
pub struct JwkSet {
    keys: Vec<(Option<String>, VerifyingKey)>,
    /// The ids of keys that cannot verify signatures, for the log.
    unusable: Vec<Option<String>>,
    verified: VerifiedCache,
}

/// Why a key set has no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyLookupError {
    /// The issuer may have added the key since the set was fetched.
    #[error("the key set has no key with the token's key id")]
    UnknownId,
    /// The set has the key id, but not for this algorithm.
    #[error("no key with the token's key id fits the token's algorithm")]
    WrongAlgorithm,
}

impl JwkSet {
    /// Parses a key set that an issuer publishes.
    ///
    /// # Errors
    /// A [`Reason`] where it is not a key set.
    pub fn parse(text: &[u8]) -> Result<Self, Reason> {
        Self::parse_with(text, jwk::public_key)
    }

    /// Parses a set of symmetric keys, each of at least 32 bytes. `None` where it contains any
    /// other key. A set that an issuer publishes is never parsed in this way.
    pub fn parse_shared(text: &[u8]) -> Option<Self> {
        let mut symmetric = true;
        let set = Self::parse_with(text, |jwk| {
            symmetric &= jwk.get("kty").is_some_and(|kind| kind == "oct");
            jwk::shared_key(jwk)
        });
        set.ok().filter(|set| symmetric && !set.keys.is_empty())
    }

    fn parse_with(
        text: &[u8],
        mut parse_key: impl FnMut(&Members) -> Option<VerifyingKey>,
    ) -> Result<Self, Reason> {
        let set = json::strict_object(text).map_err(|_| Reason::KeySetNotObject {
            kind: json::kind(text),
        })?;
        let Some(Value::Array(keys)) = set.get("keys") else {
            return Err(Reason::KeySetWithoutKeys);
        };
        if keys.len() > MAX_KEYS {
            return Err(Reason::KeySetTooLarge);
        }
        let mut usable: Vec<(Option<String>, VerifyingKey)> = Vec::new();
        let mut unusable = Vec::new();
        for jwk in keys {
            let id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
            match jwk.as_object().and_then(&mut parse_key) {
                // Some identity providers list a key twice, or once for each of its algorithms.
                Some(key)
                    if usable
                        .iter()
                        .any(|(known, other)| *known == id && other.is_same(&key)) => {}
                Some(key) => usable.push((id, key)),
                None => unusable.push(id),
            }
        }
        Ok(Self {
            keys: usable,
            unusable,
            verified: VerifiedCache::default(),
        })
    }

    /// Whether a token is signed with a key of this set that has the token's key id.
    ///
    /// A token without a key id is tried with every key that fits its algorithm: an issuer without
    /// key ids has several keys while it rotates them (RFC 7515 appendix D). Several keys may share
    /// one id, such as an encryption key and a signing key, or one key per type (RFC 7517 section
    /// 4.5): each that fits is tried.
    ///
    /// # Errors
    /// See [`KeyLookupError`].
    pub fn verifies(&self, token: &UnverifiedToken) -> Result<bool, KeyLookupError> {
        let hash = TokenHash::new(token);
        if self.verified.contains(&hash) {
            return Ok(true);
        }
        let verified = self.try_keys(token)?;
        if verified {
            self.verified.insert(hash);
        }
        Ok(verified)
    }

    fn try_keys(&self, token: &UnverifiedToken) -> Result<bool, KeyLookupError> {
        let fitting = self
            .candidates(token)
            .filter(|key| key.fits(token.algorithm))
            .take(MAX_TRIED);
        let mut tried = 0;
        for key in fitting {
            if key.verifies(token) {
                return Ok(true);
            }
            tried += 1;
        }
        if tried > 0 || token.key_id.is_none() {
            return Ok(false);
        }
        if self.candidates(token).next().is_none() {
            Err(KeyLookupError::UnknownId)
        } else {
            Err(KeyLookupError::WrongAlgorithm)
        }
    }

    /// The keys with the token's key id, or all keys where the token has none.
    fn candidates<'a>(
        &'a self,
        token: &'a UnverifiedToken,
    ) -> impl Iterator<Item = &'a VerifyingKey> {
        let wanted = token.key_id.as_ref();
        self.keys
            .iter()
            .filter(move |(id, _)| wanted.is_none_or(|wanted| id.as_ref() == Some(wanted)))
            .map(|(_, key)| key)
    }

    /// Whether a key with the token's key id fits its algorithm.
    pub fn has_fitting(&self, token: &UnverifiedToken) -> bool {
        self.candidates(token).any(|key| key.fits(token.algorithm))
    }

    /// The reason for a failed lookup, with what the set contains instead.
    pub fn reason(&self, error: KeyLookupError, token: &UnverifiedToken) -> Reason {
        let algorithm = token.algorithm.name();
        if self.keys.is_empty() {
            return match self.unusable.len() {
                0 => Reason::KeySetEmpty,
                count => Reason::KeySetUnusable { count },
            };
        }
        match error {
            KeyLookupError::WrongAlgorithm => {
                let known = descriptions(self.candidates(token));
                if token.key_id.is_none() {
                    Reason::NoKeyForAlgorithm { algorithm, known }
                } else {
                    Reason::KeyIdForOtherAlgorithm { algorithm, known }
                }
            }
            KeyLookupError::UnknownId if self.unusable.contains(&token.key_id) => {
                Reason::KeyIdUnusable
            }
            KeyLookupError::UnknownId => {
                let known = descriptions(self.keys.iter().map(|(_, key)| key));
                if self.keys.iter().any(|(id, _)| id.is_some()) {
                    Reason::KeyIdUnknown { known }
                } else {
                    Reason::KeysWithoutIds { known }
                }
            }
        }
    }
}

/// The descriptions of keys, each once.
fn descriptions<'a>(keys: impl Iterator<Item = &'a VerifyingKey>) -> String {
    let mut known: Vec<String> = Vec::new();
    for description in keys.map(VerifyingKey::description) {
        if !known.contains(&description) {
            known.push(description);
        }
    }
    known.join(", ")
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn encode(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn rsa(bytes: usize) -> Value {
        json!({"kty": "RSA", "kid": "k", "n": encode(&vec![0xff; bytes]), "e": "AQAB"})
    }

    fn with(mut key: Value, name: &str, value: Value) -> Value {
        key[name] = value;
        key
    }

    fn usable(keys: Value) -> usize {
        JwkSet::parse(json!({"keys": keys}).to_string().as_bytes())
            .ok()
            .unwrap()
            .keys
            .len()
    }

    #[test]
    fn keys_that_are_weak_or_not_for_signatures_are_left_out() {
        assert_eq!(usable(json!([rsa(256)])), 1);
        assert_eq!(
            usable(json!([
                rsa(512),
                with(rsa(256), "e", encode(&[0xff; 4]).into())
            ])),
            2
        );
        let ec = json!({"kty": "EC", "crv": "P-256", "x": encode(&[1; 32]), "y": encode(&[2; 32])});
        assert_eq!(usable(json!([ec])), 1);
        let padded = |bytes: &[u8]| encode(&[&[0, 0], bytes].concat());
        let long = with(rsa(512), "n", padded(&[0xff; 512]).into());
        let long = with(
            long,
            "e",
            encode(&[&[0; 5], &[1, 0, 1][..]].concat()).into(),
        );
        assert_eq!(
            usable(json!([long.clone()])),
            1,
            "leading zeros do not change a number"
        );
        assert_eq!(usable(json!([rsa(512), long])), 1, "nor the key");
        for key in [
            rsa(255),
            rsa(513),
            with(rsa(256), "e", encode(&[1, 0, 0, 0, 1]).into()),
            with(
                rsa(256),
                "n",
                encode(&[&[0; 8], &[0xff; 255][..]].concat()).into(),
            ),
            with(rsa(256), "e", "AQ".into()),
            with(rsa(256), "e", "AQAA".into()),
            with(rsa(256), "e", "".into()),
            with(rsa(256), "use", "enc".into()),
            with(rsa(256), "use", Value::Null),
            with(rsa(256), "key_ops", json!(["encrypt"])),
            with(rsa(256), "key_ops", "verify".into()),
            with(rsa(256), "alg", "RSA-OAEP".into()),
            with(rsa(256), "alg", "ES256".into()),
            with(rsa(256), "alg", "HS256".into()),
            with(rsa(256), "n", 7.into()),
            with(ec.clone(), "x", encode(&[1; 31]).into()),
            with(ec.clone(), "crv", "secp256k1".into()),
            with(ec, "alg", "ES384".into()),
            json!({"kty": "oct", "kid": "k", "k": encode(&[7; 32])}),
            json!({"kty": "OKP", "crv": "X25519", "x": encode(&[7; 32])}),
            json!({}),
            json!("key"),
        ] {
            assert_eq!(usable(json!([key])), 0, "{key}");
        }
    }

    #[test]
    fn an_invalid_key_does_not_invalidate_the_rest_and_an_equal_key_counts_once() {
        assert_eq!(usable(json!([7, {"kty": "new"}, rsa(256)])), 1);
        assert_eq!(usable(json!([rsa(256), rsa(384)])), 2);
        assert_eq!(
            usable(json!([rsa(256), with(rsa(384), "kid", "other".into())])),
            2
        );
        assert_eq!(usable(json!([rsa(256), rsa(256)])), 1);
        assert_eq!(
            usable(json!([rsa(256), with(rsa(256), "x5t", "abc".into())])),
            1
        );
        assert_eq!(
            usable(json!([
                with(rsa(256), "alg", "RS256".into()),
                with(rsa(256), "alg", "PS256".into())
            ])),
            2
        );
        assert_eq!(
            usable(json!([rsa(256), with(rsa(256), "kid", "other".into())])),
            2
        );
    }

    #[test]
    fn anything_but_a_key_set_is_an_error() {
        let many = json!({"keys": vec![json!({}); 101]}).to_string();
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":[],"keys":[]}"#,
            &many,
        ] {
            assert!(JwkSet::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
