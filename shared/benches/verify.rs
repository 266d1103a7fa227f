//! The cost of verifying a credential when its keys are cached: from the text to the checked
//! claims, with the verifier that a function uses. The relevant figure is the median, which
//! `make bench-verify` prints.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark that fails may panic"
)]

#[path = "../tests/broker/support/signers.rs"]
mod signers;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use axum::Router;
use axum::routing::get;
use divan::{Bencher, black_box};
use serde_json::{Value, json};
use signers::{Signers, encode};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use voicemint::internals::{
    Clock, ContentKey, Credential, Encryption, LoadFuture, SecretStore, SecretValue,
    SessionSettings, Transport, Verifier,
};
use voicemint::settings::Reader;

const NOW: u64 = 1_800_000_000;
/// The secret of an app, for encrypted sessions.
const SECRET: &str = "an-app-secret-that-is-obviously-fake-0123456789";

static SIGNERS: LazyLock<Signers> = LazyLock::new(Signers::new);
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

struct StaticSecret(String);

impl SecretStore for StaticSecret {
    fn load<'a>(&'a self, _: &'a str) -> LoadFuture<'a> {
        Box::pin(async { Ok(SecretValue::new(self.0.clone(), "1")) })
    }
}

/// A verifier whose clock does not move, so that its cached keys stay fresh.
fn verifier(kind: &str, secret: &str, settings: &[(&str, &str)]) -> Verifier {
    let variables = [&[("SESSION_KIND", kind)], settings].concat();
    let variables = variables.as_slice();
    let mut reader = Reader::new(&variables);
    let settings = SessionSettings::from_settings(&mut reader);
    let settings = reader
        .finish(settings)
        .map_err(|error| error.to_string())
        .unwrap();
    let clock = Clock::new(|| UNIX_EPOCH + Duration::from_secs(NOW));
    let (transport, store) = (
        Transport::new().unwrap(),
        Arc::new(StaticSecret(secret.to_owned())),
    );
    let verifier = Verifier::new(settings, transport, store, Duration::from_secs(300), clock);
    RUNTIME.block_on(verifier.warm());
    verifier
}

/// A verifier that has the key set of an issuer in this process.
fn published_keys_verifier() -> Verifier {
    let listener = RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let jwk_set = SIGNERS.jwk_set().to_string();
    let router = Router::new().route("/keys", get(|| async { jwk_set }));
    RUNTIME.spawn(async move { axum::serve(listener, router).await });
    let settings = [
        ("SESSION_ISSUER", "https://id.test"),
        ("SESSION_AUDIENCE", "voice"),
        ("SESSION_JWKS_URL", &url),
    ];
    verifier("jwt", "", &settings)
}

/// Typical claims of an identity provider.
fn claims() -> Value {
    json!({
        "iss": "https://id.test", "sub": "auth0|5f7c8ec7c33c6c004bbafe82", "aud": ["voice", "https://id.test/userinfo"],
        "azp": "my-app", "exp": NOW + 60, "iat": NOW - 60, "scope": "openid profile email voice:tts voice:stt",
        "email": "ada@app.test", "email_verified": true, "sid": "0d3c9d2f-5b1e-4c3e-9f7e-1b7f1c1f8a55",
        "permissions": ["tts", "stt", "agent"], "jti": "b9f7f0d4-8f7d-44f7-9d9a-6a5d7f2d1c3b",
    })
}

/// Measures the verification of a credential, after asserting its result.
fn bench_verify(bencher: Bencher, verifier: &Verifier, credential: &str, good: bool) {
    let verify = || {
        RUNTIME
            .block_on(verifier.verify(Credential::Bearer(black_box(credential))))
            .is_ok()
    };
    assert_eq!(verify(), good);
    bencher.bench_local(verify);
}

#[divan::bench(args = [
    ("RS256", "rsa"), ("PS256", "rsa"), ("ES256", "p256"), ("ES384", "p384"), ("ES512", "p521"), ("EdDSA", "ed25519"),
])]
fn published_key(bencher: Bencher, (alg, kid): (&str, &str)) {
    let verifier = published_keys_verifier();
    // More tokens than the cache holds, so that each is verified again.
    let token = |number: usize| {
        let mut claims = claims();
        claims["jti"] = json!(number);
        SIGNERS.token(alg, kid, &claims)
    };
    let mut tokens = (0..1100).map(token).collect::<Vec<_>>().into_iter().cycle();
    let mut verify = || {
        let token = tokens.next().unwrap();
        RUNTIME
            .block_on(verifier.verify(Credential::Bearer(black_box(&token))))
            .is_ok()
    };
    assert!(verify());
    bencher.bench_local(verify);
}

#[divan::bench]
fn published_key_seen_before(bencher: Bencher) {
    bench_verify(
        bencher,
        &published_keys_verifier(),
        &SIGNERS.token("RS256", "rsa", &claims()),
        true,
    );
}

#[divan::bench(args = ["HS256", "HS512"])]
fn shared_secret(bencher: Bencher, alg: &str) {
    let settings = [
        ("SESSION_ISSUER", "https://id.test"),
        ("SESSION_AUDIENCE", "voice"),
        ("SESSION_SECRET_ID", "s"),
    ];
    let verifier = verifier("secret", &SIGNERS.secret, &settings);
    bench_verify(
        bencher,
        &verifier,
        &SIGNERS.token(alg, "secret", &claims()),
        true,
    );
}

/// The verifier derives the keys again for each session.
#[divan::bench]
fn encrypted(bencher: Bencher) {
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
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let header = encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let mut text = claims().to_string().into_bytes();
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let tag = key
        .seal_in_place_separate_tag(nonce, Aad::from(header.as_bytes()), &mut text)
        .unwrap();
    let session = format!(
        "{header}..{}.{}.{}",
        encode([7; 12]),
        encode(text),
        encode(tag)
    );
    bench_verify(
        bencher,
        &verifier("authjs", SECRET, &[("SESSION_SECRET_ID", "s")]),
        &session,
        true,
    );
}

#[divan::bench(args = ["letters", "dots", "8 KiB", "another issuer", "a forged signature"])]
fn refused(bencher: Bencher, what: &str) {
    let good = SIGNERS.token("RS256", "rsa", &claims());
    let mut other_issuer = claims();
    other_issuer["iss"] = json!("https://evil.test");
    let credential = match what {
        "letters" => "garbage".repeat(50),
        "dots" => "a.b.c".to_owned(),
        "8 KiB" => "A".repeat(8192),
        "another issuer" => SIGNERS.token("RS256", "rsa", &other_issuer),
        _ => good.replace(
            &encode(claims().to_string()),
            &encode(claims().to_string().replace("ada", "eve")),
        ),
    };
    bench_verify(bencher, &published_keys_verifier(), &credential, false);
}

fn main() {
    divan::main();
}
