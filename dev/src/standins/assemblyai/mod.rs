//! AssemblyAI: its temporary tokens and its streaming sessions.

mod error;
mod mint;
mod stt_socket;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::accounts::Standins;
use error::AssemblyAiError;

pub(super) fn routes() -> Router<Standins> {
    // Without its own handler, a HEAD request would be answered like a GET and mint a token that
    // is never delivered.
    let mint = get(mint::mint)
        .head(mint::method_not_allowed)
        .fallback(mint::method_not_allowed);
    Router::new()
        .route("/v3/token", mint)
        .route("/v3/ws", get(stt_socket::open))
}

pub(super) fn not_found() -> Response {
    AssemblyAiError::new(StatusCode::NOT_FOUND, "Not found").into_response()
}
