//! Headers whose names and values are constants.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};

/// A constant header, with its name parsed at compile time.
pub(super) type Header = (HeaderName, HeaderValue);

/// Inserts headers into a response.
pub(super) fn insert(response: &mut Response<Bytes>, headers: &[Header]) {
    for (name, value) in headers {
        response.headers_mut().insert(name, value.clone());
    }
}
