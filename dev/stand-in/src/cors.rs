//! Cross-origin access for the endpoints that accept tokens.

use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::Response;
use axum::routing::MethodRouter;

use crate::account::Account;

/// Lets pages of any origin call an endpoint that accepts tokens, as the vendors do. The mint
/// endpoints do not allow cross-origin access.
pub fn with_cors(endpoint: MethodRouter<Account>) -> MethodRouter<Account> {
    endpoint
        .options(preflight)
        .layer(middleware::map_response(allow_any_origin))
}

async fn preflight() -> (StatusCode, [(header::HeaderName, &'static str); 3]) {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        // The wildcard does not include Authorization.
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, *"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers)
}

async fn allow_any_origin(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}
