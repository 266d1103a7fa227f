//! An identity product: the stand-in of `make dev` on loopback, and a function that is set to
//! accept its sessions.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use voicemint::clock::Clock;
use voicemint_dev::identity::{Claims, Cookie, Credentials, IdentityProvider, Kind, Login, router};

use crate::{Builder, Event, Moto, ORIGIN, World, now};

pub struct Product {
    pub identity: Arc<IdentityProvider>,
    secrets: Vec<(&'static str, String)>,
    server: JoinHandle<()>,
}

impl Product {
    /// The stand-in of a kind, with its secrets in moto.
    pub async fn start(kind: Kind, world: &World) -> Self {
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
            let id = Moto::unique("product");
            world.moto.create_secret(&id, &text).await;
            secrets.push((name, id));
        }
        Self {
            identity,
            secrets,
            server,
        }
    }

    /// Settings with which a function accepts its sessions: those that its row in docs/sessions.md names, and no
    /// others.
    pub fn function(&self, world: &World, provider: &str) -> Builder {
        let ours = ["SESSION_ISSUER", "SESSION_AUDIENCE", "SESSION_COOKIE"];
        let bare = ours
            .into_iter()
            .fold(world.function(provider), Builder::without);
        self.identity
            .settings()
            .into_iter()
            .fold(bare, |builder, (name, value)| {
                let id = self
                    .secrets
                    .iter()
                    .find(|(known, _)| *known == value)
                    .map(|(_, id)| id.clone());
                builder.env(name, id.unwrap_or(value))
            })
    }

    /// The id under which moto has one of its secrets.
    pub fn secret_id(&self, name: &str) -> &str {
        self.secrets
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, id)| id.as_str())
            .unwrap_or_default()
    }

    /// What a good token says of somebody, for five minutes.
    pub fn claims(&self, user: &str) -> Claims {
        let now = Duration::from_secs(now().unsigned_abs());
        let mut claims = self.identity.claims(&Login {
            user,
            grants: None,
            now,
            seconds: 300,
        });
        // Clerk's tokens name the page that they are for, which here is the app's.
        claims.entry("azp").and_modify(|azp| *azp = ORIGIN.into());
        claims
    }

    /// The same with other members; null takes one away.
    pub fn changed(&self, changes: Value) -> Claims {
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

    /// A token with other members of its header.
    pub fn signed(&self, header: Value, claims: &Claims) -> String {
        let header = json!(header).as_object().cloned().unwrap_or_default();
        self.identity
            .issuer()
            .sign(&header, claims)
            .expect("a kind that signs")
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A mint with these cookies and no other credential.
pub fn with_cookies(cookies: &[Cookie]) -> Event {
    cookies
        .iter()
        .fold(Event::post("elevenlabs"), |event, cookie| {
            event.cookie(&cookie.name, &cookie.value)
        })
}
