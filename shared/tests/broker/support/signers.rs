//! Generated keys of every type, and tokens that are signed with them, valid and invalid.

#![allow(dead_code, reason = "no target uses all of it")]

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The asymmetric algorithms, each with the id of the key that signs with it.
pub const ASYMMETRIC: [(&str, &str); 10] = [
    ("RS256", "rsa"),
    ("RS384", "rsa"),
    ("RS512", "rsa"),
    ("PS256", "rsa"),
    ("PS384", "rsa"),
    ("PS512", "rsa"),
    ("ES256", "p256"),
    ("ES384", "p384"),
    ("ES512", "p521"),
    ("EdDSA", "ed25519"),
];

/// One key of each type.
pub struct Signers {
    pub rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    p521: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
    /// 64 characters, for HMAC.
    pub secret: String,
}

impl Signers {
    pub fn new() -> Self {
        let curve =
            |algorithm: &'static EcdsaSigningAlgorithm| EcdsaKeyPair::generate(algorithm).unwrap();
        let mut secret = [0; 48];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        Self {
            rsa: RsaKeyPair::generate(KeySize::Rsa2048).unwrap(),
            p256: curve(&ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: curve(&ECDSA_P384_SHA384_FIXED_SIGNING),
            p521: curve(&ECDSA_P521_SHA512_FIXED_SIGNING),
            ed25519: Ed25519KeyPair::generate().unwrap(),
            secret: encode(secret),
        }
    }

    /// A JWK Set of the public keys.
    pub fn jwk_set(&self) -> Value {
        let PublicKeyComponents { n, e } =
            PublicKeyComponents::<Vec<u8>>::from(self.rsa.public_key());
        let curve = |id: &str, name: &str, pair: &EcdsaKeyPair| {
            let point = &pair.public_key().as_ref()[1..];
            let (x, y) = point.split_at(point.len() / 2);
            json!({"kty": "EC", "crv": name, "kid": id, "use": "sig", "x": encode(x), "y": encode(y)})
        };
        json!({"keys": [
            {"kty": "RSA", "kid": "rsa", "use": "sig", "n": encode(n), "e": encode(e)},
            curve("p256", "P-256", &self.p256),
            curve("p384", "P-384", &self.p384),
            curve("p521", "P-521", &self.p521),
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed25519", "use": "sig", "x": encode(self.ed25519.public_key())},
        ]})
    }

    /// A JWK Set of the symmetric key.
    pub fn symmetric_jwk_set(&self) -> Value {
        json!({"keys": [{"kty": "oct", "kid": "secret", "k": encode(&self.secret)}]})
    }

    /// Signs with the key of the algorithm.
    pub fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |encoding: &'static dyn RsaEncoding| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa
                .sign(encoding, &random, message, &mut signature)
                .unwrap();
            signature
        };
        let curve = |pair: &EcdsaKeyPair| pair.sign(&random, message).unwrap().as_ref().to_vec();
        match alg {
            "RS256" => rsa(&RSA_PKCS1_SHA256),
            "RS384" => rsa(&RSA_PKCS1_SHA384),
            "RS512" => rsa(&RSA_PKCS1_SHA512),
            "PS256" => rsa(&RSA_PSS_SHA256),
            "PS384" => rsa(&RSA_PSS_SHA384),
            "PS512" => rsa(&RSA_PSS_SHA512),
            "ES256" => curve(&self.p256),
            "ES384" => curve(&self.p384),
            "ES512" => curve(&self.p521),
            "EdDSA" => self.ed25519.sign(message).as_ref().to_vec(),
            _ => mac(alg, self.secret.as_bytes(), message),
        }
    }

    /// A token that is signed with `alg` and names it in its header.
    pub fn token(&self, alg: &str, kid: &str, claims: &Value) -> String {
        self.signed(
            alg,
            json!({"alg": alg, "kid": kid}).to_string(),
            claims.to_string(),
        )
    }

    /// A token that is signed with `alg`, with any header and payload.
    pub fn signed(&self, alg: &str, header: impl AsRef<[u8]>, payload: impl AsRef<[u8]>) -> String {
        compact(header, payload, |message| self.sign(alg, message))
    }
}

/// An HMAC with `alg`. Any value except HS384 and HS512 means HS256.
pub fn mac(alg: &str, secret: &[u8], message: &[u8]) -> Vec<u8> {
    let algorithm = match alg {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    hmac::sign(&hmac::Key::new(algorithm, secret), message)
        .as_ref()
        .to_vec()
}

/// A token in compact form. `sign` signs the signing input.
pub fn compact(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let message = format!("{}.{}", encode(header), encode(payload));
    let signature = sign(message.as_bytes());
    format!("{message}.{}", encode(signature))
}

pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
