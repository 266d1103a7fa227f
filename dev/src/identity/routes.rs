//! The HTTP endpoints of the identity provider.

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
use voicemint::internals::Clock;

use super::cookie::request_cookies;
use super::kinds::{COGNITO_POOL, WORKOS_CLIENT_ID};
use super::provider::IdentityProvider;

struct ProviderState {
    identity: Arc<IdentityProvider>,
    clock: Clock,
}

/// The provider's endpoints.
pub fn router(identity: Arc<IdentityProvider>, clock: Clock) -> Router {
    let mut router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/introspect", post(introspect))
        .route("/session", get(session));
    // Each product serves its JWK set at its own path; here all paths serve the same set.
    for path in [
        "/.well-known/jwks.json".to_owned(),
        "/auth/v1/.well-known/jwks.json".to_owned(),
        "/api/auth/jwks".to_owned(),
        format!("/{COGNITO_POOL}/.well-known/jwks.json"),
        format!("/sso/jwks/{WORKOS_CLIENT_ID}"),
    ] {
        router = router.route(&path, get(jwk_set));
    }
    router.with_state(Arc::new(ProviderState { identity, clock }))
}

async fn discovery(State(state): State<Arc<ProviderState>>) -> Response {
    axum::Json(state.identity.discovery()).into_response()
}

async fn jwk_set(State(state): State<Arc<ProviderState>>) -> Response {
    axum::Json(state.identity.jwk_set()).into_response()
}

#[derive(Deserialize)]
struct IntrospectionRequest {
    token: String,
}

/// Only a known client may introspect; otherwise anyone could test tokens (RFC 7662 section 2).
async fn introspect(
    State(state): State<Arc<ProviderState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_client = basic_credentials(&headers)
        .is_some_and(|(id, secret)| state.identity.is_client(&id, &secret));
    if !is_client {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"introspection\"")];
        return (
            StatusCode::UNAUTHORIZED,
            challenge,
            axum::Json(json!({"error": "invalid_client"})),
        )
            .into_response();
    }
    match serde_urlencoded::from_bytes::<IntrospectionRequest>(&body) {
        Ok(IntrospectionRequest { token }) => no_store(axum::Json(
            state.identity.introspect(&token, state.clock.now()),
        )),
        Err(_) => (
            StatusCode::BAD_REQUEST,
            axum::Json(json!({"error": "invalid_request"})),
        )
            .into_response(),
    }
}

/// The signed-in user, as an app's own endpoint would return it.
async fn session(State(state): State<Arc<ProviderState>>, headers: HeaderMap) -> Response {
    let session = credential(&state.identity, &headers)
        .and_then(|credential| state.identity.session(&credential, state.clock.now()));
    match session {
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

/// Client ID and secret. Both are form-encoded before they are joined (RFC 6749 section 2.3.1).
fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
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
    request_cookies(headers)
        .into_iter()
        .find(|cookie| names.contains(&cookie.name))
        .map(|cookie| cookie.value)
}
