//! The stand-in of Deepgram: its tokens, and the sockets that they open. Its REST endpoints for audio
//! are not imitated, although a token opens them too.

mod agent_socket;
mod audio;
mod auth;
mod error;
mod flux_socket;
mod mint;
mod stt_socket;
#[cfg(test)]
mod testing;
mod tts_socket;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::DeepgramError;

/// The API key that the stand-in accepts at first. It has the form of Deepgram's keys.
pub const API_KEY: &str = "0deepgram0standin0opens0nothing0real0000";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct DeepgramStandin;

impl Standin for DeepgramStandin {
    fn name(&self) -> &'static str {
        "deepgram"
    }

    fn title(&self) -> &'static str {
        "Deepgram"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn url_settings(&self) -> &'static [&'static str] {
        &["PROVIDER_BASE_URL", "AGENT_BASE_URL"]
    }

    fn token_prefix(&self) -> &'static str {
        "standin_dg_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: auth::USAGE,
            expires_in: 60,
            single_use: false,
        }
    }

    fn mint_response(&self, token: &str) -> Value {
        mint::mint_response(token, 60)
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
            .route("/v1/auth/grant", mint)
            .route("/v1/listen", get(stt_socket::open))
            .route("/v2/listen", get(flux_socket::open))
            .route("/v1/speak", get(tts_socket::open))
            .route("/v1/agent/converse", get(agent_socket::open))
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &["POST /v1/auth/grant"],
            uses: &[
                "WebSocket /v1/listen",
                "WebSocket /v2/listen",
                "WebSocket /v1/speak",
                "WebSocket /v1/agent/converse",
            ],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/v1/auth/"
    }

    fn not_found(&self) -> Response {
        DeepgramError::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Not found.").into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{call, standin};

    #[tokio::test]
    async fn unknown_paths_and_requests_without_an_upgrade_are_refused() {
        let (standin, _) = standin();
        let response = call(&standin, "POST", "/v1/auth/tokens", &[], "").await;
        assert_eq!(response.status, 404);
        assert_eq!(response.json()["err_code"], "NOT_FOUND");
        let response = call(&standin, "GET", "/v1/listen", &[], "").await;
        assert_eq!(response.status, 426);
    }

    #[test]
    fn the_key_has_the_form_of_a_real_one() {
        assert_eq!(API_KEY.len(), 40);
        assert!(API_KEY.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
