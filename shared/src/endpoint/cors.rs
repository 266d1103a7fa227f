//! CORS: which headers let a page of an allowed origin read a response
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>), and the response to a preflight. Which
//! origins are allowed is in `origin`.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::endpoint::static_headers::{Header, insert};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// On every response to an allowed origin, errors included, so that the page can read it.
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
        // Tracing libraries add the last four to an app's requests (W3C Trace Context, Sentry).
        HeaderValue::from_static(
            "authorization, content-type, baggage, sentry-trace, traceparent, tracestate",
        ),
    ),
    (
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("600"),
    ),
];

/// The response to a preflight from an allowed origin.
pub(crate) fn preflight() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    insert(&mut response, &TO_PREFLIGHT);
    response
}

/// Adds what every response says about other origins. `origin` is the request's, if it is an
/// allowed one.
pub(crate) fn add_headers(response: &mut Response<Bytes>, origin: Option<&HeaderValue>) {
    if let Some(origin) = origin {
        insert(response, &TO_ALLOWED_ORIGIN);
        response
            .headers_mut()
            .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    } else {
        insert(response, &TO_OTHERS);
    }
}
