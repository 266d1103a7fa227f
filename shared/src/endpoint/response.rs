//! Answers: the headers that all of them carry, and the form of a token handed over.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::problem::{Code, Problem};
use crate::provider::token::IssuedToken;

/// The methods that the endpoints know, as 405 tells them.
const ALLOW: HeaderValue = HeaderValue::from_static("GET, POST, DELETE, OPTIONS");

/// The name of the header that says whether a token is new.
const SOURCE: HeaderName = HeaderName::from_static("voicemint-source");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A header of ours, with its name parsed once and for all.
type Header = (HeaderName, HeaderValue);

/// How many headers an answer has, about.
const HEADERS: usize = 16;

/// On every answer, whatever it is.
static ALWAYS: [Header; 6] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::VARY, HeaderValue::from_static("Origin")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::STRICT_TRANSPORT_SECURITY,
        HeaderValue::from_static("max-age=63072000"),
    ),
];

/// On every answer to a page that may call, so that it can read it, whatever it is
/// (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
static TO_ALLOWED_ORIGIN: [Header; 3] = [
    (
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    ),
    (
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("Retry-After, Voicemint-Source, Server-Timing"),
    ),
    (RESOURCE_POLICY, HeaderValue::from_static("cross-origin")),
];

static TO_OTHERS: [Header; 1] = [(RESOURCE_POLICY, HeaderValue::from_static("same-origin"))];

static TO_PREFLIGHT: [Header; 3] = [
    (
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("GET, POST, DELETE"),
    ),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        // The last four are what tracing libraries add to an app's requests by themselves (W3C
        // Trace Context, Sentry).
        HeaderValue::from_static(
            "authorization, content-type, baggage, sentry-trace, traceparent, tracestate",
        ),
    ),
    (
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    ),
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
    pub fn new(
        provider: &'static str,
        lease: &'a IssuedToken,
        single_use: bool,
        base_url: &'a str,
    ) -> Self {
        let expires_at = rfc3339(lease.expires_at);
        Self {
            provider,
            token: lease.token.expose(),
            expires_in: lease.expires_in,
            expires_at,
            single_use,
            base_url,
        }
    }
}

/// A token handed over; `source` says whether it is new.
pub fn granted(
    granted: &Granted,
    source: &'static str,
    cookie: Option<HeaderValue>,
) -> Response<Bytes> {
    let mut response = json(
        "application/json",
        serde_json::to_vec(granted).unwrap_or_default(),
    );
    response
        .headers_mut()
        .insert(SOURCE, HeaderValue::from_static(source));
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
pub fn refused(refusal: &Problem, request_id: &str) -> Response<Bytes> {
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
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
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
        response
            .headers_mut()
            .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    } else {
        insert(response, &TO_OTHERS);
    }
}

fn insert(response: &mut Response<Bytes>, headers: &[Header]) {
    for (name, value) in headers {
        response.headers_mut().insert(name, value.clone());
    }
}

fn json(media_type: &'static str, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().reserve(HEADERS);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn empty() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
