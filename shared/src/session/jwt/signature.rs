//! Verifies signatures with a key.
//!
//! An algorithm is used only if the settings list it and the key fits it. The token's header cannot
//! change that (RFC 8725 section 3.1).

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, DecodingKeyKind, crypto};

use crate::session::jwt::algorithm::{Algorithm, Family, MIN_SECRET_BYTES};
use crate::session::jwt::unverified::UnverifiedToken;

/// A key that verifies signatures. It has no `Debug`, as it may contain a secret.
pub struct VerifyingKey {
    family: Family,
    /// The algorithm that the key set binds the key to, if any.
    bound_to: Option<Algorithm>,
    material: Material,
}

enum Material {
    Library(DecodingKey),
    /// A symmetric key from a key set, with its length in bytes.
    Symmetric(DecodingKey, usize),
    /// An uncompressed point. The library does not support ES512.
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
    /// A shared secret from the settings, for every HMAC algorithm.
    pub fn secret(secret: &[u8]) -> Self {
        let material = Material::Library(DecodingKey::from_secret(secret));
        Self {
            family: Family::Secret,
            bound_to: None,
            material,
        }
    }

    /// A symmetric key from a key set, for the algorithms for which it is long enough (RFC 7518
    /// section 3.2).
    pub fn symmetric(secret: &[u8], bound_to: Option<Algorithm>) -> Self {
        let material = Material::Symmetric(DecodingKey::from_secret(secret), secret.len());
        Self {
            family: Family::Secret,
            bound_to,
            material,
        }
    }

    /// An RSA key from its modulus and exponent, both big-endian.
    pub fn rsa(modulus: &[u8], exponent: &[u8], bound_to: Option<Algorithm>) -> Self {
        let material = Material::Library(DecodingKey::from_rsa_raw_components(modulus, exponent));
        Self {
            family: Family::Rsa,
            bound_to,
            material,
        }
    }

    /// A key from an uncompressed point on a curve (SEC 1 section 2.3.3), or from the 32 bytes of
    /// an Ed25519 key.
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

    /// The family and the algorithm of the key, for the log.
    pub fn description(&self) -> String {
        match self.bound_to {
            None => self.family.name().to_owned(),
            Some(algorithm) => format!("{} for {}", self.family.name(), algorithm.name()),
        }
    }

    /// Whether two keys have the same material and are bound to the same algorithm.
    pub fn is_same(&self, other: &Self) -> bool {
        self.family == other.family
            && self.bound_to == other.bound_to
            && self.material.is_same(&other.material)
    }

    /// Whether the key can verify an algorithm.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        let min_bytes = match algorithm {
            Algorithm::Hs384 => 48,
            Algorithm::Hs512 => 64,
            _ => MIN_SECRET_BYTES,
        };
        let long_enough =
            !matches!(self.material, Material::Symmetric(_, bytes) if bytes < min_bytes);
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
