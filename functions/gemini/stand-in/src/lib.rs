//! The stand-in of Gemini Live: its ephemeral tokens, and its Live sessions over WebSockets.

mod auth;
mod error;
mod live;
mod lock;
mod mint;
mod proto_json;
mod setup;
#[cfg(test)]
mod testing;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

use crate::error::GoogleError;

/// The API key that the stand-in accepts at first. It begins like Google's keys, but is shorter, so
/// that no scanner takes it for one.
pub const API_KEY: &str = "AIza-standin-opens-nothing-real";

/// The socket that accepts tokens only.
const CONSTRAINED: &str =
    "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained";
/// The sockets that accept API keys only, in each version of the API.
const UNCONSTRAINED: [&str; 3] = [
    "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContent",
    "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
    "/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent",
];

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct GeminiStandin;

impl Standin for GeminiStandin {
    fn name(&self) -> &'static str {
        "gemini"
    }

    fn title(&self) -> &'static str {
        "Gemini Live"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn profiles(&self) -> Option<&'static str> {
        Some(include_str!("../../profiles.json"))
    }

    fn token_prefix(&self) -> &'static str {
        "auth_tokens/standin-"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: mint::LIVE,
            expires_in: 60,
            single_use: true,
        }
    }

    fn mint_response(&self, token: &str) -> Value {
        let id = token.strip_prefix(auth::TOKEN_PREFIX).unwrap_or(token);
        json!({ "name": format!("{}{id}", auth::TOKEN_PREFIX) })
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn client(&self) -> Option<&'static str> {
        Some(include_str!("../../client.js"))
    }

    fn routes(&self) -> Router<Account> {
        let mint = post(mint::mint).fallback(mint::method_not_allowed);
        let mut routes = Router::new().route("/v1alpha/auth_tokens", mint);
        // @google/genai 3.3.0 appends the path to a base URL that ends with a slash. Google ignores
        // the second slash.
        for slashes in ["", "/"] {
            routes = routes.route(
                &format!("{slashes}{CONSTRAINED}"),
                get(live::open_constrained),
            );
            for path in UNCONSTRAINED {
                routes = routes.route(&format!("{slashes}{path}"), get(live::open));
            }
        }
        routes
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &["POST /v1alpha/auth_tokens"],
            uses: &[
                "WebSocket /ws/google.ai.generativelanguage.v1alpha.GenerativeService.\
                 BidiGenerateContentConstrained?access_token=",
            ],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/v1alpha/"
    }

    fn not_found(&self) -> Response {
        GoogleError::new(StatusCode::NOT_FOUND, "Requested entity was not found.").into_response()
    }
}
