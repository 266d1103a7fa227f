//! A verifier with any settings, of an issuer that publishes any key set, next to a secret store
//! that has any secrets.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use voicemint::clock::Clock;
use voicemint::secret::{LoadFuture, SecretStore, SecretValue};
use voicemint::session::cookie::Carrier;
use voicemint::session::credential::Credential;
use voicemint::session::settings::SessionSettings;
use voicemint::session::verifier::Verifier;
use voicemint::settings::Reader;
use voicemint::transport::Transport;

use crate::signers::Signers;

pub const NOW: u64 = 1_800_000_000;

/// The issuer's keys, and a stranger's.
pub static A: LazyLock<Signers> = LazyLock::new(Signers::new);
pub static B: LazyLock<Signers> = LazyLock::new(Signers::new);

/// What the server answers at a path.
pub type Answer = fn(&Value, &HeaderMap) -> Response;

pub struct World {
    pub url: String,
    carriers: Vec<Carrier>,
    verifier: Verifier,
    store: Arc<Secrets>,
    passed: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<HeaderMap>>>,
}

struct Secrets(Mutex<HashMap<String, String>>);

impl SecretStore for Secrets {
    fn load<'a>(&'a self, id: &'a str) -> LoadFuture<'a> {
        let text = self.0.lock().unwrap().get(id).cloned();
        Box::pin(async {
            Ok(SecretValue {
                text: text.unwrap_or_default(),
                version: "1".to_owned(),
            })
        })
    }
}

/// The published key set as it is.
pub fn as_json(document: &Value, _: &HeaderMap) -> Response {
    document.to_string().into_response()
}

impl World {
    /// A verifier of tokens from an issuer with a key set.
    pub async fn publishing(key_set: &Value, settings: &[(&str, &str)]) -> Self {
        Self::with(key_set, as_json, settings, &[]).await
    }

    /// `{url}` in a setting is the server's, whose every path but OpenID discovery answers `answer`
    /// of the document.
    pub async fn with(
        document: &Value,
        answer: Answer,
        settings: &[(&str, &str)],
        secrets: &[(&str, &str)],
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, base, document) = (Arc::clone(&asked), url.clone(), document.clone());
        let router = Router::new().fallback(move |request: Request| async move {
            log.lock().unwrap().push(request.headers().clone());
            match request
                .uri()
                .path()
                .ends_with("/.well-known/openid-configuration")
            {
                true => json!({"issuer": base, "jwks_uri": format!("{base}/keys")})
                    .to_string()
                    .into_response(),
                false => answer(&document, request.headers()),
            }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
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
        let mut reader = Reader::new(&environment);
        let settings = SessionSettings::from_settings(&mut reader);
        let settings = reader
            .finish(settings)
            .map_err(|error| error.to_string())
            .unwrap();
        let carriers = settings.carriers.clone();
        let passed = Arc::new(AtomicU64::new(0));
        let since = Arc::clone(&passed);
        let clock = Clock::new(move || {
            UNIX_EPOCH + Duration::from_secs(NOW + since.load(Ordering::SeqCst))
        });
        let secrets = secrets
            .iter()
            .map(|&(id, text)| (id.to_owned(), text.to_owned()))
            .collect();
        let store = Arc::new(Secrets(Mutex::new(secrets)));
        let fresh_for = Duration::from_secs(300);
        let verifier = Verifier::new(
            settings,
            Transport::new().unwrap(),
            Arc::clone(&store) as _,
            fresh_for,
            clock,
        );
        Self {
            url,
            carriers,
            verifier,
            store,
            passed,
            asked,
        }
    }

    /// Overwrites a secret.
    pub fn store(&self, id: &str, text: &str) {
        self.store
            .0
            .lock()
            .unwrap()
            .insert(id.to_owned(), text.to_owned());
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: u64) {
        self.passed.fetch_add(seconds, Ordering::SeqCst);
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
        self.judge(Credential::Bearer(token)).await
    }

    /// The same for cookies, as a browser joins them.
    pub async fn verify_cookies(&self, cookies: &str) -> Result<String, (&'static str, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(
            "cookie",
            HeaderValue::from_bytes(cookies.as_bytes()).unwrap(),
        );
        self.judge(Credential::find(&headers, &self.carriers)).await
    }

    async fn judge(&self, credential: Credential<'_>) -> Result<String, (&'static str, String)> {
        match self.verifier.verify(credential).await {
            Ok(session) => Ok(session.subject().to_owned()),
            Err(refusal) => Err((refusal.code.name(), refusal.reason.into_owned())),
        }
    }

    /// The cookies that may carry a session.
    pub fn cookie_names(&self) -> Vec<String> {
        self.carriers
            .iter()
            .map(|carrier| carrier.name.clone())
            .collect()
    }

    /// The code of a refusal, or `200`.
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
    pub fn asked(&self) -> Vec<HeaderMap> {
        self.asked.lock().unwrap().clone()
    }
}

/// What is wrong with settings, if anything is.
pub fn fault(settings: &[(&str, &str)]) -> Option<String> {
    let environment = |name: &str| {
        settings
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    let mut reader = Reader::new(&environment);
    let settings = SessionSettings::from_settings(&mut reader);
    reader.finish(settings).err().map(|error| error.to_string())
}

/// An answer with a status and without content.
pub fn status(code: u16) -> Response {
    StatusCode::from_u16(code).unwrap().into_response()
}
