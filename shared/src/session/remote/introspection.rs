//! Opaque tokens, by asking the authorization server (RFC 7662).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use serde_json::Value;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::expiring_map::ExpiringMap;
use crate::json::{self, Members};
use crate::secret::SecretCache;
use crate::session::Session;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::claims::{Rules, refuse_event};
use crate::session::error::SessionError;
use crate::session::remote::{
    ServiceClient, check_visible_ascii, members, unavailable, unexpected_status,
};
use crate::transport::retry::Budget;

/// How long the word that a token is good is taken for true: a revoked one may live that long.
const ACTIVE_FOR: Duration = Duration::from_secs(60);
/// How long the word that a token is not good is taken for true.
const INACTIVE_FOR: Duration = Duration::from_secs(5);
/// How many tokens are remembered.
const MAX_REMEMBERED: usize = 256;
/// The longest token that is asked about, in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// The longest answer that is remembered, in bytes.
const MAX_REMEMBERED_BYTES: usize = 8 * 1024;

/// Asks the authorization server.
pub struct Introspection {
    /// The introspection endpoint.
    pub url: Url,
    /// What this service shows for itself there.
    pub client: SecretCache,
    /// The way there.
    pub remote: ServiceClient,
    /// Which claims make a session.
    pub rules: Rules,
    /// What was said of tokens.
    pub remembered: Remembered,
}

/// What was said of tokens, by their SHA-256: the claims, or nothing where the token is not good.
pub struct Remembered(Mutex<ExpiringMap<[u8; 32], Option<Arc<Members>>>>);

impl Default for Remembered {
    fn default() -> Self {
        Self(Mutex::new(ExpiringMap::new(MAX_REMEMBERED)))
    }
}

impl Introspection {
    /// Makes a session of a token that the server calls active.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn verify(&self, token: &str) -> Result<Session, SessionError> {
        let token = check_visible_ascii(token)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(SessionError::invalid("the token is longer than 8 KiB"));
        }
        let key = hash(token);
        let now = self.remote.clock.now();
        let claims = match self.remembered.get(&key, now) {
            Some(claims) => claims,
            None => self.ask(token, key).await?,
        };
        let claims = claims.ok_or(SessionError::invalid(
            "the authorization server does not call the token active",
        ))?;
        let claims = Arc::unwrap_or_clone(claims);
        refuse_event(&claims).map_err(SessionError::invalid)?;
        refuse_other_uses(&claims).map_err(SessionError::invalid)?;
        Ok(self
            .rules
            .session(ClaimsSet::new(claims, self.remote.clock.now()))?)
    }

    async fn ask(&self, token: &str, key: [u8; 32]) -> Result<Option<Arc<Members>>, SessionError> {
        let mut client = self
            .client
            .get()
            .await
            .map_err(SessionError::without_secret)?;
        let mut budget = Budget::without_deadline();
        let mut response = self
            .remote
            .ask(self.request(token, client.expose())?, &mut budget)
            .await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(newer) = self.client.newer_than(&client).await
        {
            client = newer;
            response = self
                .remote
                .ask(self.request(token, client.expose())?, &mut budget)
                .await?;
        }
        if [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&response.status())
        {
            // What servers say of a token that they cannot even read, which is a stranger's to
            // choose.
            let status = response.status().as_u16();
            return Err(SessionError::invalid(format!(
                "the authorization server answered {status}, as for a token that it cannot read; if it does so for good \
                 ones, SESSION_INTROSPECTION_URL is wrong"
            )));
        }
        if response.status() != StatusCode::OK {
            // The server does not take our own credentials, or is no such server: no word about the
            // caller's.
            return Err(unexpected_status(response.status()));
        }
        let claims = members(&response).ok_or_else(|| {
            let kind = json::kind(response.body());
            unavailable(format!("answered no plain JSON object: it is {kind}"), None)
        })?;
        let claims = match claims.get("active") {
            Some(Value::Bool(true)) => Some(Arc::new(claims)),
            Some(Value::Bool(false)) => None,
            _ => {
                return Err(unavailable(
                    "did not say whether the token is active".to_owned(),
                    None,
                ));
            }
        };
        if response.body().len() <= MAX_REMEMBERED_BYTES {
            self.remembered
                .put(key, claims.clone(), self.remote.clock.now());
        }
        Ok(claims)
    }

    fn request(&self, token: &str, client: &str) -> Result<Request<Bytes>, SessionError> {
        let form = Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", "access_token")
            .finish();
        Request::post(self.url.as_str())
            .header(
                header::AUTHORIZATION,
                authorization(client).map_err(SessionError::misconfigured)?,
            )
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into())
            .map_err(|_| SessionError::misconfigured("SESSION_INTROSPECTION_URL cannot be called"))
    }
}

impl Remembered {
    fn get(&self, key: &[u8; 32], now: Duration) -> Option<Option<Arc<Members>>> {
        self.lock().get(key, now).cloned()
    }

    fn put(&self, key: [u8; 32], claims: Option<Arc<Members>>, now: Duration) {
        let longest = if claims.is_some() {
            ACTIVE_FOR
        } else {
            INACTIVE_FOR
        };
        let expiry = claims
            .as_ref()
            .and_then(|claims| claims.get("exp")?.as_f64());
        let expiry = expiry
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(Duration::MAX);
        // A clock that is set back makes no word last longer.
        self.lock()
            .put(key, claims, now..expiry.min(now + longest), now);
    }

    fn lock(&self) -> MutexGuard<'_, ExpiringMap<[u8; 32], Option<Arc<Members>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses tokens that are made for something else than access, where the server says so.
fn refuse_other_uses(claims: &Members) -> Result<(), &'static str> {
    const OTHER_USES: [&str; 4] = ["refresh", "refresh_token", "id", "id_token"];
    let uses = ["token_use", "token_type", "typ"]
        .into_iter()
        .filter_map(|name| claims.get(name)?.as_str());
    let is_other = |text: &str| {
        OTHER_USES
            .iter()
            .any(|other| text.trim().eq_ignore_ascii_case(other))
    };
    match { uses }.any(is_other) {
        true => Err("the token is a refresh or an ID token, and an access token is expected"),
        false => Ok(()),
    }
}

/// Whether a secret has a client's credentials.
///
/// # Errors
/// A clause for the log.
pub fn authenticates(client: &str) -> Result<(), &'static str> {
    authorization(client).map(|_| ())
}

/// The client's credentials: an object with `client_id` and `client_secret`, or `id:secret`, by
/// Basic; any other text by Bearer (RFC 7662 section 2.1). In Basic, both parts are form-encoded
/// first (RFC 6749 section 2.3.1).
fn authorization(client: &str) -> Result<HeaderValue, &'static str> {
    let basic = |id: &str, secret: &str| {
        let encode = |part: &str| byte_serialize(part.as_bytes()).collect::<String>();
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", encode(id), encode(secret)))
        )
    };
    let client = client.trim();
    let value = match json::strict_object(client.as_bytes()) {
        Ok(members) => {
            let text = |name| {
                members
                    .get(name)
                    .and_then(Value::as_str)
                    .filter(|text| !text.is_empty())
            };
            text("client_id")
                .zip(text("client_secret"))
                .map(|(id, secret)| basic(id, secret))
        }
        // An object with a slip in it is neither a pair nor a token.
        Err(_) if client.starts_with('{') => None,
        Err(_) => match client.split_once(':') {
            Some((id, secret)) => Some(basic(id, secret)),
            None => (!client.is_empty()).then(|| format!("Bearer {client}")),
        },
    };
    let mut value = value
        .and_then(|value| HeaderValue::try_from(value).ok())
        .ok_or(
            "the secret of SESSION_INTROSPECTION_SECRET_ID has no client_id and client_secret",
        )?;
    value.set_sensitive(true);
    Ok(value)
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    hash.iter_mut()
        .zip(digest.as_ref())
        .for_each(|(to, from)| *to = *from);
    hash
}
