//! Headers and query parameters of a request.

use axum::http::HeaderMap;

/// A query as it was sent: names can repeat.
pub type QueryPairs = Vec<(String, String)>;

/// The query contains this parameter more than once.
#[derive(Debug)]
pub struct DuplicateParameter(pub &'static str);

/// An extension of requests that arrived over TLS.
#[derive(Clone, Copy, Debug)]
pub struct OverTls;

/// The value of a header that occurs exactly once and is visible ASCII.
pub fn single_header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next().filter(|_| values.next().is_none());
    only.and_then(|value| value.to_str().ok())
}

/// The value of a query parameter, if it is present.
pub fn single_parameter<'a>(
    query: &'a [(String, String)],
    name: &'static str,
) -> Result<Option<&'a str>, DuplicateParameter> {
    let mut values = query
        .iter()
        .filter(|(key, _)| key == name)
        .map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (only, None) => Ok(only),
        _ => Err(DuplicateParameter(name)),
    }
}
