//! Conversation tokens: access tokens of LiveKit, as livekit-server-sdk 2.19.2 makes them.

use axum::http::StatusCode;
use serde_json::{Value, json};
use voicemint::provider::jwt::sign_hs256;
use voicemint_stand_in::{Account, Permissions, tokens};

use crate::error::ElevenLabsError;
use crate::signature::{LIFETIME, SCOPE, conversation_id};

/// No server verifies it: there is no stand-in of LiveKit.
const SECRET: &str = "the secret of a LiveKit that does not exist";

/// The response with a conversation token.
///
/// # Errors
/// If the system has no random numbers.
pub(crate) fn token_response(
    account: &Account,
    agent_id: &str,
    participant_name: Option<&str>,
) -> Result<Value, ElevenLabsError> {
    let failed = || ElevenLabsError::Plain(StatusCode::INTERNAL_SERVER_ERROR);
    // The account counts it, and its random bits make it unique.
    let id = account.mint(Permissions::new([SCOPE]).single_use(), LIFETIME);
    let id = id.map_err(|_| failed())?;
    let now = account.now();
    let mut claims = json!({
        "iss": "API_standin",
        "sub": format!("user_{}", tokens::request_id()),
        "jti": id,
        "nbf": now.as_secs(),
        "exp": (now + LIFETIME).as_secs(),
        "video": {
            "room": format!("room_{agent_id}_{}", tokens::request_id()),
            "roomJoin": true,
            "canPublish": true,
            "canSubscribe": true,
            "canPublishData": true,
        },
    });
    if let (Some(name), Some(claims)) = (participant_name, claims.as_object_mut()) {
        claims.insert("name".to_owned(), name.into());
    }
    let token = sign_hs256(&[], &claims, SECRET).map_err(|_| failed())?;
    Ok(json!({ "token": token.expose(), "conversation_id": conversation_id() }))
}
