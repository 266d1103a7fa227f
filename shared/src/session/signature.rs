//! Signatures: which algorithms there are, which key fits which, and the check itself.
//!
//! An algorithm is used only where settings list it and the key is made for it; the token's own
//! word decides nothing (RFC 8725 section 3.1).

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm as Jwa, DecodingKey, DecodingKeyKind, crypto};

use super::token::UnverifiedToken;

/// The signature algorithms of RFC 7518 section 3.1 and RFC 8037 section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFCs")]
pub enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    Es512,
    EdDsa,
}

impl Algorithm {
    /// The algorithms that need a public key.
    pub const ASYMMETRIC: [&'static str; 10] = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ];
    /// The algorithms that need a shared secret.
    pub const SYMMETRIC: [&'static str; 3] = ["HS256", "HS384", "HS512"];

    /// The algorithm of a name, which is case-sensitive.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "HS256" => Self::Hs256,
            "HS384" => Self::Hs384,
            "HS512" => Self::Hs512,
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "ES512" => Self::Es512,
            // RFC 9864 section 2.2 gives the only curve that is used here a name of its own.
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }

    /// Its name, as tokens and key sets have it.
    pub fn name(self) -> &'static str {
        let mut names = Self::ASYMMETRIC.into_iter().chain(Self::SYMMETRIC);
        names
            .find(|name| Self::named(name) == Some(self))
            .unwrap_or_default()
    }

    /// The family of keys that it needs.
    pub fn family(self) -> Family {
        match self {
            Self::Hs256 | Self::Hs384 | Self::Hs512 => Family::Secret,
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                Family::Rsa
            }
            Self::Es256 => Family::P256,
            Self::Es384 => Family::P384,
            Self::Es512 => Family::P521,
            Self::EdDsa => Family::Ed25519,
        }
    }

    fn jwa(self) -> Option<Jwa> {
        Some(match self {
            Self::Hs256 => Jwa::HS256,
            Self::Hs384 => Jwa::HS384,
            Self::Hs512 => Jwa::HS512,
            Self::Rs256 => Jwa::RS256,
            Self::Rs384 => Jwa::RS384,
            Self::Rs512 => Jwa::RS512,
            Self::Ps256 => Jwa::PS256,
            Self::Ps384 => Jwa::PS384,
            Self::Ps512 => Jwa::PS512,
            Self::Es256 => Jwa::ES256,
            Self::Es384 => Jwa::ES384,
            Self::EdDsa => Jwa::EdDSA,
            Self::Es512 => return None,
        })
    }
}

/// The shortest secret that may sign or encrypt sessions, in bytes (RFC 7518 section 3.2, RFC 8725
/// section 3.5).
pub const LEAST_SECRET_BYTES: usize = 32;

/// Kinds of keys. An elliptic curve's key works for that curve's algorithm alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the RFCs")]
pub enum Family {
    Secret,
    Rsa,
    P256,
    P384,
    P521,
    Ed25519,
}

impl Family {
    /// Its name, as key sets have it: the type, or the curve.
    fn name(self) -> &'static str {
        match self {
            Self::Secret => "oct",
            Self::Rsa => "RSA",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        }
    }
}

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
            _ => LEAST_SECRET_BYTES,
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
