//! One key of a key set, a JSON Web Key (RFC 7517 section 4): which keys can be trusted to verify
//! signatures.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::json::Members;
use crate::session::jwt::algorithm::{Algorithm, Family, MIN_SECRET_BYTES};
use crate::session::jwt::signature::VerifyingKey;

/// Reads a symmetric key. `None` where it is not one, or is too short.
pub(super) fn shared_key(jwk: &Members) -> Option<VerifyingKey> {
    let secret = URL_SAFE_NO_PAD.decode(jwk.get("k")?.as_str()?).ok()?;
    let bound_to = bound_to(jwk)?;
    let key = VerifyingKey::symmetric(&secret, bound_to);
    let usable =
        secret.len() >= MIN_SECRET_BYTES && bound_to.is_none_or(|algorithm| key.fits(algorithm));
    usable.then_some(key)
}

/// Reads a public key. `None` where it is not one for signatures, or is too weak.
pub(super) fn public_key(jwk: &Members) -> Option<VerifyingKey> {
    let text = |name| jwk.get(name).and_then(Value::as_str);
    let bytes = |name| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    let bound_to = bound_to(jwk)?;
    let key = match (text("kty")?, text("crv")) {
        ("RSA", _) => {
            let (modulus, exponent) = (bytes("n")?, bytes("e")?);
            let (modulus, exponent) = (
                without_leading_zeros(&modulus),
                without_leading_zeros(&exponent),
            );
            if !is_strong_rsa(modulus, exponent) {
                return None;
            }
            VerifyingKey::rsa(modulus, exponent, bound_to)
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
            if x.len() != size || y.len() != size {
                return None;
            }
            VerifyingKey::curve(family, [&[4], &*x, &*y].concat(), bound_to)
        }
        ("OKP", Some("Ed25519")) => {
            let point = bytes("x").filter(|point| point.len() == 32)?;
            VerifyingKey::curve(Family::Ed25519, point, bound_to)
        }
        _ => return None,
    };
    // A key that is bound to an algorithm of another family verifies nothing.
    bound_to
        .is_none_or(|algorithm| key.fits(algorithm))
        .then_some(key)
}

/// The algorithm that a key is bound to, if any. The outer `None` means that the key is not for
/// verifying signatures (RFC 7517 sections 4.2 to 4.4).
fn bound_to(jwk: &Members) -> Option<Option<Algorithm>> {
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
        Some(name) => name.as_str()?.parse().ok().map(Some),
    }
}

/// Some libraries write numbers with leading zeros (RFC 7518 section 6.3.1.1 forbids them). Without
/// this, the same key in two spellings would be two keys.
fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number
        .split_at_checked(zeros)
        .map_or(number, |(_, number)| number)
}

/// Whether an RSA key has at least 2048 bits and an odd exponent of at least 3 (with 1, every
/// message is its own signature), and was not made by a generator whose keys can be factored.
/// The upper bounds limit what a forged token costs.
fn is_strong_rsa(modulus: &[u8], exponent: &[u8]) -> bool {
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

/// CVE-2017-15361 (ROCA): the moduli of a faulty generator are powers of 65537 modulo every prime
/// up to 701. These primes distinguish best: one of 2^70 other moduli has this property too.
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
