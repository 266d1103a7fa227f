//! ElevenLabs' mint endpoint. Source: the vendor's SDK @elevenlabs/elevenlabs-js 2.73
//! (`tokens.singleUse.create`).

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::auth::check_key;
use super::error::{self, ElevenLabsError};
use crate::token_type::TokenType;
use voicemint_stand_in::Account;
use voicemint_stand_in::Permissions;

/// The lifetime of a token. The vendor does not let clients choose it.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// `POST /v1/single-use-token/{token_type}`.
pub(super) async fn mint(
    State(account): State<Account>,
    token_type: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ElevenLabsError> {
    account.count_request();
    check_key(&account, &headers)?;
    let token_type = token_type.map(|Path(name)| name).unwrap_or_default();
    let token_type = match token_type.as_str() {
        "realtime_scribe" => TokenType::RealtimeScribe,
        "batch_scribe" => TokenType::BatchScribe,
        "tts_websocket" => TokenType::TtsWebsocket,
        _ => {
            return Err(ElevenLabsError::Validation(
                ["path", "token_type"],
                "enum",
                "Input should be 'realtime_scribe', 'tts_websocket' or 'batch_scribe'",
            ));
        }
    };
    let body = body.map_err(|rejection| ElevenLabsError::Plain(rejection.status()))?;
    if !body.is_empty() {
        return Err(ElevenLabsError::Validation(
            ["body", "__root__"],
            "extra_forbidden",
            "This endpoint does not accept a body",
        ));
    }
    let token = account
        .mint(Permissions::new([token_type]).single_use(), LIFETIME)
        .map_err(|_| ElevenLabsError::Plain(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(Json(json!({ "token": token })).into_response())
}

/// The response for other methods, which are counted too.
pub(super) async fn method_not_allowed(State(account): State<Account>) -> Response {
    account.count_request();
    error::method_not_allowed().await
}
