//! ElevenLabs: minting single-use tokens, and the batch transcription that takes one. The sockets
//! are in modules. Sources: elevenlabs.io/docs/eleven-api/resources/errors, and the vendor's SDK
//! @elevenlabs/elevenlabs-js 2.73 (`tokens.singleUse.create`, `speechToText.convert`).

mod stt_socket;
mod tts_contexts;
mod tts_socket;

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::multipart::{self, Form, Unreadable};
use super::tokens::{self, Need, Scope, TokenType, Why};
use super::{Standins, Twice, Vendor, open_to_pages, sole_header, sole_pair};

/// Fixed by the vendor.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The models that transcribe files; `scribe_v2_realtime` is for the socket.
const MODELS: [&str; 2] = ["scribe_v1", "scribe_v2"];

/// An error in one of the shapes that ElevenLabs has.
enum Refusal {
    /// The documented object: kind, code and a message.
    Problem(StatusCode, &'static str, &'static str, &'static str),
    /// What its web framework says of a request that does not fit: where, kind and a message.
    Unfit([&'static str; 2], &'static str, &'static str),
    /// What its web framework says by itself.
    Bare(StatusCode),
}

pub(super) fn routes() -> Router<Standins> {
    let transcription = post(transcribe).fallback(wrong_method);
    Router::new()
        .route(
            "/v1/single-use-token/{token_type}",
            post(mint).fallback(mint_wrong_method),
        )
        .route("/v1/speech-to-text", open_to_pages(transcription))
        .route("/v1/speech-to-text/realtime", get(stt_socket::open))
        .route(
            "/v1/text-to-speech/{voice_id}/stream-input",
            get(tts_socket::open),
        )
        .route(
            "/v1/text-to-speech/{voice_id}/multi-stream-input",
            get(tts_socket::open_multi),
        )
}

pub(super) fn not_found() -> Response {
    Refusal::Bare(StatusCode::NOT_FOUND).into_response()
}

async fn mint(
    State(standins): State<Standins>,
    token_type: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    standins.count_request(Vendor::ElevenLabs);
    check_key(&standins, &headers)?;
    let token_type = token_type.map(|Path(name)| name).unwrap_or_default();
    let token_type = match token_type.as_str() {
        "realtime_scribe" => TokenType::RealtimeScribe,
        "batch_scribe" => TokenType::BatchScribe,
        "tts_websocket" => TokenType::TtsWebsocket,
        _ => {
            return Err(Refusal::Unfit(
                ["path", "token_type"],
                "enum",
                "Input should be 'realtime_scribe', 'tts_websocket' or 'batch_scribe'",
            ));
        }
    };
    let body = body.map_err(|rejection| Refusal::Bare(rejection.status()))?;
    if !body.is_empty() {
        return Err(Refusal::Unfit(
            ["body", "__root__"],
            "extra_forbidden",
            "This endpoint takes no body",
        ));
    }
    let token = standins
        .mint(Vendor::ElevenLabs, Scope::ElevenLabs(token_type), LIFETIME)
        .map_err(|_| Refusal::Bare(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(Json(json!({ "token": token })).into_response())
}

/// `POST /v1/speech-to-text`. The token is spent as soon as it is shown, even where the upload then
/// turns out to be unfit: the vendor does not say, and a client that copes with this copes with the
/// other.
async fn transcribe(
    State(standins): State<Standins>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
    upload: Result<Multipart, MultipartRejection>,
) -> Result<Response, Refusal> {
    let form = multipart::read(upload).await;
    let query = query.map(|Query(pairs)| pairs).unwrap_or_default();
    admit(&standins, &headers, &query, "token", TokenType::BatchScribe)?;
    let bytes = read_upload(form)?;
    let body = json!({
        "language_code": "eng",
        "language_probability": 0.98,
        "text": format!("A stand-in heard {bytes} bytes of sound."),
        "words": [],
        "transcription_id": tokens::request_id(),
    });
    Ok(Json(body).into_response())
}

/// The size of the file, once the upload has all that is required.
fn read_upload(form: Result<Form, Unreadable>) -> Result<usize, Refusal> {
    let form = match form {
        Ok(form) => form,
        // To its web framework, a body of another type is a form without fields.
        Err(Unreadable::NotMultipart) => return Err(missing("model_id")),
        Err(Unreadable::Malformed) => return Err(Refusal::Bare(StatusCode::BAD_REQUEST)),
        Err(Unreadable::TooLarge) => return Err(Refusal::Bare(StatusCode::PAYLOAD_TOO_LARGE)),
    };
    let model = form.field("model_id").ok_or_else(|| missing("model_id"))?;
    if !MODELS.contains(&model) {
        return Err(Refusal::Problem(
            StatusCode::BAD_REQUEST,
            "validation_error",
            "invalid_model_id",
            "model_id must be scribe_v1 or scribe_v2.",
        ));
    }
    match form.file {
        None => Err(missing("file")),
        Some(0) => Err(Refusal::Problem(
            StatusCode::BAD_REQUEST,
            "validation_error",
            "empty_file",
            "The file is empty.",
        )),
        Some(bytes) => Ok(bytes),
    }
}

fn missing(field: &'static str) -> Refusal {
    Refusal::Unfit(["body", field], "missing", "Field required")
}

/// Spends the token that `name` has in the query; without one, the API key must be there.
fn admit(
    standins: &Standins,
    headers: &HeaderMap,
    query: &[(String, String)],
    name: &'static str,
    needed: TokenType,
) -> Result<(), Refusal> {
    match sole_pair(query, name) {
        Ok(Some(token)) => standins
            .redeem(token, Need::ElevenLabs(needed))
            .map_err(|why| not_redeemed(why, needed)),
        Ok(None) => check_key(standins, headers),
        Err(Twice(_)) => Err(not_redeemed(Why::Unknown, needed)),
    }
}

fn check_key(standins: &Standins, headers: &HeaderMap) -> Result<(), Refusal> {
    match sole_header(headers, "xi-api-key") {
        Some(key) if standins.accepts_key(Vendor::ElevenLabs, key) => Ok(()),
        _ => Err(wrong_key()),
    }
}

fn wrong_key() -> Refusal {
    Refusal::Problem(
        StatusCode::UNAUTHORIZED,
        "authentication_error",
        "invalid_api_key",
        "The API key is missing or wrong: send it once, as xi-api-key.",
    )
}

fn not_redeemed(why: Why, needed: TokenType) -> Refusal {
    let (code, message) = match why {
        Why::Unknown => ("invalid_token", "The single-use token is not known."),
        Why::Expired => (
            "token_expired",
            "The single-use token has expired: it lives for 15 minutes.",
        ),
        Why::Spent => (
            "token_already_used",
            "The single-use token has been used before.",
        ),
        Why::NotGranted => {
            let message = match needed {
                TokenType::RealtimeScribe => {
                    "The single-use token is of another type: this takes realtime_scribe."
                }
                TokenType::BatchScribe => {
                    "The single-use token is of another type: this takes batch_scribe."
                }
                TokenType::TtsWebsocket => {
                    "The single-use token is of another type: this takes tts_websocket."
                }
            };
            return Refusal::Problem(
                StatusCode::FORBIDDEN,
                "authorization_error",
                "wrong_token_type",
                message,
            );
        }
    };
    Refusal::Problem(
        StatusCode::UNAUTHORIZED,
        "authentication_error",
        code,
        message,
    )
}

async fn mint_wrong_method(State(standins): State<Standins>) -> Response {
    standins.count_request(Vendor::ElevenLabs);
    wrong_method().await
}

async fn wrong_method() -> Response {
    let refusal = Refusal::Bare(StatusCode::METHOD_NOT_ALLOWED);
    ([(header::ALLOW, "POST")], refusal).into_response()
}

impl Refusal {
    /// What a socket says of it.
    fn message(&self) -> &'static str {
        match self {
            Self::Problem(_, _, _, message) | Self::Unfit(_, _, message) => message,
            Self::Bare(status) => status.canonical_reason().unwrap_or("Error"),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Problem(_, _, code, _) | Self::Unfit(_, code, _) => code,
            Self::Bare(_) => "error",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, detail): (StatusCode, Value) = match self {
            Self::Problem(status, kind, code, message) => {
                let detail = json!({
                    "type": kind,
                    "code": code,
                    "message": message,
                    // What older clients read.
                    "status": code,
                    "request_id": tokens::request_id(),
                });
                (status, detail)
            }
            Self::Unfit(loc, kind, message) => {
                let detail = json!([{ "loc": loc, "msg": message, "type": kind }]);
                (StatusCode::UNPROCESSABLE_ENTITY, detail)
            }
            Self::Bare(status) => (status, status.canonical_reason().unwrap_or("Error").into()),
        };
        (status, Json(json!({ "detail": detail }))).into_response()
    }
}

#[cfg(test)]
mod tests;
