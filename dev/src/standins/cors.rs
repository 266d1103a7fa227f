//! What lets web pages call the endpoints that consume tokens.

use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::MethodRouter;

use super::Standins;

/// Lets any web page call an endpoint that consumes tokens, as the vendors do. The mint endpoints
/// stay closed.
pub(super) fn open_to_pages(endpoint: MethodRouter<Standins>) -> MethodRouter<Standins> {
    endpoint
        .options(preflight)
        .layer(middleware::map_response(allow_any_page))
}

async fn preflight() -> (StatusCode, [(header::HeaderName, &'static str); 3]) {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        // The star covers every header but this one.
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, *"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers)
}

async fn allow_any_page(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}
