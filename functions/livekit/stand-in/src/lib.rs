//! The stand-in of LiveKit: it verifies tokens as LiveKit's server does, but has no media.
//! Sources: `TokenVerifier` of livekit-server-sdk 2.19 and livekit-api 1.2, and
//! docs.livekit.io/frontends/reference/tokens-grants.

mod token;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use voicemint_stand_in::{
    Account, KeyVariable, Paths, RedeemError, Scope, SmallestRequest, Standin,
};

/// The key and the secret that the stand-in accepts at first.
pub const SECRET: &str =
    r#"{"api_key":"APIstandinOpensNothing","api_secret":"livekit-stand-in-opens-nothing-real"}"#;

/// What a token permits.
pub const ROOM_JOIN: Scope = Scope("roomJoin");

/// The stand-in.
#[derive(Clone, Copy, Debug)]
pub struct LiveKitStandin;

impl Standin for LiveKitStandin {
    fn name(&self) -> &'static str {
        "livekit"
    }

    fn title(&self) -> &'static str {
        "LiveKit"
    }

    fn secret(&self) -> &'static str {
        SECRET
    }

    /// The variables of LiveKit's own tools.
    fn key_variables(&self) -> Vec<KeyVariable> {
        [
            ("LIVEKIT_API_KEY", "api_key"),
            ("LIVEKIT_API_SECRET", "api_secret"),
        ]
        .map(|(name, member)| KeyVariable {
            name: name.to_owned(),
            member: Some(member),
        })
        .into()
    }

    fn url_variable(&self) -> Option<&'static str> {
        Some("LIVEKIT_URL")
    }

    fn profiles(&self) -> Option<&'static str> {
        Some(include_str!("../../profiles.json"))
    }

    fn token_prefix(&self) -> &'static str {
        "eyJ"
    }

    fn smallest_request(&self) -> SmallestRequest {
        SmallestRequest {
            body: json!({}),
            scope: ROOM_JOIN,
            expires_in: 60,
            single_use: false,
        }
    }

    /// LiveKit is not called.
    fn mint_response(&self, _token: &str) -> Value {
        Value::Null
    }

    fn redeem(&self, account: &Account, token: &str, _scope: Scope) -> Result<(), RedeemError> {
        token::verify(account, token).map(drop)
    }

    fn page(&self) -> &'static str {
        include_str!("../../page.js")
    }

    fn routes(&self) -> Router<Account> {
        Router::new()
            .route("/rtc/validate", get(token::validate))
            .route("/rtc", get(no_media))
            .route("/rtc/v1", get(no_media))
    }

    fn paths(&self) -> Paths {
        Paths {
            mint: &[],
            uses: &["GET /rtc/validate"],
        }
    }

    fn path_prefix(&self) -> &'static str {
        "/rtc"
    }

    fn not_found(&self) -> Response {
        (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
    }
}

/// Clients that cannot connect ask `/rtc/validate` why.
async fn no_media() -> Response {
    let text =
        "The stand-in of LiveKit verifies tokens, but has no media: connect to a LiveKit server.";
    (StatusCode::NOT_IMPLEMENTED, text).into_response()
}
