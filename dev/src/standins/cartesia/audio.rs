//! Cartesia's endpoints that consume access tokens: text to speech, and speech to text.
//! Sources: docs.cartesia.ai/api-reference/tts/bytes, /api-reference/stt/transcribe, /use-the-api/migrate-from-open-ai.

use axum::Json;
use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Refusal, authorize, check_version, json_body, malformed, refuse};
use crate::standins::Standins;
use crate::standins::form::{self, Form, Unreadable};
use crate::standins::sound::{self, Encoding};
use crate::standins::tokens::{self, Grant};

/// The sample rates that the documentation lists, in hertz.
const SAMPLE_RATES: [u32; 6] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

#[derive(Debug)]
struct OutputFormat {
    wav: bool,
    encoding: Encoding,
    sample_rate: u32,
}

/// `POST /tts/bytes`.
pub(super) async fn speak(
    State(standins): State<Standins>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    authorize(&standins, &headers, Grant::Tts)?;
    check_version(&headers)?;
    let body = json_body(&headers, body)?;
    let ask: Value = serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))?;
    text(&ask, "model_id")?;
    // Newer versions take the voice's id alone, older ones an object around it.
    text(&ask, "voice")
        .or_else(|_| text(ask.get("voice").unwrap_or(&Value::Null), "id"))
        .map_err(|_| malformed("voice must be a voice's id, or an object with its id."))?;
    let transcript = text(&ask, "transcript")?;
    let format = output_format(ask.get("output_format").unwrap_or(&Value::Null))?;
    let pcm = sound::pcm(transcript, format.sample_rate, format.encoding);
    let (media_type, audio) = if format.wav {
        let wav = sound::wav(&pcm, format.sample_rate, format.encoding);
        ("audio/wav", wav)
    } else {
        ("audio/pcm", pcm)
    };
    Ok(([(header::CONTENT_TYPE, media_type)], audio).into_response())
}

/// `POST /stt`.
pub(super) async fn transcribe(
    State(standins): State<Standins>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let form = form::read(upload).await;
    authorize(&standins, &headers, Grant::Stt)?;
    check_version(&headers)?;
    transcript(form)
}

/// `POST /audio/transcriptions`: the same for OpenAI's clients, which send no version in the documented example.
pub(super) async fn transcribe_like_openai(
    State(standins): State<Standins>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let form = form::read(upload).await;
    authorize(&standins, &headers, Grant::Stt)?;
    if headers.contains_key("cartesia-version") {
        check_version(&headers)?;
    }
    transcript(form)
}

fn transcript(form: Result<Form, Unreadable>) -> Result<Response, Refusal> {
    let form = form.map_err(|why| match why {
        Unreadable::NotMultipart => {
            refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be multipart/form-data with a boundary.")
        }
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

fn output_format(format: &Value) -> Result<OutputFormat, Refusal> {
    let wav = match choice(format, "container") {
        "wav" => true,
        "raw" => false,
        "mp3" => return Err(malformed("The stand-in makes no mp3: ask for wav or raw.")),
        _ => return Err(malformed("output_format.container must be wav or raw.")),
    };
    let encoding = match choice(format, "encoding") {
        "pcm_s16le" => Encoding::S16,
        "pcm_f32le" => Encoding::F32,
        "pcm_mulaw" | "pcm_alaw" => {
            return Err(malformed("The stand-in makes no mu-law or A-law: ask for pcm_s16le or pcm_f32le."));
        }
        _ => {
            return Err(malformed("output_format.encoding must be pcm_s16le or pcm_f32le."));
        }
    };
    let asked = format.get("sample_rate").and_then(Value::as_u64);
    let listed = SAMPLE_RATES.into_iter().find(|rate| asked == Some(u64::from(*rate)));
    let sample_rate =
        listed.ok_or_else(|| malformed(format!("output_format.sample_rate must be one of {SAMPLE_RATES:?}.")))?;
    Ok(OutputFormat { wav, encoding, sample_rate })
}

fn choice<'a>(format: &'a Value, name: &str) -> &'a str {
    format.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member that must be there and be text with something in it.
fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    let text = object.get(name).and_then(Value::as_str);
    text.filter(|text| !text.trim().is_empty())
        .ok_or_else(|| malformed(format!("{name} is required and must be text.")))
}

#[cfg(test)]
mod tests;
