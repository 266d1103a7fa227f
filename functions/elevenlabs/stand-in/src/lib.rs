//! The stand-in of ElevenLabs: its single-use tokens, text-to-speech and speech-to-text.

mod auth;
mod error;
mod mint;
mod stt;
mod stt_socket;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod token_type;
mod tts_contexts;
mod tts_socket;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use voicemint_stand_in::cors::with_cors;
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::{ElevenLabsError, method_not_allowed};
use crate::token_type::TokenType;

/// The API key that the stand-in accepts at first.
pub const API_KEY: &str = "sk_standin_opens_nothing_real";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct ElevenLabsStandin;

impl Standin for ElevenLabsStandin {
    fn name(&self) -> &'static str {
        "elevenlabs"
    }

    fn title(&self) -> &'static str {
        "ElevenLabs"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn token_prefix(&self) -> &'static str {
        "sutkn_standin_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({ "token_type": "realtime_scribe" }),
            scope: TokenType::RealtimeScribe.into(),
            expires_in: 900,
            single_use: true,
        }
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn client(&self) -> Option<&'static str> {
        Some(include_str!("../../client.js"))
    }

    fn routes(&self) -> Router<Account> {
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

    fn paths(&self) -> Paths {
        Paths {
            mint: &["POST /v1/single-use-token/{realtime_scribe|batch_scribe|tts_websocket}"],
            uses: &[
                "POST /v1/speech-to-text?token=",
                "WebSocket /v1/speech-to-text/realtime?token=",
                "WebSocket /v1/text-to-speech/{voice_id}/stream-input?single_use_token=",
                "WebSocket /v1/text-to-speech/{voice_id}/multi-stream-input?single_use_token=",
            ],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/v1/"
    }

    fn not_found(&self) -> Response {
        ElevenLabsError::Plain(StatusCode::NOT_FOUND).into_response()
    }
}
