//! Answers: the headers that all of them carry, and the form of a token handed over.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::provider::Lease;
use crate::refusal::{Code, Refusal};

/// The methods that the endpoints know, as 405 tells them.
const ALLOW: HeaderValue = HeaderValue::from_static("GET, POST, DELETE, OPTIONS");

/// The name of the header that says whether a token is new.
const SOURCE: &str = "voicemint-source";

/// On every answer, whatever it is.
const ALWAYS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("vary", "Origin"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("strict-transport-security", "max-age=63072000"),
];

/// On every answer to a page that may call, so that it can read it, whatever it is (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
const TO_ALLOWED_ORIGIN: [(&str, &str); 3] = [
    ("access-control-allow-credentials", "true"),
    ("access-control-expose-headers", "Retry-After, Voicemint-Source, Server-Timing"),
    ("cross-origin-resource-policy", "cross-origin"),
];

const TO_PREFLIGHT: [(&str, &str); 3] = [
    ("access-control-allow-methods", "GET, POST, DELETE"),
    (
        "access-control-allow-headers",
        // The last four are what tracing libraries add to an app's requests by themselves (W3C Trace Context, Sentry).
        "authorization, content-type, baggage, sentry-trace, traceparent, tracestate",
    ),
    ("access-control-max-age", "600"),
];

/// A token handed over.
#[derive(Serialize)]
pub struct Granted<'a> {
    provider: &'static str,
    token: &'a str,
    expires_in: u32,
    expires_at: String,
    single_use: bool,
    base_url: &'a str,
}

impl<'a> Granted<'a> {
    /// The body of an answer of success.
    pub fn new(provider: &'static str, lease: &'a Lease, single_use: bool, base_url: &'a str) -> Self {
        let expires_at = rfc3339(lease.expires_at);
        Self { provider, token: lease.token.expose(), expires_in: lease.expires_in, expires_at, single_use, base_url }
    }
}

/// A token handed over; `source` says whether it is new.
pub fn granted(granted: &Granted, source: &'static str, cookie: Option<HeaderValue>) -> Response<Bytes> {
    let mut response = json("application/json", serde_json::to_vec(granted).unwrap_or_default());
    response.headers_mut().insert(SOURCE, HeaderValue::from_static(source));
    set_cookie(&mut response, cookie);
    response
}

/// Signed out of a token: its cookie expires.
pub fn signed_out(cookie: Option<HeaderValue>) -> Response<Bytes> {
    let mut response = empty();
    set_cookie(&mut response, cookie);
    response
}

fn set_cookie(response: &mut Response<Bytes>, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// The answer to a preflight that passed.
pub fn preflight() -> Response<Bytes> {
    let mut response = empty();
    insert(&mut response, &TO_PREFLIGHT);
    response
}

/// The answer to a refused request.
pub fn refused(refusal: &Refusal, request_id: &str) -> Response<Bytes> {
    let mut response = json("application/problem+json", refusal.problem(request_id));
    *response.status_mut() = refusal.code.status();
    let headers = response.headers_mut();
    if let Some(seconds) = refusal.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    // RFC 6750 section 3: no error code where there were no credentials.
    let challenge = match refusal.code {
        Code::SessionMissing => Some("Bearer"),
        Code::SessionInvalid | Code::SessionExpired => Some("Bearer error=\"invalid_token\""),
        _ => None,
    };
    if let Some(challenge) = challenge {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if refusal.code == Code::MethodNotAllowed {
        headers.insert(header::ALLOW, ALLOW);
    }
    response
}

/// Puts on what every answer carries. `origin` is the caller's, where it is an allowed one.
pub fn finish(response: &mut Response<Bytes>, origin: Option<&HeaderValue>) {
    insert(response, &ALWAYS);
    if let Some(origin) = origin {
        insert(response, &TO_ALLOWED_ORIGIN);
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    } else {
        insert(response, &[("cross-origin-resource-policy", "same-origin")]);
    }
}

fn insert(response: &mut Response<Bytes>, headers: &[(&'static str, &'static str)]) {
    for &(name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
}

fn json(media_type: &'static str, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn empty() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
