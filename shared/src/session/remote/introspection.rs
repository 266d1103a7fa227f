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
use crate::session::claims::{Rules, reject_event_token};
use crate::session::error::SessionError;
use crate::session::reason::{NO_CLIENT_CREDENTIALS, Reason, ServiceError};
use crate::session::remote::{
    ServiceClient, check_visible_ascii, members, unavailable, unexpected_status,
};
use crate::transport::retry::Budget;

/// How long an active token is cached: a revoked token may work for this long.
const ACTIVE_FOR: Duration = Duration::from_secs(60);
/// How long an inactive token is cached.
const INACTIVE_FOR: Duration = Duration::from_secs(5);
/// The maximum number of cached tokens.
const MAX_CACHED: usize = 256;
/// The maximum length of a token in bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// The maximum size of a response that is cached, in bytes.
const MAX_CACHED_BYTES: usize = 8 * 1024;

/// Verifies tokens by asking the authorization server.
pub(crate) struct Introspection {
    /// The introspection endpoint.
    pub url: Url,
    /// The client credentials of this service.
    pub credentials: SecretCache,
    /// Calls the authorization server.
    pub client: ServiceClient,
    /// The rules for the claims.
    pub rules: Rules,
    /// Recent responses.
    pub cache: IntrospectionCache,
}

/// Recent responses, by the SHA-256 of the token: the claims, or `None` for an inactive token.
pub(crate) struct IntrospectionCache(Mutex<ExpiringMap<[u8; 32], Option<Arc<Members>>>>);

impl Default for IntrospectionCache {
    fn default() -> Self {
        Self(Mutex::new(ExpiringMap::new(MAX_CACHED)))
    }
}

impl Introspection {
    /// Verifies a token.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub(crate) async fn verify(&self, token: &str) -> Result<Session, SessionError> {
        let token = check_visible_ascii(token)?;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Reason::TokenTooLong.into());
        }
        let key = hash(token);
        let claims = match self.cache.get(&key, self.client.clock.now()) {
            Some(claims) => claims,
            None => self.introspect(token, key).await?,
        };
        let claims = claims.ok_or(Reason::IntrospectionInactive)?;
        let claims = Arc::unwrap_or_clone(claims);
        reject_event_token(&claims)?;
        reject_other_uses(&claims)?;
        let claims = ClaimsSet::new(claims, self.client.clock.now());
        Ok(self.rules.session(claims)?)
    }

    async fn introspect(
        &self,
        token: &str,
        key: [u8; 32],
    ) -> Result<Option<Arc<Members>>, SessionError> {
        let mut credentials = self
            .credentials
            .get()
            .await
            .map_err(SessionError::without_secret)?;
        let mut budget = Budget::without_deadline();
        let mut response = self
            .client
            .send(self.request(token, credentials.expose())?, &mut budget)
            .await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(newer) = self.credentials.newer_than(&credentials).await
        {
            credentials = newer;
            response = self
                .client
                .send(self.request(token, credentials.expose())?, &mut budget)
                .await?;
        }
        match response.status() {
            StatusCode::OK => {}
            // Some servers answer so for a token that they cannot read. A caller can send such a
            // token, so these statuses do not mean that the server is unavailable.
            status @ (StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) => {
                return Err(Reason::IntrospectionStatus {
                    status: status.as_u16(),
                }
                .into());
            }
            // The server refuses this service's credentials, or is not such a server. Neither says
            // anything about the caller's token.
            status => return Err(unexpected_status(status)),
        }
        let claims = members(&response).ok_or_else(|| {
            unavailable(ServiceError::NotObject(json::kind(response.body())), None)
        })?;
        let claims = match claims.get("active") {
            Some(Value::Bool(true)) => Some(Arc::new(claims)),
            Some(Value::Bool(false)) => None,
            _ => return Err(unavailable(ServiceError::ActiveMissing, None)),
        };
        if response.body().len() <= MAX_CACHED_BYTES {
            self.cache.put(key, claims.clone(), self.client.clock.now());
        }
        Ok(claims)
    }

    fn request(&self, token: &str, credentials: &str) -> Result<Request<Bytes>, SessionError> {
        let authorization = authorization(credentials)
            .map_err(|reason| SessionError::misconfigured(Reason::Secret(reason.into())))?;
        let form = Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", "access_token")
            .finish();
        Request::post(self.url.as_str())
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into())
            .map_err(|_| SessionError::misconfigured(Reason::IntrospectionUrl))
    }
}

impl IntrospectionCache {
    fn get(&self, key: &[u8; 32], now: Duration) -> Option<Option<Arc<Members>>> {
        self.lock().get(key, now).cloned()
    }

    fn put(&self, key: [u8; 32], claims: Option<Arc<Members>>, now: Duration) {
        let max_age = if claims.is_some() {
            ACTIVE_FOR
        } else {
            INACTIVE_FOR
        };
        let expiry = claims
            .as_ref()
            .and_then(|claims| claims.get("exp")?.as_f64())
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .unwrap_or(Duration::MAX);
        // The entry is valid from `now` on: a clock that is set back does not prolong it.
        self.lock()
            .put(key, claims, now..expiry.min(now + max_age), now);
    }

    fn lock(&self) -> MutexGuard<'_, ExpiringMap<[u8; 32], Option<Arc<Members>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rejects tokens that are not access tokens, where the server says so.
fn reject_other_uses(claims: &Members) -> Result<(), Reason> {
    const OTHER_USES: [&str; 4] = ["refresh", "refresh_token", "id", "id_token"];
    let is_other = |text: &str| {
        OTHER_USES
            .iter()
            .any(|other| text.trim().eq_ignore_ascii_case(other))
    };
    let mut uses = ["token_use", "token_type", "typ"]
        .into_iter()
        .filter_map(|name| claims.get(name)?.as_str());
    if uses.any(is_other) {
        return Err(Reason::NotAccessToken);
    }
    Ok(())
}

/// Checks that a secret contains client credentials.
///
/// # Errors
/// [`NO_CLIENT_CREDENTIALS`].
pub(crate) fn check_client_credentials(secret: &str) -> Result<(), &'static str> {
    authorization(secret).map(|_| ())
}

/// The `Authorization` header for a secret. An object with `client_id` and `client_secret`, or
/// `id:secret`, uses Basic, with both parts form-encoded first (RFC 6749 section 2.3.1); any other
/// text uses Bearer (RFC 7662 section 2.1).
fn authorization(secret: &str) -> Result<HeaderValue, &'static str> {
    let basic = |id: &str, secret: &str| {
        let encode = |part: &str| byte_serialize(part.as_bytes()).collect::<String>();
        format!(
            "Basic {}",
            STANDARD.encode(format!("{}:{}", encode(id), encode(secret)))
        )
    };
    let stored = secret.trim();
    let value = match json::strict_object(stored.as_bytes()) {
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
        // A malformed object is neither a pair nor a token.
        Err(_) if stored.starts_with('{') => None,
        Err(_) => match stored.split_once(':') {
            Some((id, secret)) => Some(basic(id, secret)),
            None => (!stored.is_empty()).then(|| format!("Bearer {stored}")),
        },
    };
    let mut value = value
        .and_then(|value| HeaderValue::try_from(value).ok())
        .ok_or(NO_CLIENT_CREDENTIALS)?;
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
