//! The stand-in of Cartesia: its access tokens, text-to-speech and speech-to-text.

mod auth;
mod error;
mod frame;
mod grant;
mod mint;
mod stt;
mod stt_socket;
#[cfg(test)]
mod testing;
mod tts;
mod tts_socket;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::json;
use voicemint_stand_in::cors::with_cors;
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::CartesiaError;
use crate::grant::Grant;

/// The API key that the stand-in accepts at first.
pub const API_KEY: &str = "sk_car_standin_opens_nothing_real";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct CartesiaStandin;

impl Standin for CartesiaStandin {
    fn name(&self) -> &'static str {
        "cartesia"
    }

    fn title(&self) -> &'static str {
        "Cartesia"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn token_prefix(&self) -> &'static str {
        "standin_car_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: Grant::Tts.into(),
            expires_in: 60,
            single_use: false,
        }
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn client(&self) -> Option<&'static str> {
        Some(include_str!("../../client.js"))
    }

    fn routes(&self) -> Router<Account> {
        let endpoint =
            |handler: MethodRouter<Account>| with_cors(handler.fallback(method_not_allowed));
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

    fn paths(&self) -> Paths {
        Paths {
            mint: &["POST /access-token"],
            uses: &[
                "POST /tts/bytes",
                "POST /tts/sse",
                "WebSocket /tts/websocket",
                "POST /stt",
                "WebSocket /stt/websocket",
                "WebSocket /stt/turns/websocket",
                "POST /audio/transcriptions",
            ],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/"
    }

    fn not_found(&self) -> Response {
        CartesiaError::new(StatusCode::NOT_FOUND, "This path does not exist.").into_response()
    }
}

async fn method_not_allowed() -> Response {
    (
        [(header::ALLOW, "POST")],
        CartesiaError::method_not_allowed(),
    )
        .into_response()
}
