//! The stand-in of OpenAI Realtime: its client secrets, and the sockets of conversations,
//! transcriptions and translations.

mod auth;
mod calls;
mod client_event;
mod defaults;
mod error;
mod input;
mod mint;
mod realtime_socket;
mod schema;
mod session;
mod session_type;
#[cfg(test)]
mod testing;
mod translation_socket;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use voicemint_stand_in::cors::with_cors;
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::OpenAiError;
use crate::session_type::SessionType;

/// The API key that the stand-in accepts at first. It has the form of OpenAI's keys.
pub const API_KEY: &str = "sk-proj-standin-opens-nothing-real";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiStandin;

impl Standin for OpenAiStandin {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn title(&self) -> &'static str {
        "OpenAI Realtime"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn profiles(&self) -> Option<&'static str> {
        Some(include_str!("../../profiles.json"))
    }

    fn token_prefix(&self) -> &'static str {
        "ek_standin_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: SessionType::Realtime.scope(),
            expires_in: 60,
            single_use: true,
        }
    }

    fn mint_response(&self, token: &str) -> Value {
        json!({ "value": token })
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn client(&self) -> Option<&'static str> {
        Some(include_str!("../../client.js"))
    }

    fn routes(&self) -> Router<Account> {
        let mint = post(mint::mint).fallback(mint::method_not_allowed);
        let mint_translation = post(mint::mint_translation).fallback(mint::method_not_allowed);
        Router::new()
            .route("/v1/realtime/client_secrets", mint)
            .route("/v1/realtime/translations/client_secrets", mint_translation)
            .route("/v1/realtime", get(realtime_socket::open))
            .route("/v1/realtime/translations", get(translation_socket::open))
            .route("/v1/realtime/calls", with_cors(post(calls::create)))
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &[
                "POST /v1/realtime/client_secrets",
                "POST /v1/realtime/translations/client_secrets",
            ],
            uses: &[
                "WebSocket /v1/realtime?model=",
                "WebSocket /v1/realtime?intent=transcription",
                "WebSocket /v1/realtime/translations?model=",
            ],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/v1/realtime"
    }

    fn not_found(&self) -> Response {
        let error = OpenAiError::invalid("unknown_url", "Unknown request URL.");
        error.with_status(StatusCode::NOT_FOUND).into_response()
    }
}
