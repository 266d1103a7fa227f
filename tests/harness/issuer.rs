//! An OpenID provider on loopback whose discovery document and JWK set can fail, and the tokens
//! signed with its keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::keys::{Jwt, Key, now, without_claim};
use crate::server::{Reply, Request, Server};

pub const AUDIENCE: &str = "voicemint-tests";

const DISCOVERY: &str = "/.well-known/openid-configuration";
const JWK_SET: &str = "/keys.json";

/// How one of the issuer's documents fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DocumentFault {
    Reset,
    Error500,
    Html,
    /// One byte more than the function reads.
    Oversized,
    Redirect,
    Drip,
    Silence,
    /// JSON, but not of the expected shape.
    WrongShape,
}

impl DocumentFault {
    pub const ALL: [Self; 8] = [
        Self::Reset,
        Self::Error500,
        Self::Html,
        Self::Oversized,
        Self::Redirect,
        Self::Drip,
        Self::Silence,
        Self::WrongShape,
    ];
}

#[derive(Default)]
struct State {
    keys: Vec<Arc<Key>>,
    discovery: Option<DocumentFault>,
    jwk_set: Option<DocumentFault>,
    issuer_name: Option<String>,
    without_key_ids: bool,
    rotations: usize,
}

pub struct Issuer {
    server: Server,
    state: Arc<Mutex<State>>,
}

impl Issuer {
    pub async fn start() -> Self {
        let keys = Key::standard();
        let state = Arc::new(Mutex::new(State {
            keys,
            ..State::default()
        }));
        let shared = state.clone();
        let server = Server::start(move |request| reply(request, &shared)).await;
        Self { server, state }
    }

    /// The issuer identifier, which is also the server's address.
    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn jwks_url(&self) -> String {
        self.url() + JWK_SET
    }

    /// Valid claims of a user, for five minutes.
    pub fn claims(&self, subject: &str) -> Value {
        json!({ "iss": self.url(), "aud": AUDIENCE, "sub": subject, "iat": now(), "exp": now() + 300 })
    }

    /// A valid session of a user.
    pub fn token(&self, subject: &str) -> String {
        self.sign(&self.claims(subject))
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.jwt("RS256", claims).encode()
    }

    /// A JWT signed with the newest published key for this algorithm.
    pub fn jwt(&self, alg: &str, claims: &Value) -> Jwt {
        let state = self.state.lock().expect("an unpoisoned state");
        let key = state.keys.iter().rev().find(|key| key.signs(alg));
        Jwt::new(
            key.unwrap_or_else(|| panic!("a key for {alg}")).clone(),
            alg,
            claims,
        )
    }

    pub fn public_der(&self, alg: &str) -> Vec<u8> {
        let state = self.state.lock().expect("an unpoisoned state");
        state
            .keys
            .iter()
            .find(|key| key.signs(alg))
            .map(|key| key.public_der())
            .unwrap_or_default()
    }

    /// Publishes another ES256 key, which signs ES256 tokens from now on. Returns its id.
    pub fn rotate_keys(&self) -> String {
        let mut state = self.state.lock().expect("an unpoisoned state");
        state.rotations += 1;
        let kid = format!("p256-rotated-{}", state.rotations);
        state.keys.push(Arc::new(Key::ec(&kid, "ES256")));
        kid
    }

    pub fn remove_key(&self, kid: &str) {
        self.state
            .lock()
            .expect("an unpoisoned state")
            .keys
            .retain(|key| key.kid != kid);
    }

    /// Publishes the keys without their ids from now on.
    pub fn omit_key_ids(&self) {
        self.state
            .lock()
            .expect("an unpoisoned state")
            .without_key_ids = true;
    }

    pub fn set_discovery_fault(&self, fault: impl Into<Option<DocumentFault>>) {
        self.state.lock().expect("an unpoisoned state").discovery = fault.into();
    }

    pub fn set_jwk_set_fault(&self, fault: impl Into<Option<DocumentFault>>) {
        self.state.lock().expect("an unpoisoned state").jwk_set = fault.into();
    }

    /// Puts another issuer into the discovery document from now on.
    pub fn set_issuer_name(&self, issuer: &str) {
        self.state.lock().expect("an unpoisoned state").issuer_name = Some(issuer.into());
    }

    pub fn discovery_fetches(&self) -> usize {
        self.fetches(DISCOVERY)
    }

    pub fn jwk_set_fetches(&self) -> usize {
        self.fetches(JWK_SET)
    }

    /// All requests, of any path.
    pub fn requests(&self) -> Vec<Request> {
        self.server.requests()
    }

    fn fetches(&self, path: &str) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.target == path)
            .count()
    }
}

fn reply(request: &Request, state: &Mutex<State>) -> Reply {
    let state = state.lock().expect("an unpoisoned state");
    let issuer = format!("http://{}", request.header("host").unwrap_or_default());
    let published = |key: &Arc<Key>| {
        if state.without_key_ids {
            without_claim(&key.jwk(), "kid")
        } else {
            key.jwk()
        }
    };
    let jwk_set = json!({ "keys": state.keys.iter().map(published).collect::<Vec<_>>() });
    let (document, fault) = match request.target.as_str() {
        DISCOVERY => {
            let name = state.issuer_name.as_ref().unwrap_or(&issuer);
            (
                json!({ "issuer": name, "jwks_uri": format!("{issuer}{JWK_SET}") }),
                state.discovery,
            )
        }
        JWK_SET => (jwk_set.clone(), state.jwk_set),
        // The target of the redirect. It serves a valid JWK set, so that a case notices if the
        // redirect is followed.
        "/moved" => (jwk_set.clone(), None),
        _ => return Reply::json(404, &json!({ "error": "not_found" })),
    };
    let valid = Reply::json(200, &document);
    match fault {
        None => valid,
        Some(DocumentFault::Reset) => valid.reset_after(0),
        Some(DocumentFault::Error500) => Reply::json(500, &json!({ "error": "server_error" })),
        Some(DocumentFault::Html) => Reply::new(
            200,
            "text/html",
            "<!doctype html><title>Sign in to the network</title>",
        ),
        Some(DocumentFault::Oversized) => {
            let mut text = document.to_string();
            text.push_str(&" ".repeat(150_001 - text.len()));
            Reply::new(200, "application/json", text)
        }
        Some(DocumentFault::Redirect) => {
            Reply::new(302, "text/plain", "").header("location", "/moved")
        }
        Some(DocumentFault::Drip) => valid.drip(Duration::from_millis(200)),
        Some(DocumentFault::Silence) => Reply::silence(),
        Some(DocumentFault::WrongShape) => Reply::json(200, &json!([{ "keys": "none" }])),
    }
}
