//! Sessions that a library of the app encrypts into its cookies, with a secret that the app shares
//! with the broker.

pub(crate) mod compact;

use serde_json::Value;

use crate::clock::Clock;
use crate::json::{self, Members};
use crate::secret::SecretCache;
use crate::session::Session;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::claims::{Rules, reject_event_token};
use crate::session::error::SessionError;
use crate::session::jwe::compact::{ContentKey, Opened};
use crate::session::jwt::algorithm::MIN_SECRET_BYTES;
use crate::session::reason::{ENCRYPTION_SECRET_TOO_SHORT, Reason};

/// How a library encrypts sessions.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// Derives the keys for a cookie from the app's secret.
    pub keys: fn(secret: &[u8], cookie: &EncryptedCookie) -> Vec<ContentKey>,
    /// Extracts the claims from the header and the decrypted session.
    pub claims: fn(header: &Members, session: Members) -> Option<Members>,
}

/// A cookie that may contain an encrypted session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptedCookie {
    /// The cookie's name, without the number of a chunk.
    pub name: String,
    /// Whether the name is from `SESSION_COOKIE`: then any version of the library may have set it.
    pub is_configured: bool,
}

/// Decrypts and verifies sessions.
pub(crate) struct EncryptedSessions {
    /// The app's secret.
    pub secret: SecretCache,
    /// How the library encrypts.
    pub scheme: Scheme,
    /// The cookies that may contain a session.
    pub cookies: Vec<EncryptedCookie>,
    /// The rules for the claims.
    pub rules: Rules,
    /// The current time.
    pub clock: Clock,
}

impl EncryptedSessions {
    /// Decrypts a session and verifies its claims. `cookies` names the cookies that contain it, if
    /// any: then only the keys of these cookies are tried, so that what was encrypted for one
    /// cookie is not accepted in another.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub(crate) async fn verify(
        &self,
        token: &str,
        cookies: Option<&[String]>,
    ) -> Result<Session, SessionError> {
        let secret = self
            .secret
            .get()
            .await
            .map_err(SessionError::without_secret)?;
        let keys = self.keys(secret.expose(), cookies);
        let Opened { header, text } = compact::open(token, &keys)?;
        let session = json::strict_object(&text).map_err(|_| Reason::DecryptedNotObject)?;
        reject_event_token(&session)?;
        let claims = (self.scheme.claims)(&header, session).ok_or(Reason::DecryptedIncomplete)?;
        Ok(self
            .rules
            .session(ClaimsSet::new(claims, self.clock.now()))?)
    }

    fn keys(&self, secret: &str, names: Option<&[String]>) -> Vec<ContentKey> {
        let cookies: Vec<_> = self
            .cookies
            .iter()
            .filter(|cookie| names.is_none_or(|names| names.contains(&cookie.name)))
            .collect();
        secrets(secret)
            .iter()
            .flat_map(|secret| {
                cookies
                    .iter()
                    .flat_map(|cookie| (self.scheme.keys)(secret.as_bytes(), cookie))
            })
            .collect()
    }
}

/// The secrets in a stored text that are long enough. While an app rotates its secret, the text is
/// a JSON array of secrets.
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

/// Checks that a secret is long enough to encrypt sessions.
///
/// # Errors
/// [`ENCRYPTION_SECRET_TOO_SHORT`].
pub(crate) fn check_encryption_secret(secret: &str) -> Result<(), &'static str> {
    if secrets(secret).is_empty() {
        return Err(ENCRYPTION_SECRET_TOO_SHORT);
    }
    Ok(())
}
