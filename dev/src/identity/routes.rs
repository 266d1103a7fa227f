//! What the identity provider serves: to the broker, and to a developer who is curious.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use voicemint::clock::Clock;

use super::kinds::{COGNITO_POOL, WORKOS_CLIENT_ID};
use super::{IdentityProvider, cookies_of};

struct Desk {
    identity: Arc<IdentityProvider>,
    clock: Clock,
}

/// The provider's endpoints.
pub fn router(identity: Arc<IdentityProvider>, clock: Clock) -> Router {
    let mut router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/introspect", post(introspect))
        .route("/session", get(session));
    // Each product has its key set elsewhere; it is always the same one here.
    for path in [
        "/.well-known/jwks.json".to_owned(),
        "/auth/v1/.well-known/jwks.json".to_owned(),
        "/api/auth/jwks".to_owned(),
        format!("/{COGNITO_POOL}/.well-known/jwks.json"),
        format!("/sso/jwks/{WORKOS_CLIENT_ID}"),
    ] {
        router = router.route(&path, get(key_set));
    }
    router.with_state(Arc::new(Desk { identity, clock }))
}

async fn discovery(State(desk): State<Arc<Desk>>) -> Response {
    axum::Json(desk.identity.discovery()).into_response()
}

async fn key_set(State(desk): State<Arc<Desk>>) -> Response {
    axum::Json(desk.identity.key_set()).into_response()
}

#[derive(Deserialize)]
struct Introspected {
    token: String,
}

/// RFC 7662 section 2: only a known client may ask, as anybody could try tokens out otherwise.
async fn introspect(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let known = basic(&headers).is_some_and(|(id, secret)| desk.identity.is_client(&id, &secret));
    if !known {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"introspection\"")];
        return (
            StatusCode::UNAUTHORIZED,
            challenge,
            axum::Json(json!({"error": "invalid_client"})),
        )
            .into_response();
    }
    match serde_urlencoded::from_bytes::<Introspected>(&body) {
        Ok(Introspected { token }) => no_store(axum::Json(
            desk.identity.introspect(&token, desk.clock.now()),
        )),
        Err(_) => (
            StatusCode::BAD_REQUEST,
            axum::Json(json!({"error": "invalid_request"})),
        )
            .into_response(),
    }
}

/// Who is signed in, as an app's own endpoint would say.
async fn session(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let found = credential(&desk.identity, &headers)
        .and_then(|credential| desk.identity.session(&credential, desk.clock.now()));
    match found {
        Some(session) => no_store(axum::Json(session)),
        None => no_store((
            StatusCode::UNAUTHORIZED,
            axum::Json(json!({"error": "not signed in"})),
        )),
    }
}

fn no_store(response: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], response).into_response()
}

/// RFC 6749 section 2.3.1: name and password are form-encoded before they are joined.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = |text: &str| {
        let pair: Vec<(String, String)> = serde_urlencoded::from_str(&format!("v={text}")).ok()?;
        pair.into_iter().next().map(|(_, value)| value)
    };
    Some((decoded(id)?, decoded(secret)?))
}

fn credential(identity: &IdentityProvider, headers: &HeaderMap) -> Option<String> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return value
            .to_str()
            .ok()?
            .strip_prefix("Bearer ")
            .map(str::to_owned);
    }
    let names = identity.cookie_names();
    cookies_of(headers)
        .into_iter()
        .find(|cookie| names.contains(&cookie.name))
        .map(|cookie| cookie.value)
}
