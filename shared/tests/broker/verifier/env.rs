//! An issuer, its keys, and a verifier of its tokens on a clock that the tests set.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use voicemint::internals::{Credential, Verifier};

use crate::support::clock::ManualClock;
use crate::support::secret_store::MemorySecrets;
use crate::support::server::serve;
use crate::support::verifier::verifier;

pub const START: u64 = 1_800_000_000;

pub struct SigningKey {
    pub id: Option<String>,
    pub pair: Ed25519KeyPair,
}

impl SigningKey {
    pub fn new(id: impl Into<Option<&'static str>>) -> Arc<Self> {
        Arc::new(Self {
            id: id.into().map(str::to_owned),
            pair: Ed25519KeyPair::generate().unwrap(),
        })
    }

    pub fn public(&self) -> Value {
        let point = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": point});
        if let Some(id) = &self.id {
            jwk["kid"] = id.as_str().into();
        }
        jwk
    }

    /// A token with the given key id.
    pub fn sign_as(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = json!({"alg": "EdDSA"});
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        let message = [&header, claims]
            .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
            .join(".");
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.id.as_deref(), claims)
    }
}

pub struct RotatingIssuer {
    pub url: String,
    pub published: Arc<Mutex<Vec<Arc<SigningKey>>>>,
    /// The response of the introspection endpoint.
    pub introspection_response: Arc<Mutex<Value>>,
    pub calls: Arc<AtomicUsize>,
    clock: ManualClock,
    pub verifier: Arc<Verifier>,
}

impl RotatingIssuer {
    /// A verifier of tokens from one issuer that publishes `keys`.
    pub async fn new(keys: &[Arc<SigningKey>]) -> Self {
        Self::with_settings(keys, |url| {
            vec![
                ("SESSION_ISSUER", url.to_owned()),
                ("SESSION_JWKS_URL", format!("{url}/keys")),
            ]
        })
        .await
    }

    pub async fn with_settings(
        keys: &[Arc<SigningKey>],
        settings: impl FnOnce(&str) -> Vec<(&'static str, String)>,
    ) -> Self {
        let published = Arc::new(Mutex::new(keys.to_vec()));
        let introspection_response = Arc::new(Mutex::new(Value::Null));
        let calls = Arc::new(AtomicUsize::new(0));
        let url = serve(|_| {
            let (published, introspection_response, calls) = (
                Arc::clone(&published),
                Arc::clone(&introspection_response),
                Arc::clone(&calls),
            );
            Router::new().fallback(move |request: Request| {
                calls.fetch_add(1, Ordering::SeqCst);
                let keys: Vec<_> = published
                    .lock()
                    .unwrap()
                    .iter()
                    .map(|key| key.public())
                    .collect();
                let is_jwk_set = request.uri().path() == "/keys";
                let response = if is_jwk_set {
                    json!({ "keys": keys })
                } else {
                    introspection_response.lock().unwrap().clone()
                };
                async move {
                    // Long enough for all other requests to arrive meanwhile.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    response.to_string()
                }
            })
        })
        .await;
        let clock = ManualClock::new(START);
        let mut variables = settings(&url);
        variables.push(("SESSION_AUDIENCE", "voice".to_owned()));
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let store = Arc::new(MemorySecrets::with_default("a-client-token"));
        let (verifier, _) = verifier(&variables.as_slice(), store, clock.clock());
        Self {
            url,
            published,
            introspection_response,
            calls,
            clock,
            verifier: Arc::new(verifier),
        }
    }

    pub fn publish(&self, keys: &[&Arc<SigningKey>]) {
        *self.published.lock().unwrap() = keys.iter().map(|key| Arc::clone(key)).collect();
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    pub fn now(&self) -> u64 {
        self.clock.now()
    }

    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    pub fn claims(&self, subject: &str) -> Value {
        let now = self.clock.now();
        json!({"iss": self.url, "aud": "voice", "sub": subject, "iat": now, "exp": now + 300})
    }

    pub async fn subject_or_code(&self, token: &str) -> String {
        subject_or_code(&self.verifier, token).await
    }
}

/// The subject of the session, or the code of the problem.
pub async fn subject_or_code(verifier: &Verifier, token: &str) -> String {
    match verifier.verify(Credential::Bearer(token)).await {
        Ok(session) => session.subject().to_owned(),
        Err(problem) => problem.code.name().to_owned(),
    }
}
