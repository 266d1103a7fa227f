//! Sessions that a library of the app encrypts into its cookies, under a secret that it shares with the broker.

use std::sync::Arc;

use serde_json::Value;

use super::Session;
use super::claims::{Claims, Rules};
use super::jwe::{self, ContentKey, Opened};
use super::refused::Refused;
use super::signature::LEAST_SECRET_BYTES;
use crate::clock::Clock;
use crate::json::{self, Members};
use crate::secret::{ApiKey, SecretCache};

/// How a library encrypts, as data.
#[derive(Clone)]
pub struct Scheme {
    /// The keys that a secret stands for, given the names of the cookies that may carry the session.
    pub keys: fn(secret: &[u8], cookies: &[String]) -> Vec<ContentKey>,
    /// The claims out of the header and what was encrypted.
    pub claims: fn(header: &Members, session: Members) -> Option<Members>,
}

/// Opens encrypted sessions.
pub struct Encrypted {
    /// The app's secret.
    pub secret: SecretCache,
    /// How its library encrypts.
    pub scheme: Scheme,
    /// The cookies that may carry a session.
    pub cookies: Vec<String>,
    /// Which claims make a session.
    pub rules: Rules,
    /// The time.
    pub clock: Clock,
}

impl Encrypted {
    /// Makes a session of an encrypted one.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn verify(&self, token: &str) -> Result<Session, Refused> {
        let secret = self.secret.get().await.map_err(Refused::without_secret)?;
        let keys = self.keys(&secret);
        if keys.is_empty() {
            return Err(Refused::misconfigured("the secret that encrypts sessions is shorter than 32 bytes"));
        }
        let Opened { header, text } = jwe::open(token, &keys).map_err(Refused::invalid)?;
        let session =
            json::strict_object(&text).map_err(|_| Refused::invalid("the session is no plain JSON object"))?;
        let claims = (self.scheme.claims)(&header, session)
            .ok_or(Refused::invalid("the encrypted session names no user or no end"))?;
        Ok(self.rules.session(Claims::new(claims, self.clock.now()))?)
    }

    fn keys(&self, secret: &Arc<ApiKey>) -> Vec<ContentKey> {
        let keys = |secret: &str| (self.scheme.keys)(secret.as_bytes(), &self.cookies);
        // While a secret is rotated, the app has a list of them.
        let secrets = match serde_json::from_str(secret.expose()) {
            Ok(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            _ => Some(vec![secret.expose().to_owned()]),
        };
        let secrets = secrets.unwrap_or_default();
        secrets.iter().filter(|secret| secret.len() >= LEAST_SECRET_BYTES).flat_map(|secret| keys(secret)).collect()
    }
}
