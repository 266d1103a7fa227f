//! Responses: the headers that all of them have, and the body that holds a token.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::clock::rfc3339;
use crate::endpoint::cors;
use crate::endpoint::static_headers::{Header, insert};
use crate::problem::{Code, Problem};
use crate::provider::details::TokenDetails;
use crate::provider::token::IssuedToken;

/// The value of `Allow` in a 405.
const ALLOW: HeaderValue = HeaderValue::from_static("GET, POST, DELETE, OPTIONS");

/// Says whether a token was minted or resumed.
const SOURCE: HeaderName = HeaderName::from_static("voicemint-source");

/// How many headers a response has, about.
const HEADER_CAPACITY: usize = 16;

/// On every response.
static COMMON: [Header; 6] = [
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

/// The body of a response with a token.
pub(crate) struct TokenBody<'a> {
    /// The provider's name.
    pub provider: &'static str,
    /// The token.
    pub token: &'a IssuedToken,
    /// Whether the token can be used once only.
    pub single_use: bool,
    /// The profile's name, and whether the provider holds the session to it.
    pub profile: Option<(&'a str, bool)>,
    /// Where and how to use the token.
    pub details: &'a TokenDetails<'a>,
}

impl Serialize for TokenBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { token, details, .. } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("provider", self.provider)?;
        map.serialize_entry("token", token.token.expose())?;
        map.serialize_entry("expires_in", &token.expires_in)?;
        map.serialize_entry("expires_at", &rfc3339(token.expires_at))?;
        map.serialize_entry("single_use", &self.single_use)?;
        map.serialize_entry("base_url", details.base_url().public())?;
        if let Some((name, locked)) = self.profile {
            map.serialize_entry("profile", name)?;
            map.serialize_entry("locked", &locked)?;
        }
        let further = details.members().iter();
        for (name, value) in further.filter(|(name, _)| !token.members.contains_key(*name)) {
            map.serialize_entry(name, value)?;
        }
        for (name, value) in &token.members {
            map.serialize_entry(name, value)?;
        }
        if let Some(connect) = details.connect() {
            map.serialize_entry("connect", connect)?;
        }
        map.end()
    }
}

/// A response with a token. `source` says whether it was minted or resumed.
pub(crate) fn token(
    body: &TokenBody,
    source: &'static str,
    cookie: Option<HeaderValue>,
) -> Response<Bytes> {
    let mut response = json(
        "application/json",
        serde_json::to_vec(body).unwrap_or_default(),
    );
    response
        .headers_mut()
        .insert(SOURCE, HeaderValue::from_static(source));
    set_cookie(&mut response, cookie);
    response
}

/// The response to `DELETE`, with a cookie that expires the token's.
pub(crate) fn signed_out(cookie: Option<HeaderValue>) -> Response<Bytes> {
    let mut response = empty();
    set_cookie(&mut response, cookie);
    response
}

fn set_cookie(response: &mut Response<Bytes>, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// The problem document for a request that failed.
pub(crate) fn problem(problem: &Problem, request_id: &str) -> Response<Bytes> {
    let mut response = json("application/problem+json", problem.document(request_id));
    *response.status_mut() = problem.code.status();
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    // Without credentials there is no error code (RFC 6750 section 3).
    let challenge = match problem.code {
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
    if problem.code == Code::MethodNotAllowed {
        headers.insert(header::ALLOW, ALLOW);
    }
    response
}

/// Adds the headers that every response has. `origin` is the request's, if it is an allowed one.
pub(crate) fn add_common_headers(response: &mut Response<Bytes>, origin: Option<&HeaderValue>) {
    insert(response, &COMMON);
    cors::add_headers(response, origin);
}

fn json(media_type: &'static str, body: Vec<u8>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    response.headers_mut().reserve(HEADER_CAPACITY);
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
