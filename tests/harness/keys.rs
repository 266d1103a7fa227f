//! Signing keys of every type, and JWTs that can be invalid in every way. This signer uses the
//! cryptographic library only: a bug in the product's own JWT code cannot hide in the tests.

use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};
use aws_lc_rs::{hmac, rsa::KeySize};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

enum Pair {
    Rsa(RsaKeyPair),
    /// With the names of the curve and of its JWT algorithm.
    Ec(EcdsaKeyPair, &'static str, &'static str),
    Ed(Ed25519KeyPair),
}

pub struct Key {
    pub kid: String,
    pair: Pair,
}

impl Key {
    pub fn ec(kid: &str, alg: &'static str) -> Self {
        let (signing, curve) = match alg {
            "ES256" => (&sig::ECDSA_P256_SHA256_FIXED_SIGNING, "P-256"),
            "ES384" => (&sig::ECDSA_P384_SHA384_FIXED_SIGNING, "P-384"),
            _ => (&sig::ECDSA_P521_SHA512_FIXED_SIGNING, "P-521"),
        };
        let pair = EcdsaKeyPair::generate(signing).expect("a new key");
        Self {
            kid: kid.into(),
            pair: Pair::Ec(pair, curve, alg),
        }
    }

    fn rsa(kid: &str) -> Self {
        Self {
            kid: kid.into(),
            pair: Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("a new key")),
        }
    }

    fn ed25519(kid: &str) -> Self {
        Self {
            kid: kid.into(),
            pair: Pair::Ed(Ed25519KeyPair::generate().expect("a new key")),
        }
    }

    /// One key of each type, with the same ids for every issuer. The whole suite shares one RSA
    /// key, because RSA keys are slow to generate. Each issuer has its own other keys.
    pub fn standard() -> Vec<Arc<Key>> {
        static RSA: OnceLock<Arc<Key>> = OnceLock::new();
        let rsa = RSA.get_or_init(|| Arc::new(Key::rsa("rsa-1"))).clone();
        let own = [
            Key::ec("p256-1", "ES256"),
            Key::ec("p384-1", "ES384"),
            Key::ec("p521-1", "ES512"),
            Key::ed25519("ed25519-1"),
        ];
        std::iter::once(rsa).chain(own.map(Arc::new)).collect()
    }

    pub fn signs(&self, alg: &str) -> bool {
        match &self.pair {
            Pair::Rsa(_) => alg.starts_with("RS") || alg.starts_with("PS"),
            Pair::Ec(_, _, own) => alg == *own,
            Pair::Ed(_) => alg == "EdDSA",
        }
    }

    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let (modulus, exponent) = rsa_numbers(pair.public_key().as_ref());
                json!({ "kty": "RSA", "n": encode(modulus), "e": encode(exponent) })
            }
            Pair::Ec(pair, curve, alg) => {
                // An uncompressed point: the byte 4, then both coordinates.
                let (x, y) =
                    pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                json!({ "kty": "EC", "crv": curve, "alg": alg, "x": encode(x), "y": encode(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        jwk["kid"] = self.kid.as_str().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// The public key in the encoding that an algorithm confusion attack uses as a shared secret.
    pub fn public_der(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Rsa(pair) => pair
                .public_key()
                .as_der()
                .expect("a public key in DER")
                .as_ref()
                .to_vec(),
            Pair::Ec(pair, ..) => pair.public_key().as_ref().to_vec(),
            Pair::Ed(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    fn sign(&self, alg: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Rsa(pair) => {
                let padding: &dyn sig::RsaEncoding = match alg {
                    "RS384" => &sig::RSA_PKCS1_SHA384,
                    "RS512" => &sig::RSA_PKCS1_SHA512,
                    "PS256" => &sig::RSA_PSS_SHA256,
                    "PS384" => &sig::RSA_PSS_SHA384,
                    "PS512" => &sig::RSA_PSS_SHA512,
                    _ => &sig::RSA_PKCS1_SHA256,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .expect("a signature");
                signature
            }
            Pair::Ec(pair, ..) => pair
                .sign(&random, message)
                .expect("a signature")
                .as_ref()
                .to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// A JWT that is not signed yet: its parts can be replaced.
pub struct Jwt {
    key: Arc<Key>,
    alg: String,
    header: Map<String, Value>,
    raw_header: Option<String>,
    payload: String,
}

impl Jwt {
    pub fn new(key: Arc<Key>, alg: &str, claims: &Value) -> Self {
        let mut header = Map::new();
        header.insert("alg".into(), alg.into());
        header.insert("typ".into(), "JWT".into());
        header.insert("kid".into(), key.kid.as_str().into());
        Self {
            key,
            alg: alg.into(),
            header,
            raw_header: None,
            payload: claims.to_string(),
        }
    }

    /// Sets a header member, or removes it if the value is null. The signature is still made with
    /// the key and the algorithm of `new`.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        match value.into() {
            Value::Null => self.header.remove(name),
            value => self.header.insert(name.into(), value),
        };
        self
    }

    pub fn raw_header(mut self, text: &str) -> Self {
        self.raw_header = Some(text.into());
        self
    }

    pub fn raw_payload(mut self, text: &str) -> Self {
        self.payload = text.into();
        self
    }

    pub fn encode(self) -> String {
        let header = self
            .raw_header
            .unwrap_or_else(|| Value::from(self.header).to_string());
        let message = format!(
            "{}.{}",
            encode(header.as_bytes()),
            encode(self.payload.as_bytes())
        );
        let signature = self.key.sign(&self.alg, message.as_bytes());
        format!("{message}.{}", encode(&signature))
    }
}

/// A JWT signed with a shared secret. `alg` is HS256, HS384 or HS512.
pub fn hmac_jwt(alg: &str, secret: &[u8], claims: &Value) -> String {
    let algorithm = match alg {
        "HS384" => hmac::HMAC_SHA384,
        "HS512" => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    let header = json!({ "alg": alg, "typ": "JWT" }).to_string();
    let message = format!(
        "{}.{}",
        encode(header.as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let tag = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
    format!("{message}.{}", encode(tag.as_ref()))
}

/// The claims with one of them replaced.
pub fn with_claim(claims: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims.clone();
    claims[name] = value.into();
    claims
}

/// The claims without one of them.
pub fn without_claim(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims
        .as_object_mut()
        .and_then(|members| members.remove(name));
    claims
}

/// Unix time in whole seconds.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_secs().try_into().unwrap_or_default()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Modulus and exponent out of a DER `RSAPublicKey`: a sequence of two integers.
fn rsa_numbers(der: &[u8]) -> (&[u8], &[u8]) {
    let (sequence, _) = der_value(der);
    let (modulus, rest) = der_value(sequence);
    let (exponent, _) = der_value(rest);
    // DER puts a zero before an integer whose first bit is set. A JWK does not.
    (modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent)
}

fn der_value(der: &[u8]) -> (&[u8], &[u8]) {
    let first = usize::from(der[1]);
    let (length, start) = match first.checked_sub(0x80) {
        None => (first, 2),
        Some(count) => (
            der[2..2 + count]
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
            2 + count,
        ),
    };
    (&der[start..start + length], &der[start + length..])
}
