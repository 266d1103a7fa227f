//! Cartesia: minting access tokens, and who may call what with them. Sources:
//! docs.cartesia.ai/api-reference/auth/access-token, /use-the-api/api-errors,
//! /use-the-api/api-conventions.

mod stt;
mod stt_socket;
mod tts;
mod tts_socket;

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::tokens::{self, Grant, Need, Scope, Why};
use super::{Standins, Twice, Vendor, open_to_pages, sole_header, sole_pair};

/// The dates of the API that are known: the documented one, and the one that the vendor's SDKs
/// send.
const VERSIONS: [&str; 2] = ["2026-03-01", "2026-08-14"];

/// What a token lives for where the request does not say, in seconds. The vendor publishes no
/// figure.
const UNASKED_LIFETIME: u64 = 60;

/// The body of a mint request. Unknown members are kept, so that a refusal can name them.
#[derive(Deserialize)]
struct Ask {
    grants: Option<Grants>,
    expires_in: Option<u64>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct Grants {
    tts: Option<bool>,
    stt: Option<bool>,
    agent: Option<bool>,
    #[serde(flatten)]
    unknown: BTreeMap<String, IgnoredAny>,
}

/// An error in Cartesia's own shape.
struct Refusal {
    status: StatusCode,
    message: String,
}

pub(super) fn routes() -> Router<Standins> {
    let text_to_speech = post(tts::bytes).fallback(wrong_method);
    let as_events = post(tts::events).fallback(wrong_method);
    let speech_to_text = post(stt::transcribe).fallback(wrong_method);
    let like_openai = post(stt::transcribe_like_openai).fallback(wrong_method);
    Router::new()
        .route("/access-token", post(mint).fallback(mint_wrong_method))
        .route("/tts/bytes", open_to_pages(text_to_speech))
        .route("/tts/sse", open_to_pages(as_events))
        .route("/tts/websocket", get(tts_socket::open))
        .route("/stt", open_to_pages(speech_to_text))
        .route("/stt/websocket", get(stt_socket::open))
        .route("/stt/turns/websocket", get(stt_socket::open_with_turns))
        .route("/audio/transcriptions", open_to_pages(like_openai))
}

pub(super) fn not_found() -> Response {
    refuse(StatusCode::NOT_FOUND, "There is nothing at this path.").into_response()
}

async fn mint(
    State(standins): State<Standins>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    standins.count_request(Vendor::Cartesia);
    if !shows_key(&standins, &headers) {
        return Err(refuse(
            StatusCode::UNAUTHORIZED,
            "The API key is missing or wrong: send Authorization: Bearer <key>.",
        ));
    }
    check_version(&headers)?;
    let (grants, lifetime) = read_ask(&json_body(&headers, body)?)?;
    let scope = Scope::Cartesia(grants);
    let token = standins
        .mint(Vendor::Cartesia, scope, lifetime)
        .map_err(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "No randomness."))?;
    Ok(Json(json!({ "token": token })).into_response())
}

fn read_ask(body: &[u8]) -> Result<(Vec<Grant>, Duration), Refusal> {
    let ask: Ask = serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))?;
    let grants = ask
        .grants
        .ok_or_else(|| malformed("grants must be an object."))?;
    if let Some(name) = ask.unknown.keys().chain(grants.unknown.keys()).next() {
        return Err(malformed(format!("unknown member {name:?}.")));
    }
    let granted: Vec<Grant> = [
        (grants.tts, Grant::Tts),
        (grants.stt, Grant::Stt),
        (grants.agent, Grant::Agent),
    ]
    .into_iter()
    .filter_map(|(asked, grant)| (asked == Some(true)).then_some(grant))
    .collect();
    if granted.is_empty() {
        return Err(malformed("grants must have at least one member true."));
    }
    match ask.expires_in.unwrap_or(UNASKED_LIFETIME) {
        seconds @ 1..=3600 => Ok((granted, Duration::from_secs(seconds))),
        _ => Err(malformed("expires_in must be 1 to 3600 seconds.")),
    }
}

/// Lets in the API key, or a token that was granted `grant`.
fn authorize(standins: &Standins, headers: &HeaderMap, grant: Grant) -> Result<(), Refusal> {
    if shows_key(standins, headers) {
        return Ok(());
    }
    match bearer(headers) {
        Some(token) => redeem(standins, token, grant),
        None => Err(unauthorized()),
    }
}

/// As [`authorize`] and [`check_version`], for a socket: a page cannot set its headers, and puts
/// all in the query.
fn admit(
    standins: &Standins,
    headers: &HeaderMap,
    query: &[(String, String)],
    grant: Grant,
) -> Result<(), Refusal> {
    if headers.contains_key(header::AUTHORIZATION) || headers.contains_key("x-api-key") {
        authorize(standins, headers, grant)?;
    } else {
        match (
            sole_pair(query, "access_token")?,
            sole_pair(query, "api_key")?,
        ) {
            (Some(token), None) => redeem(standins, token, grant)?,
            (None, Some(key)) if standins.accepts_key(Vendor::Cartesia, key) => {}
            _ => return Err(unauthorized()),
        }
    }
    match sole_pair(query, "cartesia_version")? {
        Some(version) if !headers.contains_key("cartesia-version") => known_version(version),
        _ => check_version(headers),
    }
}

fn redeem(standins: &Standins, token: &str, grant: Grant) -> Result<(), Refusal> {
    standins
        .redeem(token, Need::Cartesia(grant))
        .map_err(|why| match why {
            Why::NotGranted => refuse(
                StatusCode::FORBIDDEN,
                "The access token was not granted this endpoint.",
            ),
            Why::Expired => refuse(StatusCode::UNAUTHORIZED, "The access token has expired."),
            Why::Unknown | Why::Spent => unauthorized(),
        })
}

fn unauthorized() -> Refusal {
    refuse(
        StatusCode::UNAUTHORIZED,
        "The API key or access token is missing or wrong.",
    )
}

/// Both headers are documented for keys; tokens are taken from Authorization alone.
fn shows_key(standins: &Standins, headers: &HeaderMap) -> bool {
    let shown = if headers.contains_key(header::AUTHORIZATION) {
        bearer(headers)
    } else {
        sole_header(headers, "x-api-key")
    };
    shown.is_some_and(|key| standins.accepts_key(Vendor::Cartesia, key))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    sole_header(headers, "authorization")?.strip_prefix("Bearer ")
}

fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    match sole_header(headers, "cartesia-version") {
        Some(version) => known_version(version),
        None => Err(malformed("The header Cartesia-Version is required, once.")),
    }
}

fn known_version(version: &str) -> Result<(), Refusal> {
    let known = VERSIONS.contains(&version);
    known
        .then_some(())
        .ok_or_else(|| malformed("Cartesia-Version is not a known date."))
}

fn json_body(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Bytes, Refusal> {
    let content_type = sole_header(headers, "content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be application/json.",
        ));
    }
    body.map_err(|rejection| refuse(rejection.status(), "The body could not be read."))
}

async fn mint_wrong_method(State(standins): State<Standins>) -> Response {
    standins.count_request(Vendor::Cartesia);
    wrong_method().await
}

async fn wrong_method() -> Response {
    let refusal = refuse(StatusCode::METHOD_NOT_ALLOWED, "Only POST is allowed here.");
    ([(header::ALLOW, "POST")], refusal).into_response()
}

fn refuse(status: StatusCode, message: impl Into<String>) -> Refusal {
    let message = message.into();
    Refusal { status, message }
}

fn malformed(message: impl Into<String>) -> Refusal {
    refuse(StatusCode::BAD_REQUEST, message)
}

impl Refusal {
    fn body(&self) -> Value {
        json!({
            "error_code": null,
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "message": self.message,
            "request_id": tokens::request_id(),
        })
    }

    /// As a socket says it.
    fn frame(&self, context: Option<&str>) -> Value {
        let mut frame = self.body();
        if let Some(members) = frame.as_object_mut() {
            members.insert("type".to_owned(), "error".into());
            members.insert("done".to_owned(), true.into());
            members.insert("status_code".to_owned(), self.status.as_u16().into());
        }
        tts::with_context(frame, context)
    }
}

impl From<Twice> for Refusal {
    fn from(Twice(name): Twice) -> Self {
        malformed(format!("{name} is given twice."))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}

#[cfg(test)]
mod tests;
