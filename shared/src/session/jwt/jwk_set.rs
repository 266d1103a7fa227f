//! A key set (RFC 7517), read key by key: one that is odd is left out and does not spoil the rest.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::json::{self, Members};
use crate::session::jwt::algorithm::{Algorithm, Family, MIN_SECRET_BYTES};
use crate::session::jwt::signature::VerifyingKey;
use crate::session::jwt::unverified::UnverifiedToken;
use crate::session::jwt::verified_cache::{TokenHash, VerifiedCache};

/// The longest key set that is read, in bytes.
pub const MAX_BYTES: usize = 150_000;
/// The most keys that a set may have.
const MAX_KEYS: usize = 100;
/// The most keys that are tried for a token: what a stranger's token may cost.
const MAX_TRIED: usize = 10;

/// The keys of an issuer that can verify signatures.
pub struct JwkSet {
    keys: Vec<(Option<String>, VerifyingKey)>,
    /// The ids of keys that cannot verify, for the log.
    unusable: Vec<Option<String>>,
    verified: VerifiedCache,
}

/// Why a key set gives no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub enum KeyLookupError {
    /// The set does not have the key id: the issuer may have new keys.
    UnknownId,
    /// No key of that id is made for the token's algorithm.
    WrongAlgorithm,
}

impl JwkSet {
    /// Reads a key set.
    ///
    /// # Errors
    /// A clause for the log, where it is no key set at all.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        Self::read(text, public_key)
    }

    /// Reads a set of symmetric keys, each of at least 32 bytes. What issuers publish is never read
    /// like this.
    ///
    /// # Errors
    /// A clause for the log, also where there is any other key in it.
    pub fn parse_shared(text: &[u8]) -> Result<Self, &'static str> {
        let mut symmetric = true;
        let set = Self::read(text, |jwk| {
            symmetric &= jwk.get("kty").is_some_and(|kind| kind == "oct");
            shared_key(jwk)
        })?;
        if symmetric && !set.keys.is_empty() {
            Ok(set)
        } else {
            Err("the key set is not one of symmetric keys")
        }
    }

    fn read(
        text: &[u8],
        mut key: impl FnMut(&Members) -> Option<VerifyingKey>,
    ) -> Result<Self, &'static str> {
        let set =
            json::strict_object(text).map_err(|_| "the key set is not a plain JSON object")?;
        let Some(Value::Array(keys)) = set.get("keys") else {
            return Err("the key set has no keys");
        };
        if keys.len() > MAX_KEYS {
            return Err("the key set has more than 100 keys");
        }
        let mut usable: Vec<(Option<String>, VerifyingKey)> = Vec::new();
        let mut unusable = Vec::new();
        for jwk in keys {
            let id = jwk.get("kid").and_then(Value::as_str).map(str::to_owned);
            match jwk.as_object().and_then(&mut key) {
                // Identity providers list a key twice at times, or once for each of its algorithms.
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

    /// Whether a token is signed with a key that has the id that it names; if it names none, with
    /// any that fits: an issuer without key ids has several of them while it rotates (RFC 7515
    /// appendix D). Several keys may have one id, as for an encryption key next to a signing key,
    /// or one key for each type (RFC 7517 section 4.5): each that fits is tried.
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
            .of_id(token)
            .filter(|key| key.fits(token.algorithm))
            .take(MAX_TRIED);
        let (mut tried, mut signed) = (0, false);
        for key in fitting {
            tried += 1;
            signed = key.verifies(token);
            if signed {
                break;
            }
        }
        match tried {
            0 if token.key_id.is_some() && self.of_id(token).next().is_none() => {
                Err(KeyLookupError::UnknownId)
            }
            0 if token.key_id.is_some() => Err(KeyLookupError::WrongAlgorithm),
            _ => Ok(signed),
        }
    }

    /// The keys that a token may mean.
    fn of_id<'a>(&'a self, token: &'a UnverifiedToken) -> impl Iterator<Item = &'a VerifyingKey> {
        let wanted = token.key_id.as_ref();
        let fits =
            move |id: &Option<String>| wanted.is_none_or(|wanted| id.as_ref() == Some(wanted));
        self.keys
            .iter()
            .filter(move |(id, _)| fits(id))
            .map(|(_, key)| key)
    }

    /// Whether there is a key that a token may mean, and that is made for its algorithm.
    pub fn has_fitting(&self, token: &UnverifiedToken) -> bool {
        self.of_id(token).any(|key| key.fits(token.algorithm))
    }

    /// What there is instead of a key for a token: a clause for the log, without anything of the
    /// token but its algorithm.
    pub fn describe(&self, no_key: &KeyLookupError, token: &UnverifiedToken) -> String {
        let algorithm = token.algorithm.name();
        if self.keys.is_empty() {
            return match self.unusable.len() {
                0 => "the issuer's key set is empty".to_owned(),
                listed => format!(
                    "the issuer's key set has {listed} keys, none of which can verify signatures"
                ),
            };
        }
        match no_key {
            KeyLookupError::WrongAlgorithm => {
                let known = descriptions(self.of_id(token));
                if token.key_id.is_none() {
                    return format!(
                        "the token is signed {algorithm} without a key id, and the issuer has keys for {known}"
                    );
                }
                format!("the token is signed {algorithm}, and the issuer has its key id for {known}")
            }
            KeyLookupError::UnknownId if self.unusable.contains(&token.key_id) => {
                "the issuer has the token's key id only for keys that cannot verify signatures (by use, key_ops, type, \
                 algorithm or strength)"
                    .to_owned()
            }
            KeyLookupError::UnknownId => {
                let known = descriptions(self.keys.iter().map(|(_, key)| key));
                let ids = if self.keys.iter().any(|(id, _)| id.is_some()) { "others" } else { "keys without ids" };
                format!("the issuer has no key of the token's key id, but {ids} ({known})")
            }
        }
    }
}

/// What keys are made for, each once.
fn descriptions<'a>(keys: impl Iterator<Item = &'a VerifyingKey>) -> String {
    let mut known: Vec<String> = Vec::new();
    for description in keys.map(VerifyingKey::description) {
        if !known.contains(&description) {
            known.push(description);
        }
    }
    known.join(", ")
}

/// What a key says of its use: nothing where it is not for verifying signatures, else the one
/// algorithm that it is bound to, if it is.
fn bound_to(jwk: &Members) -> Option<Option<Algorithm>> {
    // RFC 7517 sections 4.2 to 4.4: a key may say what it is for.
    let for_signatures = jwk.get("use").is_none_or(|value| value == "sig");
    let may_verify = jwk.get("key_ops").is_none_or(|value| {
        value
            .as_array()
            .is_some_and(|operations| operations.iter().any(|operation| operation == "verify"))
    });
    if !for_signatures || !may_verify {
        return None;
    }
    match jwk.get("alg") {
        None => Some(None),
        Some(name) => Some(Some(name.as_str()?.parse().ok()?)),
    }
}

/// One key of a set, if it is a symmetric one that is long enough.
fn shared_key(jwk: &Members) -> Option<VerifyingKey> {
    let secret = URL_SAFE_NO_PAD.decode(jwk.get("k")?.as_str()?).ok()?;
    let bound_to = bound_to(jwk)?;
    let key = VerifyingKey::symmetric(&secret, bound_to);
    let usable =
        secret.len() >= MIN_SECRET_BYTES && bound_to.is_none_or(|algorithm| key.fits(algorithm));
    usable.then_some(key)
}

/// One key of a set, if it is a public key for signatures that is strong enough.
fn public_key(jwk: &Members) -> Option<VerifyingKey> {
    let text = |name| jwk.get(name).and_then(Value::as_str);
    let bytes = |name| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let bound_to = bound_to(jwk)?;
    let key = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            let (modulus, exponent) = (number(&modulus), number(&exponent));
            strong_rsa(modulus, exponent).then(|| VerifyingKey::rsa(modulus, exponent, bound_to))?
        }
        ("EC", Some(curve)) => {
            let (family, size) = match curve {
                "P-256" => (Family::P256, 32),
                "P-384" => (Family::P384, 48),
                "P-521" => (Family::P521, 66),
                _ => return None,
            };
            let (x, y) = (bytes("x")?, bytes("y")?);
            // RFC 7518 section 6.2.1.2: coordinates have the full length of the curve.
            (x.len() == size && y.len() == size).then_some(())?;
            VerifyingKey::curve(family, [&[4], &*x, &*y].concat(), bound_to)
        }
        ("OKP", Some("Ed25519")) => {
            let point = bytes("x").filter(|point| point.len() == 32)?;
            VerifyingKey::curve(Family::Ed25519, point, bound_to)
        }
        _ => return None,
    };
    // A key bound to an algorithm of another family works for nothing.
    bound_to
        .is_none_or(|algorithm| key.fits(algorithm))
        .then_some(key)
}

/// A number without zeros in front, which some libraries write (RFC 7518 section 6.3.1.1), and
/// which would make another key of it.
fn number(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes
        .split_at_checked(zeros)
        .map_or(bytes, |(_, number)| number)
}

/// At least 2048 bits, an odd exponent of at least 3 (with 1, every message is its own signature),
/// and not made by a generator whose keys can be factored. Larger numbers than anybody uses would
/// make each forged token cost more.
fn strong_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
    let bits = |number: &[u8]| {
        let number = number.iter().skip_while(|byte| **byte == 0);
        number.clone().next().map_or(0, |first| {
            number.count() * 8 - first.leading_zeros() as usize
        })
    };
    (2048..=4096).contains(&bits(modulus))
        && (2..=32).contains(&bits(exponent))
        && exponent.last().is_some_and(|e| e & 1 == 1)
        && !has_roca(modulus)
}

/// CVE-2017-15361: a faulty generator's moduli of this length are powers of 65537 modulo every
/// prime up to 701. Modulo these, which tell the most, one of 2^70 others is too.
fn has_roca(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 16] = [
        37, 97, 229, 233, 239, 241, 257, 331, 349, 397, 461, 523, 541, 571, 673, 691,
    ];
    PRIMES.iter().all(|prime| {
        let remainder = modulus
            .iter()
            .fold(0, |sum, byte| (sum * 256 + u32::from(*byte)) % prime);
        let mut powers = std::iter::successors(Some(1), |power| Some(power * 65537 % prime))
            .take(*prime as usize);
        powers.any(|power| power == remainder)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
    fn keys_that_cannot_be_trusted_with_a_signature_are_left_out() {
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
            "zeros in front make no other number"
        );
        assert_eq!(usable(json!([rsa(512), long])), 1, "nor another key");
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
    fn an_odd_key_does_not_spoil_the_rest_and_an_equal_one_counts_once() {
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
    fn what_is_no_key_set_is_refused() {
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
