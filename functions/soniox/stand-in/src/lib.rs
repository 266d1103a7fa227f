//! The stand-in of Soniox: its temporary API keys, real-time transcription and real-time speech. The
//! sockets, which have hosts of their own at Soniox, are on the stand-in's only host.

mod auth;
mod error;
mod frame;
mod mint;
mod session;
mod stt_socket;
#[cfg(test)]
mod testing;
mod tts_socket;
mod usage;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::SonioxError;
use crate::usage::UsageType;

/// The API key that the stand-in accepts at first.
pub const API_KEY: &str = "standin_soniox_key_opens_nothing_real";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct SonioxStandin;

impl Standin for SonioxStandin {
    fn name(&self) -> &'static str {
        "soniox"
    }

    fn title(&self) -> &'static str {
        "Soniox"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    // Soniox's keys begin with `snx_temp_`. Older ones begin with `temp:`, which no browser accepts
    // as a subprotocol.
    fn token_prefix(&self) -> &'static str {
        "snx_temp_standin_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({ "usage_type": "transcribe_websocket" }),
            scope: UsageType::TranscribeWebsocket.into(),
            expires_in: 60,
            single_use: true,
        }
    }

    fn mint_response(&self, token: &str) -> Value {
        json!({ "api_key": token, "expires_at": "2999-12-31T23:59:59.000Z" })
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn client(&self) -> Option<&'static str> {
        Some(include_str!("../../client.js"))
    }

    fn routes(&self) -> Router<Account> {
        let mint = post(mint::mint).fallback(mint::method_not_allowed);
        Router::new()
            .route("/v1/auth/temporary-api-key", mint)
            .route("/transcribe-websocket", get(stt_socket::open))
            .route("/tts-websocket", get(tts_socket::open))
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &["POST /v1/auth/temporary-api-key"],
            uses: &[
                "WebSocket /transcribe-websocket, subprotocols soniox-api-key, <key>",
                "WebSocket /tts-websocket, subprotocols soniox-api-key, <key>",
            ],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/v1/auth/temporary-api-key"
    }

    fn not_found(&self) -> Response {
        SonioxError::new(StatusCode::NOT_FOUND, "not_found", "Not found.").into_response()
    }
}
