//! An OpenID provider on loopback that can fail: discovery document, key set, and the tokens signed
//! with its keys.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::keys::{Jwt, Key, now, without};
use crate::server::{Reply, Request, Server};

pub const AUDIENCE: &str = "voicemint-tests";

const DISCOVERY: &str = "/.well-known/openid-configuration";
const KEY_SET: &str = "/keys.json";

/// How one of its documents fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outage {
    Reset,
    Error500,
    Html,
    /// One byte more than is read.
    Oversized,
    Redirect,
    Drip,
    Silence,
    /// JSON, and yet none of the kind.
    WrongShape,
}

impl Outage {
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
    discovery: Option<Outage>,
    key_set: Option<Outage>,
    alias: Option<String>,
    without_key_ids: bool,
    made: usize,
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

    /// The issuer's name, which is also its address.
    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn key_set_url(&self) -> String {
        self.url() + KEY_SET
    }

    /// Good claims of that user, for five minutes.
    pub fn claims(&self, subject: &str) -> Value {
        json!({ "iss": self.url(), "aud": AUDIENCE, "sub": subject, "iat": now(), "exp": now() + 300 })
    }

    /// A good session of that user.
    pub fn token(&self, subject: &str) -> String {
        self.sign(&self.claims(subject))
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.jwt("RS256", claims).encode()
    }

    /// A JWT by the newest published key that signs so.
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

    /// Publishes one more ES256 key, with which ES256 tokens are signed from now on; its id.
    pub fn rotate_keys(&self) -> String {
        let mut state = self.state.lock().expect("an unpoisoned state");
        state.made += 1;
        let kid = format!("p256-rotated-{}", state.made);
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

    /// Publishes its keys without their ids from now on.
    pub fn forget_key_ids(&self) {
        self.state
            .lock()
            .expect("an unpoisoned state")
            .without_key_ids = true;
    }

    pub fn fail_discovery(&self, outage: impl Into<Option<Outage>>) {
        self.state.lock().expect("an unpoisoned state").discovery = outage.into();
    }

    pub fn fail_key_set(&self, outage: impl Into<Option<Outage>>) {
        self.state.lock().expect("an unpoisoned state").key_set = outage.into();
    }

    /// Names another issuer in the discovery document from now on.
    pub fn claim_to_be(&self, issuer: &str) {
        self.state.lock().expect("an unpoisoned state").alias = Some(issuer.into());
    }

    pub fn discoveries(&self) -> usize {
        self.fetches(DISCOVERY)
    }

    pub fn key_set_fetches(&self) -> usize {
        self.fetches(KEY_SET)
    }

    /// Everything that was asked of it, wherever.
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
            without(&key.jwk(), "kid")
        } else {
            key.jwk()
        }
    };
    let key_set = json!({ "keys": state.keys.iter().map(published).collect::<Vec<_>>() });
    let (document, outage) = match request.target.as_str() {
        DISCOVERY => {
            let name = state.alias.as_ref().unwrap_or(&issuer);
            (
                json!({ "issuer": name, "jwks_uri": format!("{issuer}{KEY_SET}") }),
                state.discovery,
            )
        }
        KEY_SET => (key_set.clone(), state.key_set),
        // Where the redirect leads: a good key set, so that following it would show.
        "/moved" => (key_set.clone(), None),
        _ => return Reply::json(404, &json!({ "error": "not_found" })),
    };
    let good = Reply::json(200, &document);
    match outage {
        None => good,
        Some(Outage::Reset) => good.reset_after(0),
        Some(Outage::Error500) => Reply::json(500, &json!({ "error": "server_error" })),
        Some(Outage::Html) => Reply::new(
            200,
            "text/html",
            "<!doctype html><title>Sign in to the network</title>",
        ),
        Some(Outage::Oversized) => {
            let mut text = document.to_string();
            text.push_str(&" ".repeat(150_001 - text.len()));
            Reply::new(200, "application/json", text)
        }
        Some(Outage::Redirect) => Reply::new(302, "text/plain", "").header("location", "/moved"),
        Some(Outage::Drip) => good.drip(Duration::from_millis(200)),
        Some(Outage::Silence) => Reply::silence(),
        Some(Outage::WrongShape) => Reply::json(200, &json!([{ "keys": "none" }])),
    }
}
