//! Section 2, threats, and section 3.6: encrypted sessions. Each is sealed correctly with the key
//! of the app except for one difference, which must be the reason that it is refused.

use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use voicemint::internals::{ContentKey, Encryption};

use crate::rfc8725::env::{A, TwoIssuers};
use crate::support::signers::encode;

const SECRET: &str = "an-app-secret-that-is-obviously-fake-0123456789";

/// Seals a text as the library of the app does, with any header and an encrypted key, which `dir`
/// does not have.
fn seal_with_key(header: &str, encrypted_key: &str, text: &[u8]) -> String {
    let info = b"NextAuth.js Generated Encryption Key";
    let key = ContentKey::derive(Encryption::A256Gcm, SECRET.as_bytes(), b"", info);
    let key = key
        .and_then(|key| {
            if let ContentKey::A256Gcm(key) = key {
                Some(key)
            } else {
                None
            }
        })
        .unwrap();
    let header = encode(header);
    let mut sealed = text.to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut sealed)
        .unwrap();
    format!(
        "{header}.{encrypted_key}.{}.{}.{}",
        encode([7; 12]),
        encode(sealed),
        encode(tag)
    )
}

fn seal(header: &Value, text: impl AsRef<[u8]>) -> String {
    seal_with_key(&header.to_string(), "", text.as_ref())
}

fn dir() -> Value {
    json!({"alg": "dir", "enc": "A256GCM"})
}

fn dir_with(name: &str, value: Value) -> Value {
    let mut header = dir();
    header[name] = value;
    header
}

async fn encrypting_app() -> (TwoIssuers, String) {
    let env = TwoIssuers::with_encrypted_sessions(SECRET).await;
    let session = env.valid_claims().to_string();
    env.assert_accepted("sealed correctly", &seal(&dir(), &session))
        .await;
    (env, session)
}

#[tokio::test]
async fn section_2_3_nested_tokens() {
    let (encrypted, session) = encrypting_app().await;
    let signed = TwoIssuers::new().await;
    let inner = A.token("RS256", "rsa", &signed.valid_claims());
    for header in [dir(), dir_with("cty", json!("JWT"))] {
        encrypted
            .assert_refused("signed, then encrypted", &seal(&header, &inner))
            .await;
        encrypted
            .assert_refused("encrypted twice", &seal(&header, seal(&dir(), &session)))
            .await;
    }
    for header in [
        json!({"alg": "RS256", "kid": "rsa"}),
        json!({"alg": "RS256", "kid": "rsa", "cty": "JWT"}),
    ] {
        signed
            .assert_refused(
                "signed twice",
                &A.signed("RS256", header.to_string(), &inner),
            )
            .await;
        signed
            .assert_refused(
                "encrypted, then signed",
                &A.signed("RS256", header.to_string(), seal(&dir(), &session)),
            )
            .await;
    }
}

#[tokio::test]
async fn section_2_3_signed_and_encrypted_tokens_are_not_interchangeable() {
    let (encrypted, session) = encrypting_app().await;
    let signed = TwoIssuers::new().await;
    signed
        .assert_refused(
            "encrypted, but signed tokens are expected",
            &seal(&dir(), &session),
        )
        .await;
    encrypted
        .assert_refused(
            "signed, but encrypted sessions are expected",
            &A.token("RS256", "rsa", &encrypted.valid_claims()),
        )
        .await;
    let hmac = TwoIssuers::with_shared_secret(SECRET).await;
    hmac.assert_refused(
        "encrypted with the secret that signs",
        &seal(&dir(), &session),
    )
    .await;
    let sealed = seal(&dir(), &session);
    let parts: Vec<&str> = sealed.split('.').collect();
    for parts in [
        &parts[..4],
        &parts[..3],
        &parts[2..],
        &[&parts[..], &["AA"]].concat(),
    ] {
        encrypted
            .assert_refused("too few or too many parts", &parts.join("."))
            .await;
    }
}

#[tokio::test]
async fn sections_2_4_and_3_6_compression() {
    let (env, session) = encrypting_app().await;
    for zip in [
        json!("DEF"),
        json!("def"),
        json!("none"),
        json!(""),
        Value::Null,
    ] {
        env.assert_refused("zip", &seal(&dir_with("zip", zip), &session))
            .await;
    }
    // A deflated text of one stored block (RFC 1951 section 3.2.4). An implementation that
    // decompresses it finds a session.
    let length = u16::try_from(session.len()).unwrap();
    let stored = [
        &[1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        session.as_bytes(),
    ]
    .concat();
    env.assert_refused("deflated", &seal(&dir_with("zip", json!("DEF")), &stored))
        .await;
    env.assert_refused("deflated, without zip", &seal(&dir(), &stored))
        .await;
}

#[tokio::test]
async fn section_2_5_keys_in_the_token() {
    let (env, session) = encrypting_app().await;
    let point = json!({"kty": "EC", "crv": "P-256", "x": encode([1; 32]), "y": encode([2; 32])});
    let ecdh = |alg: &str| json!({"alg": alg, "enc": "A256GCM", "epk": point});
    let pbes2 = |count: u64| json!({"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2s": encode("salt"), "p2c": count});
    let started = Instant::now();
    for header in [
        ecdh("ECDH-ES"),
        ecdh("ECDH-ES+A256KW"),
        pbes2(1),
        pbes2(2_147_483_647),
        pbes2(u64::MAX),
        json!({"alg": "RSA-OAEP", "enc": "A256GCM"}),
        json!({"alg": "RSA1_5", "enc": "A256GCM"}),
        json!({"alg": "A256KW", "enc": "A256GCM"}),
        json!({"alg": "A256GCMKW", "enc": "A256GCM", "iv": encode([7; 12]), "tag": encode([7; 16])}),
        json!({"alg": "DIR", "enc": "A256GCM"}),
        json!({"alg": "none", "enc": "A256GCM"}),
        json!({"alg": ["dir"], "enc": "A256GCM"}),
        json!({"enc": "A256GCM"}),
        dir(),
    ] {
        env.assert_refused(
            "with an encrypted key",
            &seal_with_key(&header.to_string(), &encode([7; 40]), session.as_bytes()),
        )
        .await;
        if header != dir() {
            env.assert_refused("without an encrypted key", &seal(&header, &session))
                .await;
        }
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "the caller does not choose the number of rounds"
    );
}

#[tokio::test]
async fn section_3_10_headers_of_encrypted_sessions_are_not_trusted() {
    let (env, session) = encrypting_app().await;
    env.assert_accepted(
        "a key id is ignored",
        &seal(&dir_with("kid", json!("../../dev/null")), &session),
    )
    .await;
    for (name, value) in [
        ("jku", json!(env.issuer("a/keys"))),
        ("x5u", json!(env.issuer("a/keys"))),
        ("jwk", json!({"kty": "oct", "k": encode([7; 32])})),
        ("x5c", json!([])),
    ] {
        env.assert_accepted(
            "a key or its URL is ignored",
            &seal(&dir_with(name, value), &session),
        )
        .await;
    }
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("enc", json!("A128GCM")),
        ("enc", json!("A256CBC-HS512")),
        ("enc", json!("a256gcm")),
        ("enc", Value::Null),
    ] {
        env.assert_refused(name, &seal(&dir_with(name, value), &session))
            .await;
    }
    let twice = r#"{"alg":"dir","enc":"A256GCM","enc":"A256GCM"}"#;
    env.assert_refused(
        "a duplicate member",
        &seal_with_key(twice, "", session.as_bytes()),
    )
    .await;
    assert_eq!(env.requested_paths(), Vec::<String>::new());
}

#[tokio::test]
async fn section_3_3_any_change_to_an_encrypted_session_is_refused() {
    let (env, session) = encrypting_app().await;
    let sealed = seal(&dir(), &session);
    for place in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        env.assert_refused("changed", &String::from_utf8(changed).unwrap())
            .await;
        env.assert_refused("truncated", &sealed[..place]).await;
    }
}
