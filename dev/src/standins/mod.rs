//! Stand-ins for the three providers, as strict as the providers' documentation, so that the whole
//! product runs and is tested on one machine without any account. They mint tokens and accept them
//! at the endpoints and WebSockets that a page calls next. Their API keys are public and are not
//! valid anywhere else.

mod accounts;
mod assemblyai;
mod cartesia;
mod cors;
mod elevenlabs;
mod multipart;
mod request;
mod speech_queue;
mod synth;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tokens;
mod transcript;
mod websocket;

use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

pub use accounts::{ASSEMBLYAI_KEY, CARTESIA_KEY, ELEVENLABS_KEY, Standins, Vendor};
pub use tokens::{Grant, RedeemError, Scope, TokenType};

/// The maximum length of a request body: two minutes of 16 kHz audio. Longer ones are rejected with
/// 413.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

impl Standins {
    /// All vendors' paths on one router; they do not collide. `GET /` lists them.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(about))
            .merge(cartesia::routes())
            .merge(elevenlabs::routes())
            .merge(assemblyai::routes())
            .fallback(not_found)
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .with_state(self.clone())
    }
}

async fn about() -> Json<Value> {
    Json(json!({
        "what": "Stand-ins for Cartesia, ElevenLabs and AssemblyAI: local imitations for development and tests.",
        "mint": [
            "POST /access-token",
            "POST /v1/single-use-token/{realtime_scribe|batch_scribe|tts_websocket}",
            "GET /v3/token?expires_in_seconds=60",
        ],
        "use": [
            "POST /tts/bytes",
            "POST /tts/sse",
            "WebSocket /tts/websocket",
            "POST /stt",
            "WebSocket /stt/websocket",
            "WebSocket /stt/turns/websocket",
            "POST /audio/transcriptions",
            "POST /v1/speech-to-text?token=",
            "WebSocket /v1/speech-to-text/realtime?token=",
            "WebSocket /v1/text-to-speech/{voice_id}/stream-input?single_use_token=",
            "WebSocket /v1/text-to-speech/{voice_id}/multi-stream-input?single_use_token=",
            "WebSocket /v3/ws?token=",
        ],
    }))
}

/// The response for unknown paths. The first segment selects the vendor whose error a client
/// expects.
async fn not_found(uri: Uri) -> Response {
    let path = uri.path();
    if path.starts_with("/v1/") {
        elevenlabs::not_found()
    } else if path.starts_with("/v3/") {
        assemblyai::not_found()
    } else {
        cartesia::not_found()
    }
}
