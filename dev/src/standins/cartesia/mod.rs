//! Cartesia: its access tokens, text-to-speech and speech-to-text.

mod auth;
mod error;
mod frame;
mod mint;
mod stt;
mod stt_socket;
mod tts;
mod tts_socket;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::accounts::Standins;
use super::cors::with_cors;
use error::CartesiaError;

pub(super) fn routes() -> Router<Standins> {
    let endpoint = |handler: axum::routing::MethodRouter<Standins>| {
        with_cors(handler.fallback(method_not_allowed))
    };
    Router::new()
        .route(
            "/access-token",
            post(mint::mint).fallback(mint::method_not_allowed),
        )
        .route("/tts/bytes", endpoint(post(tts::bytes)))
        .route("/tts/sse", endpoint(post(tts::events)))
        .route("/tts/websocket", get(tts_socket::open))
        .route("/stt", endpoint(post(stt::transcribe)))
        .route("/stt/websocket", get(stt_socket::open))
        .route("/stt/turns/websocket", get(stt_socket::open_with_turns))
        .route(
            "/audio/transcriptions",
            endpoint(post(stt::transcribe_like_openai)),
        )
}

pub(super) fn not_found() -> Response {
    CartesiaError::new(StatusCode::NOT_FOUND, "This path does not exist.").into_response()
}

async fn method_not_allowed() -> Response {
    (
        [(header::ALLOW, "POST")],
        CartesiaError::method_not_allowed(),
    )
        .into_response()
}
