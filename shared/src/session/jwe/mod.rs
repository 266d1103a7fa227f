//! Sessions that a library of the app encrypts into its cookies, under a secret that it shares with
//! the broker.

pub mod compact;

use std::sync::Arc;

use serde_json::Value;

use crate::clock::Clock;
use crate::json::{self, Members};
use crate::secret::SecretCache;
use crate::secret::api_key::ApiKey;
use crate::session::Session;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::claims::{Rules, refuse_event};
use crate::session::error::SessionError;
use crate::session::jwe::compact::{ContentKey, Opened};
use crate::session::jwt::algorithm::MIN_SECRET_BYTES;

/// How a library encrypts, as data.
#[derive(Clone)]
pub struct Scheme {
    /// The keys that a secret stands for in a cookie.
    pub keys: fn(secret: &[u8], cookie: &EncryptedCookie) -> Vec<ContentKey>,
    /// The claims out of the header and what was encrypted.
    pub claims: fn(header: &Members, session: Members) -> Option<Members>,
}

/// A cookie that may carry an encrypted session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedCookie {
    /// Its name, without a chunk's number.
    pub name: String,
    /// Whether `SESSION_COOKIE` names it: then only the app knows which library set it.
    pub is_configured: bool,
}

/// Opens encrypted sessions.
pub struct EncryptedSessions {
    /// The app's secret.
    pub secret: SecretCache,
    /// How its library encrypts.
    pub scheme: Scheme,
    /// The cookies that may carry a session.
    pub cookies: Vec<EncryptedCookie>,
    /// Which claims make a session.
    pub rules: Rules,
    /// The time.
    pub clock: Clock,
}

impl EncryptedSessions {
    /// Makes a session of an encrypted one. One that came in cookies opens with the keys of their
    /// names alone, so that what is sealed for one cookie is worth nothing in another.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn verify(
        &self,
        token: &str,
        cookies: Option<&[String]>,
    ) -> Result<Session, SessionError> {
        let secret = self
            .secret
            .get()
            .await
            .map_err(SessionError::without_secret)?;
        let keys = self.keys(&secret, cookies);
        let Opened { header, text } = compact::open(token, &keys).map_err(SessionError::invalid)?;
        let session = json::strict_object(&text)
            .map_err(|_| SessionError::invalid("the session is no plain JSON object"))?;
        refuse_event(&session).map_err(SessionError::invalid)?;
        let claims = (self.scheme.claims)(&header, session).ok_or(SessionError::invalid(
            "the encrypted session names no user or no end",
        ))?;
        Ok(self
            .rules
            .session(ClaimsSet::new(claims, self.clock.now()))?)
    }

    fn keys(&self, secret: &Arc<ApiKey>, names: Option<&[String]>) -> Vec<ContentKey> {
        let fits =
            |cookie: &&EncryptedCookie| names.is_none_or(|names| names.contains(&cookie.name));
        let keys = |secret: &str| {
            let cookies = self.cookies.iter().filter(fits);
            cookies
                .flat_map(|cookie| (self.scheme.keys)(secret.as_bytes(), cookie))
                .collect::<Vec<_>>()
        };
        secrets(secret.expose())
            .iter()
            .flat_map(|secret| keys(secret))
            .collect()
    }
}

/// The secrets in a stored text that are long enough. While a secret is rotated, the app has a list
/// of them.
fn secrets(text: &str) -> Vec<String> {
    let secrets = match serde_json::from_str(text) {
        Ok(Value::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Some(vec![text.to_owned()]),
    };
    secrets
        .unwrap_or_default()
        .into_iter()
        .filter(|secret| secret.len() >= MIN_SECRET_BYTES)
        .collect()
}

/// Whether a secret can encrypt sessions.
///
/// # Errors
/// A clause for the log.
pub fn encrypts(secret: &str) -> Result<(), &'static str> {
    match secrets(secret).is_empty() {
        true => Err("the secret that encrypts sessions is shorter than 32 bytes"),
        false => Ok(()),
    }
}
