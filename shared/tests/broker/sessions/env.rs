//! A verifier with any settings, an issuer that publishes any key set, and a secret store with any
//! secrets.

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

/// `A` has the keys of the issuer, `B` has untrusted keys.
pub static A: LazyLock<Signers> = LazyLock::new(Signers::new);
pub static B: LazyLock<Signers> = LazyLock::new(Signers::new);

/// How the server responds to a request, given the document and the headers.
pub type Responder = fn(&Value, &HeaderMap) -> Response;

pub struct Deployment {
    pub url: String,
    cookies: Vec<SessionCookie>,
    verifier: Verifier,
    store: Arc<MemorySecrets>,
    clock: ManualClock,
    requests: Arc<Mutex<Vec<HeaderMap>>>,
}

/// Responds with the document as JSON.
pub fn as_json(document: &Value, _: &HeaderMap) -> Response {
    document.to_string().into_response()
}

impl Deployment {
    /// A verifier of tokens from an issuer with this key set.
    pub async fn with_jwk_set(jwk_set: &Value, settings: &[(&str, &str)]) -> Self {
        Self::new(jwk_set, as_json, settings, &[]).await
    }

    /// `{url}` in a setting is replaced by the URL of the server. The server responds to OpenID
    /// discovery with its own document and to every other path with `respond`.
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
        let settings: Vec<_> = settings
            .iter()
            .map(|&(name, value)| (name, value.replace("{url}", &url)))
            .collect();
        let defaults = [
            ("SESSION_ISSUER", url.as_str()),
            ("SESSION_AUDIENCE", "voice"),
        ];
        // The first value of a name is used.
        let variables: Vec<_> = settings
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(defaults)
            .collect();
        let clock = ManualClock::new(NOW);
        let store = Arc::new(MemorySecrets::new(secrets));
        let (verifier, cookies) = verifier(
            &variables.as_slice(),
            Arc::clone(&store) as _,
            clock.clock(),
        );
        Self {
            url,
            cookies,
            verifier,
            store,
            clock,
            requests,
        }
    }

    pub fn store(&self, id: &str, text: &str) {
        self.store.put(id, text);
    }

    pub fn advance(&self, seconds: u64) {
        self.clock.advance(seconds);
    }

    /// The claims of the issuer for Ada, with `change` applied. Claims that are null are removed.
    pub fn claims(&self, change: Value) -> Value {
        let mut claims =
            json!({"iss": self.url, "sub": "ada", "aud": "voice", "exp": NOW + 60, "iat": NOW});
        let members = claims.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        claims
    }

    /// The subject of a session in a Bearer credential, or the code and the reason for the log.
    pub async fn verify(&self, token: &str) -> Result<String, (&'static str, String)> {
        self.verify_credential(Credential::Bearer(token)).await
    }

    /// The same for a `Cookie` header.
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

    /// The names of the cookies that may contain a session.
    pub fn cookie_names(&self) -> Vec<String> {
        self.cookies
            .iter()
            .map(|cookie| cookie.name.clone())
            .collect()
    }

    /// The code of the problem, or `200`.
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

    /// The headers of every request.
    pub fn requests(&self) -> Vec<HeaderMap> {
        self.requests.lock().unwrap().clone()
    }
}

/// The message about wrong settings, if any are wrong.
pub fn settings_error(settings: &[(&str, &str)]) -> Option<String> {
    session_settings(&settings).err()
}

/// A response with this status and no body.
pub fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}
