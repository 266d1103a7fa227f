//! Sign-in and sign-out with cookies, as apps implement them.

mod origin_guard;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use voicemint::internals::Clock;

use crate::cli::Arguments;
use crate::identity::{Cookie, IdentityProvider, Login, request_cookies};
use origin_guard::AllowedOrigins;

struct SignInState {
    identity: Arc<IdentityProvider>,
    clock: Clock,
    seconds: u32,
}

/// `/sign-in` and `/sign-out`, for the page and the allowed origins.
pub fn router(identity: Arc<IdentityProvider>, clock: Clock, arguments: &Arguments) -> Router {
    let state = Arc::new(SignInState {
        identity,
        clock,
        seconds: arguments.session_seconds,
    });
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route_layer(middleware::from_fn_with_state(
            AllowedOrigins::new(arguments),
            origin_guard::require_allowed_origin,
        ))
        .with_state(state)
}

#[derive(Deserialize)]
struct SignInRequest {
    user: String,
    /// The grants that the session permits, separated by spaces.
    grants: Option<String>,
}

/// Signs in with `user=ada`, as a form or as JSON.
async fn sign_in(
    State(state): State<Arc<SignInState>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    let request = if is_json {
        serde_json::from_slice(&body).ok()
    } else {
        serde_urlencoded::from_bytes(&body).ok()
    };
    let valid = request.filter(|SignInRequest { user, grants }| {
        (1..=64).contains(&user.chars().count())
            && !user.contains(char::is_control)
            && grants.as_ref().is_none_or(|grants| grants.len() <= 256)
    });
    let Some(SignInRequest { user, grants }) = valid else {
        let detail = "A user name of 1 to 64 characters is required: user=ada as a form, or {\"user\":\"ada\"} as JSON. \
                      Optional: the grants that the session permits, such as grants=tts stt\n";
        return (StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
    };
    let login = Login {
        user: &user,
        grants: grants.as_deref(),
        now: state.clock.now(),
        seconds: state.seconds,
    };
    let Ok(credentials) = state.identity.sign_in(&login) else {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The session could not be created.\n",
        )
            .into_response();
    };
    // Remaining pieces of a longer session would make this one invalid.
    let stale = own_cookies(&state.identity, &headers)
        .into_iter()
        .filter(|old| {
            credentials
                .cookies
                .iter()
                .all(|cookie| cookie.name != old.name)
        });
    let lines: Vec<_> = stale
        .map(|cookie| set_cookie(&cookie.name, "", 0))
        .chain(
            credentials
                .cookies
                .iter()
                .map(|cookie| set_cookie(&cookie.name, &cookie.value, state.seconds)),
        )
        .collect();
    (
        AppendHeaders(lines),
        axum::Json(json!({"user": user, "expires_in": state.seconds})),
    )
        .into_response()
}

async fn sign_out(State(state): State<Arc<SignInState>>, headers: HeaderMap) -> Response {
    let own = own_cookies(&state.identity, &headers);
    own.iter()
        .for_each(|cookie| state.identity.revoke(&cookie.value));
    let mut names: Vec<_> = own
        .into_iter()
        .map(|cookie| cookie.name)
        .chain(state.identity.cookie_names())
        .collect();
    names.sort();
    names.dedup();
    let lines: Vec<_> = names.iter().map(|name| set_cookie(name, "", 0)).collect();
    (StatusCode::NO_CONTENT, AppendHeaders(lines)).into_response()
}

/// The session cookies of a request.
fn own_cookies(identity: &IdentityProvider, headers: &HeaderMap) -> Vec<Cookie> {
    request_cookies(headers)
        .into_iter()
        .filter(|cookie| identity.owns_cookie(&cookie.name))
        .collect()
}

/// `SameSite=Lax` keeps the user signed in when a link leads to the page. The cookie is not
/// `Secure`, since Safari rejects such cookies on http://localhost.
fn set_cookie(name: &str, value: &str, max_age: u32) -> (HeaderName, String) {
    (
        header::SET_COOKIE,
        format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age}"),
    )
}
