//! Every signature algorithm that sessions may use, with generated keys.

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
use voicemint::internals::{Algorithm, JwkSet, KeyLookupError, UnverifiedToken, VerifyingKey};

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn token(alg: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let signed = format!(
        "{}.{}",
        encode(json!({"alg": alg, "kid": "k"}).to_string()),
        encode(r#"{"sub":"ada"}"#)
    );
    format!("{signed}.{}", encode(sign(signed.as_bytes())))
}

fn verifies(key: &Value, token: &str) -> Result<bool, KeyLookupError> {
    let set = JwkSet::parse(json!({"keys": [key]}).to_string().as_bytes())
        .ok()
        .unwrap();
    let token = UnverifiedToken::parse(token).ok().unwrap();
    set.verifies(&token)
}

/// Asserts that a token verifies, and that it does not verify after any change.
fn assert_verifies_unchanged_only(key: &Value, alg: &str, sign: impl Fn(&[u8]) -> Vec<u8>) {
    let good = token(alg, &sign);
    assert_eq!(verifies(key, &good), Ok(true), "{alg}");
    let forged = good.replace(&encode(r#"{"sub":"ada"}"#), &encode(r#"{"sub":"eve"}"#));
    assert_eq!(verifies(key, &forged), Ok(false), "{alg} with other claims");
    let short = token(alg, |signed| sign(signed).split_off(1));
    assert_eq!(
        verifies(key, &short),
        Ok(false),
        "{alg} with a short signature"
    );
    let bound = json!({"alg": if alg == "RS256" { "PS256" } else { "RS256" }});
    let mut other = key.clone();
    other["alg"] = bound["alg"].clone();
    assert!(
        verifies(&other, &good).is_err(),
        "{alg} with a key bound to another algorithm"
    );
}

#[test]
fn rsa() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let key = json!({"kty": "RSA", "kid": "k", "n": encode(n), "e": encode(e)});
    let encodings: [(&str, &'static dyn RsaEncoding); 6] = [
        ("RS256", &RSA_PKCS1_SHA256),
        ("RS384", &RSA_PKCS1_SHA384),
        ("RS512", &RSA_PKCS1_SHA512),
        ("PS256", &RSA_PSS_SHA256),
        ("PS384", &RSA_PSS_SHA384),
        ("PS512", &RSA_PSS_SHA512),
    ];
    for (alg, encoding) in encodings {
        assert_verifies_unchanged_only(&key, alg, |message| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
                .unwrap();
            signature
        });
    }
}

#[test]
fn elliptic_curves() {
    let curves: [(&str, &str, usize, &'static EcdsaSigningAlgorithm); 3] = [
        ("ES256", "P-256", 32, &ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", "P-384", 48, &ECDSA_P384_SHA384_FIXED_SIGNING),
        ("ES512", "P-521", 66, &ECDSA_P521_SHA512_FIXED_SIGNING),
    ];
    for (alg, curve, size, algorithm) in curves {
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let (x, y) = pair.public_key().as_ref()[1..].split_at(size);
        let key = json!({"kty": "EC", "crv": curve, "kid": "k", "x": encode(x), "y": encode(y)});
        assert_verifies_unchanged_only(&key, alg, |message| {
            pair.sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec()
        });
        // CVE-2022-21449: all zeros once verified for every message.
        assert_eq!(
            verifies(&key, &token(alg, |_| vec![0; 2 * size])),
            Ok(false)
        );
    }
}

#[test]
fn ed25519() {
    let pair = Ed25519KeyPair::generate().unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": encode(point)});
    assert_verifies_unchanged_only(&key, "EdDSA", |message| {
        pair.sign(message).as_ref().to_vec()
    });
}

#[test]
fn symmetric_keys_are_at_least_as_long_as_the_hash() {
    for (alg, algorithm, mac, min_length) in [
        ("HS256", Algorithm::Hs256, hmac::HMAC_SHA256, 32),
        ("HS384", Algorithm::Hs384, hmac::HMAC_SHA384, 48),
        ("HS512", Algorithm::Hs512, hmac::HMAC_SHA512, 64),
    ] {
        let verifies = |signs: &[u8], verifies: &[u8]| {
            let text = token(alg, |message| {
                hmac::sign(&hmac::Key::new(mac, signs), message)
                    .as_ref()
                    .to_vec()
            });
            let token = UnverifiedToken::parse(&text).ok().unwrap();
            assert_eq!(token.algorithm, algorithm);
            (
                VerifyingKey::symmetric(verifies, None).verifies(&token),
                VerifyingKey::secret(verifies).verifies(&token),
            )
        };
        let secret = [b's'; 64];
        assert_eq!(verifies(&secret, &secret), (true, true), "{alg}");
        assert_eq!(
            verifies(&secret[..min_length], &secret[..min_length]),
            (true, true),
            "{alg}"
        );
        // For a secret that settings name, 32 bytes are enough with each of the three algorithms.
        assert_eq!(
            verifies(&secret[1..min_length], &secret[1..min_length]),
            (false, true),
            "{alg} with a short key"
        );
        assert_eq!(
            verifies(&[b't'; 64], &secret),
            (false, false),
            "{alg} with another secret"
        );
    }
}

#[test]
fn a_public_key_is_not_a_shared_secret() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let PublicKeyComponents { n, e } = PublicKeyComponents::<Vec<u8>>::from(pair.public_key());
    let key = json!({"kty": "RSA", "kid": "k", "n": encode(&n), "e": encode(e)});
    let forged = token("HS256", |message| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &n), message)
            .as_ref()
            .to_vec()
    });
    assert_eq!(verifies(&key, &forged), Err(KeyLookupError::WrongAlgorithm));
}
