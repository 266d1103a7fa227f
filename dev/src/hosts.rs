//! The names by which this machine is called, and a door for requests that use another.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "[::1]", "host.docker.internal"];

/// Answers only requests to this machine's own names, on these ports. A foreign site whose name suddenly points here (DNS
/// rebinding) would count as same-origin: it could sign itself in, mint with a developer's real key, and read secrets.
pub fn known_alone(router: Router, ports: &[u16]) -> Router {
    let with_ports = ports.iter().flat_map(|port| NAMES.map(|name| format!("{name}:{port}")));
    // Port 80 goes without saying.
    let bare = NAMES.into_iter().filter(|_| ports.contains(&80)).map(str::to_owned);
    let known: Vec<String> = with_ports.chain(bare).collect();
    router.layer(middleware::from_fn_with_state(Arc::new(known), refuse_others))
}

async fn refuse_others(State(known): State<Arc<Vec<String>>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if known.iter().any(|name| name.eq_ignore_ascii_case(host)) {
        return next.run(request).await;
    }
    (StatusCode::MISDIRECTED_REQUEST, "Call this server as localhost.\n").into_response()
}
