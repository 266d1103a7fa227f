//! Signatures: which algorithms there are, which key fits which, and the check itself.
//!
//! An algorithm is used only where settings list it and the key is made for it; the token's own
//! word decides nothing (RFC 8725 section 3.1).

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, DecodingKeyKind, crypto};

use crate::session::jwt::algorithm::{Algorithm, Family, MIN_SECRET_BYTES};
use crate::session::jwt::unverified::UnverifiedToken;

/// A key that verifies, with what it is made for. It has no `Debug`, as it may hold a secret.
pub struct VerifyingKey {
    family: Family,
    /// The one algorithm that the key set binds the key to, if it does.
    bound_to: Option<Algorithm>,
    material: Material,
}

enum Material {
    Library(DecodingKey),
    /// A symmetric key out of a key set, with its length in bytes.
    Symmetric(DecodingKey, usize),
    /// An uncompressed point; the library has no ES512.
    P521(Vec<u8>),
}

impl Material {
    fn is_same(&self, other: &Self) -> bool {
        let numbers = |key: &DecodingKey, other: &DecodingKey| match (key.kind(), other.kind()) {
            (DecodingKeyKind::SecretOrDer(key), DecodingKeyKind::SecretOrDer(other)) => {
                key == other
            }
            (
                DecodingKeyKind::RsaModulusExponent { n, e },
                DecodingKeyKind::RsaModulusExponent {
                    n: other_n,
                    e: other_e,
                },
            ) => n == other_n && e == other_e,
            _ => false,
        };
        match (self, other) {
            (Self::Library(key), Self::Library(other))
            | (Self::Symmetric(key, _), Self::Symmetric(other, _)) => numbers(key, other),
            (Self::P521(point), Self::P521(other)) => point == other,
            _ => false,
        }
    }
}

impl VerifyingKey {
    /// A shared secret that settings name, for each of the HMAC algorithms.
    pub fn secret(secret: &[u8]) -> Self {
        let material = Material::Library(DecodingKey::from_secret(secret));
        Self {
            family: Family::Secret,
            bound_to: None,
            material,
        }
    }

    /// A symmetric key out of a key set, for the algorithms that it is long enough for (RFC 7518
    /// section 3.2).
    pub fn symmetric(secret: &[u8], bound_to: Option<Algorithm>) -> Self {
        let material = Material::Symmetric(DecodingKey::from_secret(secret), secret.len());
        Self {
            family: Family::Secret,
            bound_to,
            material,
        }
    }

    /// An RSA key of big-endian modulus and exponent.
    pub fn rsa(modulus: &[u8], exponent: &[u8], bound_to: Option<Algorithm>) -> Self {
        let material = Material::Library(DecodingKey::from_rsa_raw_components(modulus, exponent));
        Self {
            family: Family::Rsa,
            bound_to,
            material,
        }
    }

    /// A point on a curve, uncompressed (SEC 1 section 2.3.3), or an Ed25519 key's 32 bytes.
    pub fn curve(family: Family, point: Vec<u8>, bound_to: Option<Algorithm>) -> Self {
        let material = match family {
            Family::P521 => Material::P521(point),
            Family::Ed25519 => Material::Library(DecodingKey::from_ed_der(&point)),
            _ => Material::Library(DecodingKey::from_ec_der(&point)),
        };
        Self {
            family,
            bound_to,
            material,
        }
    }

    /// What the key is made for, for the log.
    pub fn description(&self) -> String {
        match self.bound_to {
            None => self.family.name().to_owned(),
            Some(algorithm) => format!("{} for {}", self.family.name(), algorithm.name()),
        }
    }

    /// Whether two keys are one: the same material, bound to the same algorithm.
    pub fn is_same(&self, other: &Self) -> bool {
        self.family == other.family
            && self.bound_to == other.bound_to
            && self.material.is_same(&other.material)
    }

    /// Whether the key is made for an algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        let least = match algorithm {
            Algorithm::Hs384 => 48,
            Algorithm::Hs512 => 64,
            _ => MIN_SECRET_BYTES,
        };
        let long_enough = !matches!(self.material, Material::Symmetric(_, bytes) if bytes < least);
        long_enough
            && self.family == algorithm.family()
            && self.bound_to.is_none_or(|bound| bound == algorithm)
    }

    /// Whether the token is signed with this key.
    pub fn verifies(&self, token: &UnverifiedToken) -> bool {
        if !self.fits(token.algorithm) {
            return false;
        }
        let signed = token.signed.as_bytes();
        match (&self.material, token.algorithm.jwa()) {
            (Material::Library(key) | Material::Symmetric(key, _), Some(jwa)) => {
                crypto::verify(token.signature, signed, key, jwa).unwrap_or(false)
            }
            (Material::P521(point), None) => {
                URL_SAFE_NO_PAD
                    .decode(token.signature)
                    .is_ok_and(|signature| {
                        UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point)
                            .verify(signed, &signature)
                            .is_ok()
                    })
            }
            _ => false,
        }
    }
}
