//! The stand-in of Acme Voice: its tokens.
//!
//! It must be as strict as the provider's documentation. Add the sockets and endpoints that accept
//! tokens, for the page and the provider's SDKs; `voicemint_stand_in` has WebSockets, audio and
//! transcripts for them, and `Account::redeem` accepts a token.

mod mint;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use voicemint_stand_in::{Account, Paths, SmallestRequest, Standin};

/// The API key that the stand-in accepts at first. It has the form of the provider's keys.
pub const API_KEY: &str = "acme_standin_opens_nothing_real";

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct AcmeStandin;

impl Standin for AcmeStandin {
    fn name(&self) -> &'static str {
        "acme"
    }

    fn title(&self) -> &'static str {
        "Acme Voice"
    }

    fn secret(&self) -> &'static str {
        API_KEY
    }

    fn token_prefix(&self) -> &'static str {
        "standin_acme_"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: mint::SCOPE,
            expires_in: 60,
            single_use: false,
        }
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn routes(&self) -> Router<Account> {
        let mint = post(mint::mint).fallback(mint::method_not_allowed);
        Router::new().route("/acme/v1/tokens", mint)
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &["POST /acme/v1/tokens"],
            uses: &[],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/acme/"
    }

    fn not_found(&self) -> Response {
        (StatusCode::NOT_FOUND, mint::error("not_found")).into_response()
    }
}
