//! The stand-in of AssemblyAI: its temporary tokens, its streaming sessions, and its Voice Agent
//! API.

mod agent_socket;
mod error;
mod mint;
mod stt_socket;
#[cfg(test)]
mod testing;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use serde_json::{Value, json};
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::AssemblyAiError;

/// The API key that the stand-in accepts at first.
pub const API_KEY: &str = "standin0opens0nothing0real000000";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct AssemblyAiStandin;

impl Standin for AssemblyAiStandin {
    fn name(&self) -> &'static str {
        "assemblyai"
    }

    fn title(&self) -> &'static str {
        "AssemblyAI"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn url_settings(&self) -> &'static [&'static str] {
        &["PROVIDER_BASE_URL", "AGENT_BASE_URL"]
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[("ALLOWED_PRODUCTS", "streaming,agent")]
    }

    fn token_prefix(&self) -> &'static str {
        "standin_aai_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: mint::STREAMING,
            expires_in: 60,
            single_use: true,
        }
    }

    fn mint_response(&self, token: &str) -> Value {
        json!({ "token": token, "expires_in_seconds": 60 })
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn client(&self) -> Option<&'static str> {
        Some(include_str!("../../client.js"))
    }

    fn routes(&self) -> Router<Account> {
        // Without its own handler, a HEAD request would be answered like a GET and mint a token that
        // is never delivered.
        let only_get = |mint: MethodRouter<Account>| {
            mint.head(mint::method_not_allowed)
                .fallback(mint::method_not_allowed)
        };
        Router::new()
            .route("/v3/token", only_get(get(mint::mint_streaming)))
            .route("/v3/ws", get(stt_socket::open))
            .route("/v1/token", only_get(get(mint::mint_agent)))
            .route("/v1/ws", get(agent_socket::open))
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &[
                "GET /v3/token?expires_in_seconds=60",
                "GET /v1/token?expires_in_seconds=60",
            ],
            uses: &["WebSocket /v3/ws?token=", "WebSocket /v1/ws?token="],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/v3/"
    }

    fn not_found(&self) -> Response {
        AssemblyAiError::new(StatusCode::NOT_FOUND, "Not found").into_response()
    }
}
