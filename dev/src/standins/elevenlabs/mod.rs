//! ElevenLabs: its single-use tokens, text-to-speech and speech-to-text.

mod auth;
mod error;
mod mint;
mod stt;
mod stt_socket;
#[cfg(test)]
mod tests;
mod tts_contexts;
mod tts_socket;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::accounts::Standins;
use super::cors::with_cors;
use error::{ElevenLabsError, method_not_allowed};

pub(super) fn routes() -> Router<Standins> {
    Router::new()
        .route(
            "/v1/single-use-token/{token_type}",
            post(mint::mint).fallback(mint::method_not_allowed),
        )
        .route(
            "/v1/speech-to-text",
            with_cors(post(stt::transcribe).fallback(method_not_allowed)),
        )
        .route("/v1/speech-to-text/realtime", get(stt_socket::open))
        .route(
            "/v1/text-to-speech/{voice_id}/stream-input",
            get(tts_socket::open),
        )
        .route(
            "/v1/text-to-speech/{voice_id}/multi-stream-input",
            get(tts_socket::open_multi),
        )
}

pub(super) fn not_found() -> Response {
    ElevenLabsError::Plain(StatusCode::NOT_FOUND).into_response()
}
