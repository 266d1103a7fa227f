//! A verifier of two issuers that this process serves, or of another kind that has keys. Its clock
//! does not move.

use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::{Value, json};
use voicemint::internals::{Credential, Verifier};
use voicemint::problem::{Code, Problem};

use crate::support::clock::ManualClock;
use crate::support::secret_store::MemorySecrets;
use crate::support::server::serve;
use crate::support::signers::Signers;
use crate::support::verifier::verifier;

pub const NOW: u64 = 1_800_000_000;

/// The keys of the issuers `a` and `b`. Both key sets use the same key ids.
pub static A: LazyLock<Signers> = LazyLock::new(Signers::new);
pub static B: LazyLock<Signers> = LazyLock::new(Signers::new);

pub struct TwoIssuers {
    /// The URL that both issuers begin with.
    url: String,
    verifier: Verifier,
    /// The path of every request.
    requests: Arc<Mutex<Vec<String>>>,
}

impl TwoIssuers {
    /// Two issuers that publish their keys.
    pub async fn new() -> Self {
        Self::with_settings("jwt", "", &[]).await
    }

    /// Two issuers that share a secret with the broker.
    pub async fn with_shared_secret(secret: &str) -> Self {
        Self::with_settings("secret", secret, &[("SESSION_SECRET_ID", "one,two")]).await
    }

    /// An app that encrypts sessions with a secret.
    pub async fn with_encrypted_sessions(secret: &str) -> Self {
        Self::with_settings(
            "authjs",
            secret,
            &[("SESSION_SECRET_ID", "one"), ("SESSION_ISSUER", "app")],
        )
        .await
    }

    /// A verifier of any kind. `settings` take precedence over the defaults.
    pub async fn with_settings(kind: &str, secret: &str, settings: &[(&str, &str)]) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requests);
        let url = serve(|base| {
            let base = base.to_owned();
            Router::new().fallback(move |request: Request| async move {
                let path = request.uri().path().to_owned();
                let document = document(&base, &path);
                log.lock().unwrap().push(path);
                document.map_or(StatusCode::NOT_FOUND.into_response(), |document| {
                    document.to_string().into_response()
                })
            })
        })
        .await;
        let issuers = format!("{url}/a,{url}/b");
        let defaults = [
            ("SESSION_KIND", kind),
            ("SESSION_ISSUER", &issuers),
            ("SESSION_AUDIENCE", "voice"),
        ];
        // The first value of a name is used.
        let variables = [settings, &defaults].concat();
        let store = Arc::new(MemorySecrets::with_default(secret));
        let (verifier, _) = verifier(&variables.as_slice(), store, ManualClock::new(NOW).clock());
        Self {
            url,
            verifier,
            requests,
        }
    }

    pub fn issuer(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    /// The claims of issuer `a` for Ada, with `change` applied. Claims that are null are removed.
    pub fn claims(&self, change: Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer("a"), "sub": "ada", "aud": "voice", "azp": "app", "exp": NOW + 60, "iat": NOW, "nbf": NOW,
        });
        let members = claims.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// Claims that meet every rule.
    pub fn valid_claims(&self) -> Value {
        self.claims(json!({}))
    }

    /// The subject of a session, or the problem.
    pub async fn verify(&self, token: &str) -> Result<String, Problem> {
        let session = self.verifier.verify(Credential::Bearer(token)).await?;
        Ok(session.subject().to_owned())
    }

    pub async fn assert_accepted(&self, case: &str, token: &str) {
        assert_eq!(
            self.verify(token).await.ok().as_deref(),
            Some("ada"),
            "{case}: {token}"
        );
    }

    pub async fn assert_refused(&self, case: &str, token: &str) {
        self.assert_refused_with(Code::SessionInvalid, case, token)
            .await;
    }

    pub async fn assert_refused_with(&self, code: Code, case: &str, token: &str) {
        let problem = self.verify(token).await.err();
        assert_eq!(
            problem.as_ref().map(|problem| problem.code),
            Some(code),
            "{case}: {token}: {problem:?}"
        );
        assert_eq!(code.status(), StatusCode::UNAUTHORIZED);
    }

    /// The paths of the requests since the last call of this method.
    pub fn requested_paths(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// The discovery documents and key sets.
fn document(url: &str, path: &str) -> Option<Value> {
    let (_, name, rest) = path
        .split_once('/')
        .and_then(|(_, path)| path.split_once('/'))
        .map(|(n, r)| ((), n, r))?;
    let signers = match name {
        "a" => &A,
        "b" => &B,
        _ => return None,
    };
    match rest {
        ".well-known/openid-configuration" => Some(
            json!({"issuer": format!("{url}/{name}"), "jwks_uri": format!("{url}/{name}/keys")}),
        ),
        "keys" => {
            let mut set = signers.jwk_set();
            // The same key again, bound to one algorithm.
            let mut bound = set["keys"][0].clone();
            bound["kid"] = json!("rsa-for-rs256");
            bound["alg"] = json!("RS256");
            set["keys"].as_array_mut().unwrap().push(bound);
            Some(set)
        }
        _ => None,
    }
}
