//! Cartesia's transcription of uploads.
//! Sources: docs.cartesia.ai/api-reference/stt/transcribe, /use-the-api/migrate-from-open-ai.

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::auth::{authorize, check_version};
use super::error::CartesiaError;
use crate::grant::Grant;
use voicemint_stand_in::Account;
use voicemint_stand_in::multipart::{self, Upload, UploadError};
use voicemint_stand_in::tokens;

/// `POST /stt`.
pub(super) async fn transcribe(
    State(account): State<Account>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, CartesiaError> {
    let upload = multipart::read(upload).await;
    authorize(&account, &headers, Grant::Stt)?;
    check_version(&headers)?;
    respond(upload)
}

/// `POST /audio/transcriptions`, for OpenAI's clients: they do not send a version in the documented
/// example.
pub(super) async fn transcribe_like_openai(
    State(account): State<Account>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, CartesiaError> {
    let upload = multipart::read(upload).await;
    authorize(&account, &headers, Grant::Stt)?;
    if headers.contains_key("cartesia-version") {
        check_version(&headers)?;
    }
    respond(upload)
}

fn respond(upload: Result<Upload, UploadError>) -> Result<Response, CartesiaError> {
    let upload = upload.map_err(|error| match error {
        UploadError::NotMultipart => CartesiaError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be multipart/form-data with a boundary.",
        ),
        UploadError::Malformed => CartesiaError::bad_request("The form could not be read."),
        UploadError::TooLarge => {
            CartesiaError::new(StatusCode::PAYLOAD_TOO_LARGE, "The file is too large.")
        }
    })?;
    let model = upload.field("model").unwrap_or_default();
    if !model.starts_with("ink-whisper") {
        return Err(CartesiaError::bad_request(
            "model must be in the ink-whisper family.",
        ));
    }
    match upload.file_bytes {
        None => Err(CartesiaError::bad_request("file is required.")),
        Some(0) => Err(CartesiaError::bad_request("file is empty.")),
        Some(bytes) => {
            let body = json!({
                "type": "transcript",
                "text": format!("A stand-in received {bytes} bytes of audio."),
                "request_id": tokens::request_id(),
                "is_final": true,
                "language": upload.field("language").unwrap_or("en"),
                "duration": upload.seconds(),
            });
            Ok(Json(body).into_response())
        }
    }
}

#[cfg(test)]
mod tests;
