//! A broker of a small provider, with a clock that the tests move and secrets in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tokio::time::Instant;
use voicemint::internals::{Broker, Invocation, Memory, RequestLog, Transport};
use voicemint::provider::Provider;

use crate::support::clock::ManualClock;
use crate::support::secret_store::MemorySecrets;
use crate::support::signers::{compact, mac};

pub const NOW: u64 = 1_800_000_000;
/// The secret of sessions, the key of most providers, and the secret that seals cookies.
pub const SECRET: &str = "a-secret-of-thirty-two-bytes-or-so";

/// A broker and what it depends on.
pub struct TestBroker<P: Provider> {
    pub broker: Broker<P>,
    pub clock: ManualClock,
    pub secrets: Arc<MemorySecrets>,
}

/// A response, and the request's log line.
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub cookie: Option<String>,
    pub source: Option<String>,
    pub timing: String,
    pub log: Value,
}

/// A broker, or the message about its settings. `secrets` has more than `key` and `session`.
pub fn try_start<P: Provider>(
    settings: &[(&str, &str)],
    secrets: &[(&str, &str)],
) -> Result<TestBroker<P>, String> {
    let base = [
        ("SESSION_KIND", "secret"),
        ("SESSION_SECRET_ID", "session"),
        ("SESSION_ISSUER", "app"),
        ("SESSION_AUDIENCE", "*"),
    ];
    let variables = [base.as_slice(), settings].concat();
    let base = [("session", SECRET), ("key", SECRET)];
    let secrets = Arc::new(MemorySecrets::new(&[base.as_slice(), secrets].concat()));
    let clock = ManualClock::new(NOW);
    let broker = Broker::from_settings(
        &variables.as_slice(),
        Arc::clone(&secrets) as _,
        Arc::new(Memory::new(16)),
        Transport::new().unwrap(),
        clock.clock(),
    );
    let broker = broker.map_err(|error| error.to_string())?;
    Ok(TestBroker {
        broker,
        clock,
        secrets,
    })
}

pub fn start<P: Provider>(settings: &[(&str, &str)], secrets: &[(&str, &str)]) -> TestBroker<P> {
    try_start(settings, secrets).unwrap_or_else(|error| panic!("{error}"))
}

/// A session of a subject, with more claims.
pub fn session(subject: &str, more: Value) -> String {
    let mut claims = json!({"iss": "app", "sub": subject, "exp": NOW + 100_000});
    let more = more.as_object().unwrap().clone();
    claims.as_object_mut().unwrap().extend(more);
    let header = json!({"alg": "HS256"}).to_string();
    compact(header, claims.to_string(), |message| {
        mac("HS256", SECRET.as_bytes(), message)
    })
}

impl<P: Provider> TestBroker<P> {
    /// A token for Ada, by a `POST` with this body.
    pub async fn post(&self, body: Value) -> Reply {
        self.post_as("ada", body, None).await
    }

    /// A token for Ada, by a `POST` with this body and the cookie of a response.
    pub async fn resume(&self, body: Value, cookie: &Reply) -> Reply {
        self.post_as("ada", body, cookie.cookie.as_deref()).await
    }

    pub async fn post_as(&self, subject: &str, body: Value, cookie: Option<&str>) -> Reply {
        let session = session(subject, json!({}));
        self.send(Method::POST, "/", &session, body.to_string(), cookie)
            .await
    }

    pub async fn get(&self, query: &str) -> Reply {
        let session = session("ada", json!({}));
        let path = format!("/?{query}");
        self.send(Method::GET, &path, &session, String::new(), None)
            .await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        session: &str,
        body: String,
        cookie: Option<&str>,
    ) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {session}"));
        let request = match cookie {
            Some(cookie) => request.header("cookie", cookie),
            None => request,
        };
        let request = request.body(Bytes::from(body)).unwrap();
        let invocation = Invocation {
            request_id: "r-1".to_owned(),
            deadline: Instant::now() + Duration::from_secs(10),
        };
        let (response, log) = self.broker.respond(request, invocation).await;
        Reply::new(&response, &log)
    }
}

impl Reply {
    fn new(response: &Response<Bytes>, log: &RequestLog) -> Self {
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let cookie = header("set-cookie");
        Self {
            status: response.status().as_u16(),
            body: serde_json::from_slice(response.body()).unwrap_or_default(),
            cookie: cookie.map(|line| line.split(';').next().unwrap().to_owned()),
            source: header("voicemint-source"),
            timing: header("server-timing").unwrap_or_default(),
            log: serde_json::from_str(&log.line()).unwrap(),
        }
    }

    /// The status and the problem's code.
    pub fn problem(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    /// The fields that are wrong, and what is permitted.
    pub fn errors(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        errors
            .iter()
            .map(|error| format!("{} {}", text(error, "field"), text(error, "message")))
            .collect()
    }

    /// The log's reason.
    pub fn reason(&self) -> &str {
        self.log["reason"].as_str().unwrap_or_default()
    }

    pub fn is_resumed(&self) -> bool {
        assert_eq!(self.status, 200, "{}", self.log);
        self.source.as_deref() == Some("resumed")
    }
}
