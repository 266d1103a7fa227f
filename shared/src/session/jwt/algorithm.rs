//! Signature algorithms, and the family of keys that each uses.

use std::str::FromStr;

use jsonwebtoken::Algorithm as Jwa;
use thiserror::Error;

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
    /// The algorithms that are verified with a public key.
    pub const ASYMMETRIC: [&'static str; 10] = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ];
    /// The algorithms that are verified with a shared secret.
    pub const SYMMETRIC: [&'static str; 3] = ["HS256", "HS384", "HS512"];

    /// The name in tokens and key sets.
    pub fn name(self) -> &'static str {
        let mut names = Self::ASYMMETRIC.into_iter().chain(Self::SYMMETRIC);
        names
            .find(|name| name.parse() == Ok(self))
            .unwrap_or_default()
    }

    /// The family of keys that the algorithm uses.
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

    pub(super) fn jwa(self) -> Option<Jwa> {
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

/// An algorithm that this service does not support. The name is not repeated: it comes from a
/// token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the algorithm is not supported")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    /// Parses a name of RFC 7518 or RFC 8037, which is case-sensitive.
    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Ok(match name {
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
            // RFC 9864 section 2.2 gives EdDSA with this curve a name of its own.
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return Err(UnknownAlgorithm),
        })
    }
}

/// Families of keys. The key of an elliptic curve only works with the algorithm for that curve.
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
    /// The name in key sets: the key type or the curve.
    pub(super) fn name(self) -> &'static str {
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

/// The minimum length of a secret that signs or encrypts sessions, in bytes (RFC 7518 section 3.2,
/// RFC 8725 section 3.5).
pub(crate) const MIN_SECRET_BYTES: usize = 32;
