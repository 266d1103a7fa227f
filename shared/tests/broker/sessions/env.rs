//! A verifier with any settings, of an issuer that publishes any key set, next to a secret store
//! that has any secrets.

use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use voicemint::internals::{Credential, SessionCookie, Verifier};

use crate::support::clock::ManualClock;
use crate::support::secret_store::MemorySecrets;
use crate::support::server::serve;
use crate::support::signers::Signers;
use crate::support::verifier::{session_settings, verifier};

pub const NOW: u64 = 1_800_000_000;

/// The issuer's keys, and a stranger's.
pub static A: LazyLock<Signers> = LazyLock::new(Signers::new);
pub static B: LazyLock<Signers> = LazyLock::new(Signers::new);

/// What the server answers at a path.
pub type Responder = fn(&Value, &HeaderMap) -> Response;

pub struct Deployment {
    pub url: String,
    cookies: Vec<SessionCookie>,
    verifier: Verifier,
    store: Arc<MemorySecrets>,
    clock: ManualClock,
    requests: Arc<Mutex<Vec<HeaderMap>>>,
}

/// The published key set as it is.
pub fn as_json(document: &Value, _: &HeaderMap) -> Response {
    document.to_string().into_response()
}

impl Deployment {
    /// A verifier of tokens from an issuer with a key set.
    pub async fn with_jwk_set(jwk_set: &Value, settings: &[(&str, &str)]) -> Self {
        Self::new(jwk_set, as_json, settings, &[]).await
    }

    /// `{url}` in a setting is the server's, whose every path but OpenID discovery answers `answer`
    /// of the document.
    pub async fn new(
        document: &Value,
        respond: Responder,
        settings: &[(&str, &str)],
        secrets: &[(&str, &str)],
    ) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, document) = (Arc::clone(&requests), document.clone());
        let url = serve(|base| {
            let base = base.to_owned();
            Router::new().fallback(move |request: Request| async move {
                log.lock().unwrap().push(request.headers().clone());
                let path = request.uri().path();
                if path.ends_with("/.well-known/openid-configuration") {
                    json!({"issuer": base, "jwks_uri": format!("{base}/keys")})
                        .to_string()
                        .into_response()
                } else {
                    respond(&document, request.headers())
                }
            })
        })
        .await;
        let environment = |name: &str| {
            let set = settings
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.replace("{url}", &url));
            set.or_else(|| match name {
                "SESSION_ISSUER" => Some(url.clone()),
                "SESSION_AUDIENCE" => Some("voice".to_owned()),
                _ => None,
            })
        };
        let clock = ManualClock::new(NOW);
        let store = Arc::new(MemorySecrets::new(secrets));
        let (verifier, cookies) = verifier(&environment, Arc::clone(&store) as _, clock.clock());
        Self {
            url,
            cookies,
            verifier,
            store,
            clock,
            requests,
        }
    }

    /// Overwrites a secret.
    pub fn store(&self, id: &str, text: &str) {
        self.store.put(id, text);
    }

    /// Lets time pass.
    pub fn advance(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    /// What the issuer says of Ada, with other claims put in; one that is null is left out.
    pub fn claims(&self, change: Value) -> Value {
        let mut claims =
            json!({"iss": self.url, "sub": "ada", "aud": "voice", "exp": NOW + 60, "iat": NOW});
        let members = claims.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// The subject of a session that comes as Bearer, or the code and the log's reason.
    pub async fn verify(&self, token: &str) -> Result<String, (&'static str, String)> {
        self.verify_credential(Credential::Bearer(token)).await
    }

    /// The same for cookies, as a browser joins them.
    pub async fn verify_cookies(&self, cookies: &str) -> Result<String, (&'static str, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(
            "cookie",
            HeaderValue::from_bytes(cookies.as_bytes()).unwrap(),
        );
        self.verify_credential(Credential::find(&headers, &self.cookies))
            .await
    }

    async fn verify_credential(
        &self,
        credential: Credential<'_>,
    ) -> Result<String, (&'static str, String)> {
        match self.verifier.verify(credential).await {
            Ok(session) => Ok(session.subject().to_owned()),
            Err(problem) => Err((problem.code.name(), problem.reason.into_owned())),
        }
    }

    /// The cookies that may carry a session.
    pub fn cookie_names(&self) -> Vec<String> {
        self.cookies
            .iter()
            .map(|cookie| cookie.name.clone())
            .collect()
    }

    /// The code of a problem, or `200`.
    pub async fn code(&self, token: &str) -> &'static str {
        self.verify(token)
            .await
            .map_or_else(|(code, _)| code, |_| "200")
    }

    /// The same for cookies.
    pub async fn code_of_cookies(&self, cookies: &str) -> &'static str {
        self.verify_cookies(cookies)
            .await
            .map_or_else(|(code, _)| code, |_| "200")
    }

    /// The headers of every request that has come.
    pub fn requests(&self) -> Vec<HeaderMap> {
        self.requests.lock().unwrap().clone()
    }
}

/// What is wrong with settings, if anything is.
pub fn settings_error(settings: &[(&str, &str)]) -> Option<String> {
    session_settings(&settings).err()
}

/// An answer with a status and without content.
pub fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}
