//! Cartesia's text-to-speech requests, and the frames that carry the audio. Sources:
//! docs.cartesia.ai/api-reference/tts/bytes, /tts/sse and /tts/websocket, and the types of the
//! vendor's SDK @cartesia/cartesia-js 4.2.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use serde_json::{Value, json};

use super::auth::{authorize, check_version};
use super::error::CartesiaError;
use super::frame::with_context;
use super::mint::json_body;
use crate::grant::Grant;
use voicemint_stand_in::Account;
use voicemint_stand_in::speech_queue::{self, Output, SpeechQueue};
use voicemint_stand_in::synth::{self, AudioFormat, Encoding, MAX_NOTES};

/// The sample rates that the documentation lists, in hertz.
const SAMPLE_RATES: [u32; 6] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

/// A text-to-speech request.
#[derive(Debug)]
pub(super) struct SpeechRequest {
    /// The text, which can be empty.
    pub(super) transcript: String,
    pub(super) format: AudioFormat,
    pub(super) timestamps: bool,
    wav: bool,
}

impl SpeechRequest {
    /// Reads a request, whose transcript can be empty.
    pub(super) fn read(request: &Value) -> Result<Self, CartesiaError> {
        required_text(request, "model_id")?;
        // Newer API versions take the ID of the voice, older ones an object that contains it.
        required_text(request, "voice")
            .or_else(|_| required_text(request.get("voice").unwrap_or(&Value::Null), "id"))
            .map_err(|_| {
                CartesiaError::bad_request(
                    "voice must be the ID of a voice, or an object with the ID.",
                )
            })?;
        let transcript = request.get("transcript").and_then(Value::as_str);
        let transcript = transcript
            .ok_or_else(|| {
                CartesiaError::bad_request("transcript is required and must be a string.")
            })?
            .to_owned();
        let (wav, format) = output_format(request.get("output_format").unwrap_or(&Value::Null))?;
        let timestamps = request.get("add_timestamps") == Some(&Value::Bool(true));
        Ok(Self {
            transcript,
            format,
            timestamps,
            wav,
        })
    }

    /// Reads a request whose transcript must not be empty.
    fn read_complete(request: &Value) -> Result<Self, CartesiaError> {
        let speech = Self::read(request)?;
        required_text(request, "transcript").map(|_| speech)
    }

    /// Requires raw audio, since WAV cannot be sent in chunks.
    pub(super) fn require_raw(self) -> Result<Self, CartesiaError> {
        if self.wav {
            Err(CartesiaError::bad_request(
                "output_format.container must be raw for this endpoint.",
            ))
        } else {
            Ok(self)
        }
    }
}

/// `POST /tts/bytes`.
pub(super) async fn bytes(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, CartesiaError> {
    let speech = SpeechRequest::read_complete(&read_body(&account, &headers, body)?)?;
    let pcm = speech_queue::samples(&speech.transcript, speech.format);
    let (media_type, audio) = if speech.wav {
        let wav = synth::wav(&pcm, speech.format.sample_rate, speech.format.encoding);
        ("audio/wav", wav)
    } else {
        ("audio/pcm", pcm)
    };
    Ok(([(header::CONTENT_TYPE, media_type)], audio).into_response())
}

/// `POST /tts/sse`: the same frames as on the WebSocket, as server-sent events.
pub(super) async fn events(
    State(account): State<Account>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, CartesiaError> {
    let request = read_body(&account, &headers, body)?;
    let speech = SpeechRequest::read_complete(&request)?.require_raw()?;
    let context = request
        .get("context_id")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut queue = SpeechQueue::new();
    if speech.timestamps {
        queue.push(
            "",
            Output::Frame(timestamps(context.as_deref(), &speech.transcript, 0)),
        );
    }
    queue.push_text("", &speech.transcript, speech.format);
    queue.push("", Output::Frame(done(context.as_deref())));
    queue.push("", Output::End);
    let events = stream::unfold((queue, context), async |(mut queue, context)| {
        let frame = match queue.next().await.output {
            Output::Audio(letters, format) => chunk(context.as_deref(), &letters, format),
            Output::Frame(frame) => frame,
            Output::End => return None,
        };
        let kind = frame
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let event = format!("event: {kind}\ndata: {frame}\n\n");
        Some((Ok::<_, std::convert::Infallible>(event), (queue, context)))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

fn read_body(
    account: &Account,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, CartesiaError> {
    authorize(account, headers, Grant::Tts)?;
    check_version(headers)?;
    let body = json_body(headers, body)?;
    serde_json::from_slice(&body).map_err(|error| CartesiaError::bad_request(error.to_string()))
}

/// A chunk of audio.
pub(super) fn chunk(context: Option<&str>, letters: &str, format: AudioFormat) -> Value {
    let data = STANDARD.encode(speech_queue::samples(letters, format));
    let frame = json!({ "type": "chunk", "data": data, "done": false, "status_code": 206, "step_time": 20.0 });
    with_context(frame, context)
}

/// The start and end of each word. The context contains `offset` letters before this transcript.
pub(super) fn timestamps(context: Option<&str>, transcript: &str, offset: usize) -> Value {
    let (mut words, mut start, mut end) = (Vec::<String>::new(), Vec::new(), Vec::new());
    let mut was_in_word = false;
    for (index, letter) in transcript.chars().take(MAX_NOTES).enumerate() {
        let is_in_word = !letter.is_whitespace();
        if is_in_word && !was_in_word {
            words.push(String::new());
            start.push(speech_queue::start_seconds(offset + index));
            end.push(0.0);
        }
        if is_in_word && let (Some(word), Some(end)) = (words.last_mut(), end.last_mut()) {
            word.push(letter);
            *end = speech_queue::start_seconds(offset + index + 1);
        }
        was_in_word = is_in_word;
    }
    let words = json!({ "words": words, "start": start, "end": end });
    with_context(
        json!({ "type": "timestamps", "word_timestamps": words, "done": false, "status_code": 206 }),
        context,
    )
}

/// The last frame of a context.
pub(super) fn done(context: Option<&str>) -> Value {
    with_context(
        json!({ "type": "done", "done": true, "status_code": 200 }),
        context,
    )
}

fn output_format(format: &Value) -> Result<(bool, AudioFormat), CartesiaError> {
    let wav = match choice(format, "container") {
        "wav" => true,
        "raw" => false,
        "mp3" => {
            return Err(CartesiaError::bad_request(
                "The stand-in does not support mp3: use wav or raw.",
            ));
        }
        _ => {
            return Err(CartesiaError::bad_request(
                "output_format.container must be wav or raw.",
            ));
        }
    };
    let encoding = match choice(format, "encoding") {
        "pcm_s16le" => Encoding::S16,
        "pcm_f32le" => Encoding::F32,
        "pcm_mulaw" | "pcm_alaw" => {
            return Err(CartesiaError::bad_request(
                "The stand-in does not support mu-law and A-law: use pcm_s16le or pcm_f32le.",
            ));
        }
        _ => {
            return Err(CartesiaError::bad_request(
                "output_format.encoding must be pcm_s16le or pcm_f32le.",
            ));
        }
    };
    let requested = format.get("sample_rate").and_then(Value::as_u64);
    let supported = SAMPLE_RATES
        .into_iter()
        .find(|rate| requested == Some(u64::from(*rate)));
    let sample_rate = supported.ok_or_else(|| {
        CartesiaError::bad_request(format!(
            "output_format.sample_rate must be one of {SAMPLE_RATES:?}."
        ))
    })?;
    Ok((
        wav,
        AudioFormat {
            encoding,
            sample_rate,
        },
    ))
}

fn choice<'a>(format: &'a Value, name: &str) -> &'a str {
    format.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A required member that is a non-empty string.
pub(super) fn required_text<'a>(object: &'a Value, name: &str) -> Result<&'a str, CartesiaError> {
    let text = object.get(name).and_then(Value::as_str);
    text.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
        CartesiaError::bad_request(format!(
            "{name} is required and must be a non-empty string."
        ))
    })
}

#[cfg(test)]
mod tests;
