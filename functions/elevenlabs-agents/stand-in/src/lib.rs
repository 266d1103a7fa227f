//! The stand-in of ElevenLabs Agents: signed URLs, conversation tokens, and the socket of a
//! conversation. It has no WebRTC.

mod agents;
mod conversation;
mod error;
mod livekit;
mod mint;
mod overrides;
mod signature;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::ElevenLabsError;

/// The API key that the stand-in accepts at first.
pub const API_KEY: &str = "sk_standin_agents_opens_nothing_real";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct ElevenLabsAgentsStandin;

impl Standin for ElevenLabsAgentsStandin {
    fn name(&self) -> &'static str {
        "elevenlabs-agents"
    }

    fn title(&self) -> &'static str {
        "ElevenLabs Agents"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn settings(&self) -> &'static [(&'static str, &'static str)] {
        &[("ALLOWED_CONNECTIONS", "websocket,webrtc")]
    }

    fn profiles(&self) -> Option<&'static str> {
        Some(include_str!("../../profiles.json"))
    }

    fn token_prefix(&self) -> &'static str {
        "cvtkn_standin_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: signature::SCOPE,
            expires_in: 900,
            single_use: true,
        }
    }

    fn mint_response(&self, token: &str) -> Value {
        let url = "wss://api.elevenlabs.io/v1/convai/conversation";
        json!({ "signed_url": format!("{url}?agent_id=agent_1&conversation_signature={token}") })
    }

    fn minted_token<'a>(&self, token: &'a str) -> &'a str {
        signature::of_url(token)
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
                "/v1/convai/conversation/get-signed-url",
                get(mint::signed_url).fallback(mint::method_not_allowed),
            )
            .route(
                "/v1/convai/conversation/token",
                get(mint::conversation_token).fallback(mint::method_not_allowed),
            )
            .route("/v1/convai/conversation", get(conversation::open))
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &[
                "GET /v1/convai/conversation/get-signed-url?agent_id=",
                "GET /v1/convai/conversation/token?agent_id=",
            ],
            uses: &["WebSocket /v1/convai/conversation?agent_id=&conversation_signature="],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/v1/convai/"
    }

    fn not_found(&self) -> Response {
        ElevenLabsError::Plain(StatusCode::NOT_FOUND).into_response()
    }
}
