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
use crate::standins::accounts::{Standins, Vendor};
use crate::standins::tokens::{Permissions, TokenType};

/// The lifetime of a token. The vendor does not let clients choose it.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// `POST /v1/single-use-token/{token_type}`.
pub(super) async fn mint(
    State(standins): State<Standins>,
    token_type: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ElevenLabsError> {
    standins.count_request(Vendor::ElevenLabs);
    check_key(&standins, &headers)?;
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
    let token = standins
        .mint(
            Vendor::ElevenLabs,
            Permissions::ElevenLabs(token_type),
            LIFETIME,
        )
        .map_err(|_| ElevenLabsError::Plain(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(Json(json!({ "token": token })).into_response())
}

/// The response for other methods, which are counted too.
pub(super) async fn method_not_allowed(State(standins): State<Standins>) -> Response {
    standins.count_request(Vendor::ElevenLabs);
    error::method_not_allowed().await
}
