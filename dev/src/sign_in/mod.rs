//! Signing in and out, as apps do it: by cookies.

mod origin_guard;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};
use origin_guard::Pages;
use serde::Deserialize;
use serde_json::json;
use voicemint::clock::Clock;

use crate::cli::Arguments;
use crate::identity::{Cookie, IdentityProvider, Login, cookies_of};

struct Desk {
    identity: Arc<IdentityProvider>,
    clock: Clock,
    seconds: u32,
}

/// `/sign-in` and `/sign-out`, for the page and those that may call. A session lasts as long as the
/// flags say.
pub fn router(identity: Arc<IdentityProvider>, clock: Clock, arguments: &Arguments) -> Router {
    let desk = Arc::new(Desk {
        identity,
        clock,
        seconds: arguments.session_seconds,
    });
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route_layer(middleware::from_fn_with_state(
            Pages::new(arguments),
            origin_guard::known_alone,
        ))
        .with_state(desk)
}

#[derive(Deserialize)]
struct User {
    user: String,
    /// What the session may ask for, separated by spaces.
    grants: Option<String>,
}

/// Signs in with `user=ada`, as a form or as JSON.
async fn sign_in(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    let user = match is_json {
        true => serde_json::from_slice(&body).ok(),
        false => serde_urlencoded::from_bytes(&body).ok(),
    };
    let known = user.filter(|User { user, grants }| {
        (1..=64).contains(&user.chars().count())
            && !user.contains(char::is_control)
            && grants.as_ref().is_none_or(|grants| grants.len() <= 256)
    });
    let Some(User { user, grants }) = known else {
        let detail = "Name yourself in 1 to 64 characters: user=ada as a form, or {\"user\":\"ada\"} as JSON. What the \
                      session may ask for can go along: grants=tts stt\n";
        return (StatusCode::UNPROCESSABLE_ENTITY, detail).into_response();
    };
    let login = Login {
        user: &user,
        grants: grants.as_deref(),
        now: desk.clock.now(),
        seconds: desk.seconds,
    };
    let Ok(credentials) = desk.identity.sign_in(&login) else {
        return (
            StatusCode::INTERNAL_SERVER_ERROR,
            "The session could not be made.\n",
        )
            .into_response();
    };
    // Pieces that are left of a longer session would spoil this one.
    let stale = own_cookies(&desk.identity, &headers)
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
                .map(|cookie| set_cookie(&cookie.name, &cookie.value, desk.seconds)),
        )
        .collect();
    (
        AppendHeaders(lines),
        axum::Json(json!({"user": user, "expires_in": desk.seconds})),
    )
        .into_response()
}

async fn sign_out(State(desk): State<Arc<Desk>>, headers: HeaderMap) -> Response {
    let own = own_cookies(&desk.identity, &headers);
    own.iter()
        .for_each(|cookie| desk.identity.revoke(&cookie.value));
    let mut names: Vec<_> = own
        .into_iter()
        .map(|cookie| cookie.name)
        .chain(desk.identity.cookie_names())
        .collect();
    names.sort();
    names.dedup();
    let lines: Vec<_> = names.iter().map(|name| set_cookie(name, "", 0)).collect();
    (StatusCode::NO_CONTENT, AppendHeaders(lines)).into_response()
}

/// The cookies of a request that make up the session.
fn own_cookies(identity: &IdentityProvider, headers: &HeaderMap) -> Vec<Cookie> {
    cookies_of(headers)
        .into_iter()
        .filter(|cookie| identity.owns_cookie(&cookie.name))
        .collect()
}

/// Lax, so that a link to the page finds the visitor signed in. Not Secure: Safari drops such
/// cookies on http://localhost.
fn set_cookie(name: &str, value: &str, max_age: u32) -> (HeaderName, String) {
    (
        header::SET_COOKIE,
        format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age}"),
    )
}
