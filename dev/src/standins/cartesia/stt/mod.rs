//! Cartesia's endpoints that transcribe uploads.
//! Sources: docs.cartesia.ai/api-reference/stt/transcribe, /use-the-api/migrate-from-open-ai.

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::{Refusal, authorize, check_version, malformed, refuse};
use crate::standins::Standins;
use crate::standins::multipart::{self, Form, Unreadable};
use crate::standins::tokens::{self, Grant};

/// `POST /stt`.
pub(super) async fn transcribe(
    State(standins): State<Standins>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let form = multipart::read(upload).await;
    authorize(&standins, &headers, Grant::Stt)?;
    check_version(&headers)?;
    transcript(form)
}

/// `POST /audio/transcriptions`: the same for OpenAI's clients, which send no version in the
/// documented example.
pub(super) async fn transcribe_like_openai(
    State(standins): State<Standins>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let form = multipart::read(upload).await;
    authorize(&standins, &headers, Grant::Stt)?;
    if headers.contains_key("cartesia-version") {
        check_version(&headers)?;
    }
    transcript(form)
}

fn transcript(form: Result<Form, Unreadable>) -> Result<Response, Refusal> {
    let form = form.map_err(|why| match why {
        Unreadable::NotMultipart => refuse(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Type must be multipart/form-data with a boundary.",
        ),
        Unreadable::Malformed => malformed("The form could not be read."),
        Unreadable::TooLarge => refuse(StatusCode::PAYLOAD_TOO_LARGE, "The file is too large."),
    })?;
    let model = form.field("model").unwrap_or_default();
    if !model.starts_with("ink-whisper") {
        return Err(malformed("model must be of the ink-whisper family."));
    }
    match form.file {
        None => Err(malformed("file is required.")),
        Some(0) => Err(malformed("file is empty.")),
        Some(bytes) => {
            let body = json!({
                "type": "transcript",
                "text": format!("A stand-in heard {bytes} bytes of sound."),
                "request_id": tokens::request_id(),
                "is_final": true,
                "language": form.field("language").unwrap_or("en"),
                "duration": form.seconds(),
            });
            Ok(Json(body).into_response())
        }
    }
}

#[cfg(test)]
mod tests;
