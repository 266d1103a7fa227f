//! Keys that sign tokens (RFC 7515), and their public JWKs (RFC 7517).

use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyUncompressedBin};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::claims::Claims;

const KEY_ID: &str = "dev";

/// A key with its algorithm. It has no `Debug`, since it is secret.
pub struct SigningKey(Material);

enum Material {
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Secret(Box<hmac::Key>),
}

impl SigningKey {
    /// A new key on the curve P-256.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn es256() -> Result<Self, Unspecified> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map(Material::P256)
            .map(Self)
    }

    /// A new RSA key of 2048 bits. Generating it takes several hundred milliseconds.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn rs256() -> Result<Self, Unspecified> {
        RsaKeyPair::generate(KeySize::Rsa2048)
            .map(Material::Rsa)
            .map(Self)
    }

    /// A new Ed25519 key.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn ed25519() -> Result<Self, Unspecified> {
        Ed25519KeyPair::generate().map(Material::Ed25519).map(Self)
    }

    /// A shared secret.
    pub fn hs256(secret: &[u8]) -> Self {
        Self(Material::Secret(Box::new(hmac::Key::new(
            hmac::HMAC_SHA256,
            secret,
        ))))
    }

    /// The name of its algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            Material::P256(_) => "ES256",
            Material::Rsa(_) => "RS256",
            Material::Ed25519(_) => "EdDSA",
            Material::Secret(_) => "HS256",
        }
    }

    /// Signs claims as a JWS in compact form. A test may set another `alg` or `kid` in the header.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn sign(&self, header: &Claims, claims: &Claims) -> Result<String, Unspecified> {
        let mut full = Claims::from_iter([("alg".to_owned(), self.algorithm().into())]);
        // A shared secret is not published, so no verifier looks it up by its ID.
        if !matches!(self.0, Material::Secret(_)) {
            full.insert("kid".to_owned(), KEY_ID.into());
        }
        full.extend(header.clone());
        let signed = format!("{}.{}", encoded(&full)?, encoded(claims)?);
        let signature = URL_SAFE_NO_PAD.encode(self.signature(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let random = SystemRandom::new();
        Ok(match &self.0 {
            Material::P256(pair) => pair.sign(&random, message)?.as_ref().to_vec(),
            Material::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)?;
                signature
            }
            Material::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Material::Secret(key) => hmac::sign(key, message).as_ref().to_vec(),
        })
    }

    /// The public JWK; `None` for a shared secret.
    pub fn public_jwk(&self) -> Option<Value> {
        let mut key = match &self.0 {
            Material::P256(pair) => {
                let point: EcPublicKeyUncompressedBin = pair.public_key().as_be_bytes().ok()?;
                // SEC 1 section 2.3.3: 4, then the two coordinates of 32 bytes.
                let (x, y) = point.as_ref().get(1..)?.split_at_checked(32)?;
                json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
            }
            Material::Rsa(pair) => {
                let parts = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
                json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(parts.n), "e": URL_SAFE_NO_PAD.encode(parts.e)})
            }
            Material::Ed25519(pair) => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key())})
            }
            Material::Secret(_) => return None,
        };
        let members = key.as_object_mut()?;
        members.extend(
            [("kid", KEY_ID), ("alg", self.algorithm()), ("use", "sig")]
                .map(|(name, value)| (name.to_owned(), value.into())),
        );
        Some(key)
    }
}

fn encoded(members: &Claims) -> Result<String, Unspecified> {
    serde_json::to_vec(members)
        .map(|text| URL_SAFE_NO_PAD.encode(text))
        .map_err(|_| Unspecified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::claims::members;
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

    #[test]
    fn the_public_jwk_verifies_signed_tokens() {
        let claims = members(json!({"sub": "ada", "exp": 4_000_000_000_u64}));
        let keys = [
            SigningKey::es256(),
            SigningKey::rs256(),
            SigningKey::ed25519(),
        ];
        for (key, algorithm) in
            keys.into_iter()
                .zip([Algorithm::ES256, Algorithm::RS256, Algorithm::EdDSA])
        {
            let key = key.unwrap();
            let token = key.sign(&members(json!({"typ": "JWT"})), &claims).unwrap();
            let public: Jwk = serde_json::from_value(key.public_jwk().unwrap()).unwrap();
            let verified = decode::<Claims>(
                &token,
                &DecodingKey::from_jwk(&public).unwrap(),
                &Validation::new(algorithm),
            );
            let verified = verified.unwrap();
            assert_eq!(verified.claims, claims);
            assert_eq!(
                (
                    verified.header.kid.as_deref(),
                    verified.header.typ.as_deref()
                ),
                (Some("dev"), Some("JWT"))
            );
        }
    }

    #[test]
    fn a_shared_secret_signs_and_is_not_published() {
        let key = SigningKey::hs256(b"secret");
        let token = key
            .sign(&Claims::new(), &members(json!({"exp": 4_000_000_000_u64})))
            .unwrap();
        let secret = DecodingKey::from_secret(b"secret");
        assert!(decode::<Claims>(&token, &secret, &Validation::new(Algorithm::HS256)).is_ok());
        assert!(key.public_jwk().is_none());
    }

    #[test]
    fn a_header_may_lie() {
        let lie = members(json!({"alg": "none", "kid": "stranger"}));
        let token = SigningKey::es256()
            .unwrap()
            .sign(&lie, &Claims::new())
            .unwrap();
        let header = URL_SAFE_NO_PAD
            .decode(token.split('.').next().unwrap())
            .unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&header).unwrap(),
            json!({"alg": "none", "kid": "stranger"})
        );
    }
}
