//! ElevenLabs' transcription of uploads. Source: the vendor's SDK @elevenlabs/elevenlabs-js 2.73
//! (`speechToText.convert`).

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Multipart, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::auth::authorize;
use super::error::ElevenLabsError;
use crate::token_type::TokenType;
use voicemint_stand_in::Account;
use voicemint_stand_in::multipart::{self, Upload, UploadError};
use voicemint_stand_in::request::QueryPairs;
use voicemint_stand_in::tokens;

/// The models that transcribe files; `scribe_v2_realtime` is for the WebSocket.
const MODELS: [&str; 2] = ["scribe_v1", "scribe_v2"];

/// `POST /v1/speech-to-text`. The token is spent before the upload is checked. The vendor does not
/// document the order; a client that works with this order works with the other one too.
pub(super) async fn transcribe(
    State(account): State<Account>,
    query: Result<Query<QueryPairs>, QueryRejection>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, ElevenLabsError> {
    let upload = multipart::read(upload).await;
    let query = query.map(|Query(pairs)| pairs).unwrap_or_default();
    authorize(&account, &headers, &query, "token", TokenType::BatchScribe)?;
    let bytes = check_upload(upload)?;
    let body = json!({
        "language_code": "eng",
        "language_probability": 0.98,
        "text": format!("A stand-in received {bytes} bytes of audio."),
        "words": [],
        "transcription_id": tokens::request_id(),
    });
    Ok(Json(body).into_response())
}

/// The size of the file, if the upload has all required parts.
fn check_upload(upload: Result<Upload, UploadError>) -> Result<usize, ElevenLabsError> {
    let upload = match upload {
        Ok(upload) => upload,
        // The web framework treats a body of another type as a form without fields.
        Err(UploadError::NotMultipart) => return Err(missing("model_id")),
        Err(UploadError::Malformed) => {
            return Err(ElevenLabsError::Plain(StatusCode::BAD_REQUEST));
        }
        Err(UploadError::TooLarge) => {
            return Err(ElevenLabsError::Plain(StatusCode::PAYLOAD_TOO_LARGE));
        }
    };
    let model = upload
        .field("model_id")
        .ok_or_else(|| missing("model_id"))?;
    if !MODELS.contains(&model) {
        return Err(ElevenLabsError::Documented(
            StatusCode::BAD_REQUEST,
            "validation_error",
            "invalid_model_id",
            "model_id must be scribe_v1 or scribe_v2.",
        ));
    }
    match upload.file_bytes {
        None => Err(missing("file")),
        Some(0) => Err(ElevenLabsError::Documented(
            StatusCode::BAD_REQUEST,
            "validation_error",
            "empty_file",
            "The file is empty.",
        )),
        Some(bytes) => Ok(bytes),
    }
}

fn missing(field: &'static str) -> ElevenLabsError {
    ElevenLabsError::Validation(["body", field], "missing", "Field required")
}
