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
use crate::standins::accounts::Standins;
use crate::standins::multipart::{self, Upload, UploadError};
use crate::standins::tokens::{self, Grant};

/// `POST /stt`.
pub(super) async fn transcribe(
    State(standins): State<Standins>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, CartesiaError> {
    let upload = multipart::read(upload).await;
    authorize(&standins, &headers, Grant::Stt)?;
    check_version(&headers)?;
    respond(upload)
}

/// `POST /audio/transcriptions`, for OpenAI's clients: they do not send a version in the documented
/// example.
pub(super) async fn transcribe_like_openai(
    State(standins): State<Standins>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, CartesiaError> {
    let upload = multipart::read(upload).await;
    authorize(&standins, &headers, Grant::Stt)?;
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
