//! An identity provider product: the stand-in of `make dev` on loopback, and functions that accept
//! its sessions.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use voicemint::internals::Clock;
use voicemint_dev::identity::{Claims, Cookie, Credentials, IdentityProvider, Kind, Login, router};

use crate::event::{Event, ORIGIN};
use crate::function::FunctionBuilder;
use crate::keys::now;
use crate::moto::Moto;
use crate::test_env::TestEnv;

pub struct IdpServer {
    pub identity: Arc<IdentityProvider>,
    secrets: Vec<(&'static str, String)>,
    server: JoinHandle<()>,
}

impl IdpServer {
    /// Starts the stand-in for a kind of identity provider and stores its secrets in moto.
    pub async fn start(kind: Kind, env: &TestEnv) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let base_url = format!(
            "http://localhost:{}",
            listener.local_addr().expect("a bound address").port()
        );
        let identity = Arc::new(IdentityProvider::new(kind, &base_url).expect("random numbers"));
        let router = router(Arc::clone(&identity), Clock::system());
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        let mut secrets = Vec::new();
        for (name, text) in identity.secrets() {
            let id = Moto::unique_name("idp");
            env.moto.create_secret(&id, &text).await;
            secrets.push((name, id));
        }
        Self {
            identity,
            secrets,
            server,
        }
    }

    /// A function that accepts the sessions of this identity provider. It has exactly the session
    /// settings of the identity provider's row in `docs/sessions.md`.
    pub fn function(&self, env: &TestEnv, provider: &str) -> FunctionBuilder {
        let default_settings = ["SESSION_ISSUER", "SESSION_AUDIENCE", "SESSION_COOKIE"];
        let without_defaults = default_settings
            .into_iter()
            .fold(env.function(provider), FunctionBuilder::without);
        self.identity
            .settings()
            .into_iter()
            .fold(without_defaults, |builder, (name, value)| {
                let id = self
                    .secrets
                    .iter()
                    .find(|(name, _)| *name == value)
                    .map(|(_, id)| id.clone());
                builder.env(name, id.unwrap_or(value))
            })
    }

    /// The id of one of its secrets in moto.
    pub fn secret_id(&self, name: &str) -> &str {
        self.secrets
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, id)| id.as_str())
            .unwrap_or_default()
    }

    /// The claims of a valid token for a user, for five minutes.
    pub fn claims(&self, user: &str) -> Claims {
        let now = Duration::from_secs(now().unsigned_abs());
        let mut claims = self.identity.claims(&Login {
            user,
            grants: None,
            now,
            seconds: 300,
        });
        // Clerk's tokens name the page that they were issued for, which is the app's page here.
        claims.entry("azp").and_modify(|azp| *azp = ORIGIN.into());
        claims
    }

    /// The claims of `ada` with changes. A null removes a claim.
    pub fn changed_claims(&self, changes: Value) -> Claims {
        let mut claims = self.claims("ada");
        for (name, value) in changes.as_object().cloned().unwrap_or_default() {
            match value {
                Value::Null => claims.remove(&name),
                value => claims.insert(name, value),
            };
        }
        claims
    }

    pub fn issue(&self, claims: &Claims) -> Credentials {
        self.identity.issue(claims).expect("random numbers")
    }

    /// A token with the given header.
    pub fn sign(&self, header: Value, claims: &Claims) -> String {
        let header = json!(header).as_object().cloned().unwrap_or_default();
        self.identity
            .issuer()
            .sign(&header, claims)
            .expect("a kind that signs")
    }
}

impl Drop for IdpServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A token request with these cookies and no other credential.
pub fn with_cookies(cookies: &[Cookie]) -> Event {
    cookies
        .iter()
        .fold(Event::post("elevenlabs"), |event, cookie| {
            event.cookie(&cookie.name, &cookie.value)
        })
}
