//! A verifier of two issuers that this process serves, and of every other kind that has keys; the
//! clock stands still.

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

/// The keys of the issuers `a` and `b`. The key sets name them alike.
pub static A: LazyLock<Signers> = LazyLock::new(Signers::new);
pub static B: LazyLock<Signers> = LazyLock::new(Signers::new);

pub struct TwoIssuers {
    /// The two issuers' common beginning.
    url: String,
    verifier: Verifier,
    /// The path of every request that has come.
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

    /// An app that encrypts under a secret.
    pub async fn with_encrypted_sessions(secret: &str) -> Self {
        Self::with_settings(
            "authjs",
            secret,
            &[("SESSION_SECRET_ID", "one"), ("SESSION_ISSUER", "app")],
        )
        .await
    }

    /// A verifier of any kind, with further settings.
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
        let environment = |name: &str| {
            let set = settings
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned());
            set.or_else(|| match name {
                "SESSION_KIND" => Some(kind.to_owned()),
                "SESSION_ISSUER" => Some(format!("{url}/a,{url}/b")),
                "SESSION_AUDIENCE" => Some("voice".to_owned()),
                _ => None,
            })
        };
        let store = Arc::new(MemorySecrets::with_default(secret));
        let (verifier, _) = verifier(&environment, store, ManualClock::new(NOW).clock());
        Self {
            url,
            verifier,
            requests,
        }
    }

    pub fn issuer(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }

    /// What issuer `a` says of Ada, with other claims put in; one that is null is left out.
    pub fn claims(&self, change: Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer("a"), "sub": "ada", "aud": "voice", "azp": "app", "exp": NOW + 60, "iat": NOW, "nbf": NOW,
        });
        let members = claims.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// ClaimsSet as they are where nothing is wrong with them.
    pub fn valid_claims(&self) -> Value {
        self.claims(json!({}))
    }

    /// Who is signed in with a credential, or why nobody is.
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

    /// The paths that were requested since the last call.
    pub fn requested_paths(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

/// Discovery documents and key sets, and nothing else.
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
            // The same key once more, made for one algorithm.
            let mut bound = set["keys"][0].clone();
            bound["kid"] = json!("rsa-for-rs256");
            bound["alg"] = json!("RS256");
            set["keys"].as_array_mut().unwrap().push(bound);
            Some(set)
        }
        _ => None,
    }
}
