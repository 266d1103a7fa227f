//! A verifier of two issuers that this process serves, and of every other kind that has keys; the
//! clock stands still.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use voicemint::clock::Clock;
use voicemint::problem::{Code, Problem};
use voicemint::secret::{LoadFuture, SecretStore, SecretValue};
use voicemint::session::credential::Credential;
use voicemint::session::settings::SessionSettings;
use voicemint::session::verifier::Verifier;
use voicemint::settings::Reader;
use voicemint::transport::Transport;

use crate::signers::Signers;

pub const NOW: u64 = 1_800_000_000;

/// The keys of the issuers `a` and `b`. The key sets name them alike.
pub static A: LazyLock<Signers> = LazyLock::new(Signers::new);
pub static B: LazyLock<Signers> = LazyLock::new(Signers::new);

pub struct World {
    /// The two issuers' common beginning.
    url: String,
    verifier: Verifier,
    /// The path of every request that has come.
    asked: Arc<Mutex<Vec<String>>>,
}

struct OneSecret(String);

impl SecretStore for OneSecret {
    fn load<'a>(&'a self, _: &'a str) -> LoadFuture<'a> {
        Box::pin(async {
            Ok(SecretValue {
                text: self.0.clone(),
                version: "1".to_owned(),
            })
        })
    }
}

impl World {
    /// Two issuers that publish their keys.
    pub async fn new() -> Self {
        Self::with("jwt", "", &[]).await
    }

    /// Two issuers that share a secret with the broker.
    pub async fn sharing(secret: &str) -> Self {
        Self::with("secret", secret, &[("SESSION_SECRET_ID", "one,two")]).await
    }

    /// An app that encrypts under a secret.
    pub async fn encrypting(secret: &str) -> Self {
        Self::with(
            "authjs",
            secret,
            &[("SESSION_SECRET_ID", "one"), ("SESSION_ISSUER", "app")],
        )
        .await
    }

    /// A verifier of any kind, with further settings.
    pub async fn with(kind: &str, secret: &str, settings: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, base) = (Arc::clone(&asked), url.clone());
        let router = Router::new().fallback(move |request: Request| async move {
            let path = request.uri().path().to_owned();
            let answer = answer(&base, &path);
            log.lock().unwrap().push(path);
            answer.map_or(StatusCode::NOT_FOUND.into_response(), |answer| {
                answer.to_string().into_response()
            })
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
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
        let mut reader = Reader::new(&environment);
        let settings = SessionSettings::from_settings(&mut reader);
        let settings = reader
            .finish(settings)
            .map_err(|error| error.to_string())
            .unwrap();
        let clock = Clock::new(|| UNIX_EPOCH + Duration::from_secs(NOW));
        let store = Arc::new(OneSecret(secret.to_owned()));
        let transport = Transport::new().unwrap();
        let verifier = Verifier::new(settings, transport, store, Duration::from_secs(300), clock);
        Self {
            url,
            verifier,
            asked,
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

    /// Claims as they are where nothing is wrong with them.
    pub fn good(&self) -> Value {
        self.claims(json!({}))
    }

    /// Who is signed in with a credential, or why nobody is.
    pub async fn verify(&self, token: &str) -> Result<String, Problem> {
        let session = self.verifier.verify(Credential::Bearer(token)).await?;
        Ok(session.subject().to_owned())
    }

    pub async fn accepts(&self, case: &str, token: &str) {
        assert_eq!(
            self.verify(token).await.ok().as_deref(),
            Some("ada"),
            "{case}: {token}"
        );
    }

    pub async fn refuses(&self, case: &str, token: &str) {
        self.refuses_as(Code::SessionInvalid, case, token).await;
    }

    pub async fn refuses_as(&self, code: Code, case: &str, token: &str) {
        let refusal = self.verify(token).await.err();
        assert_eq!(
            refusal.as_ref().map(|refusal| refusal.code),
            Some(code),
            "{case}: {token}: {refusal:?}"
        );
        assert_eq!(code.status(), StatusCode::UNAUTHORIZED);
    }

    /// The paths that were asked for since this was asked last.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

/// Discovery documents and key sets, and nothing else.
fn answer(url: &str, path: &str) -> Option<Value> {
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
            let mut set = signers.key_set();
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
