//! Section 2, threats, and section 3.6: encrypted sessions. Each is sealed as it should be under
//! the app's own key and differs in one thing, so that it is that thing which is refused.

use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use voicemint::internals::{ContentKey, Encryption};

use crate::rfc8725::env::{A, TwoIssuers};
use crate::support::signers::encode;

const SECRET: &str = "an-app-secret-that-is-obviously-fake-0123456789";

/// What the app's library would make of a header and a text, with an encrypted key that `dir` does
/// not have.
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

fn with(name: &str, value: Value) -> Value {
    let mut header = dir();
    header[name] = value;
    header
}

async fn env() -> (TwoIssuers, String) {
    let env = TwoIssuers::encrypting(SECRET).await;
    let session = env.good().to_string();
    env.accepts("as the library seals it", &seal(&dir(), &session))
        .await;
    (env, session)
}

#[tokio::test]
async fn section_2_3_a_token_within_a_token() {
    let (encrypted, session) = env().await;
    let signed = TwoIssuers::new().await;
    let inner = A.token("RS256", "rsa", &signed.good());
    for header in [dir(), with("cty", json!("JWT"))] {
        encrypted
            .refuses("signed, then encrypted", &seal(&header, &inner))
            .await;
        encrypted
            .refuses("encrypted twice", &seal(&header, seal(&dir(), &session)))
            .await;
    }
    for header in [
        json!({"alg": "RS256", "kid": "rsa"}),
        json!({"alg": "RS256", "kid": "rsa", "cty": "JWT"}),
    ] {
        signed
            .refuses(
                "signed twice",
                &A.signed("RS256", header.to_string(), &inner),
            )
            .await;
        signed
            .refuses(
                "encrypted, then signed",
                &A.signed("RS256", header.to_string(), seal(&dir(), &session)),
            )
            .await;
    }
}

#[tokio::test]
async fn section_2_3_neither_kind_stands_in_for_the_other() {
    let (encrypted, session) = env().await;
    let signed = TwoIssuers::new().await;
    signed
        .refuses(
            "encrypted, where tokens are signed",
            &seal(&dir(), &session),
        )
        .await;
    encrypted
        .refuses(
            "signed, where sessions are encrypted",
            &A.token("RS256", "rsa", &encrypted.good()),
        )
        .await;
    let hmac = TwoIssuers::sharing(SECRET).await;
    hmac.refuses(
        "encrypted, where the same secret signs",
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
            .refuses("too few or too many parts", &parts.join("."))
            .await;
    }
}

#[tokio::test]
async fn sections_2_4_and_3_6_compression() {
    let (env, session) = env().await;
    for zip in [
        json!("DEF"),
        json!("def"),
        json!("none"),
        json!(""),
        Value::Null,
    ] {
        env.refuses("zip", &seal(&with("zip", zip), &session)).await;
    }
    // A deflated text that says to be stored as it is (RFC 1951 section 3.2.4), so that an unpacker
    // would find a session.
    let length = u16::try_from(session.len()).unwrap();
    let stored = [
        &[1][..],
        &length.to_le_bytes(),
        &(!length).to_le_bytes(),
        session.as_bytes(),
    ]
    .concat();
    env.refuses("deflated", &seal(&with("zip", json!("DEF")), &stored))
        .await;
    env.refuses("deflated, untold", &seal(&dir(), &stored))
        .await;
}

#[tokio::test]
async fn section_2_5_keys_that_travel_along() {
    let (env, session) = env().await;
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
        env.refuses(
            "a key beside",
            &seal_with_key(&header.to_string(), &encode([7; 40]), session.as_bytes()),
        )
        .await;
        if header != dir() {
            env.refuses("no key beside", &seal(&header, &session)).await;
        }
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "a count of rounds is not the caller's to choose"
    );
}

#[tokio::test]
async fn section_3_10_headers_of_encrypted_sessions_decide_nothing() {
    let (env, session) = env().await;
    env.accepts(
        "a key id is passed over",
        &seal(&with("kid", json!("../../dev/null")), &session),
    )
    .await;
    for (name, value) in [
        ("jku", json!(env.issuer("a/keys"))),
        ("x5u", json!(env.issuer("a/keys"))),
        ("jwk", json!({"kty": "oct", "k": encode([7; 32])})),
        ("x5c", json!([])),
    ] {
        env.accepts(
            "a key or its place is passed over",
            &seal(&with(name, value), &session),
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
        env.refuses(name, &seal(&with(name, value), &session)).await;
    }
    let twice = r#"{"alg":"dir","enc":"A256GCM","enc":"A256GCM"}"#;
    env.refuses(
        "a member twice",
        &seal_with_key(twice, "", session.as_bytes()),
    )
    .await;
    assert_eq!(env.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn section_3_3_every_bit_of_an_encrypted_session_counts() {
    let (env, session) = env().await;
    let sealed = seal(&dir(), &session);
    for place in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        env.refuses("changed", &String::from_utf8(changed).unwrap())
            .await;
        env.refuses("cut off", &sealed[..place]).await;
    }
}
