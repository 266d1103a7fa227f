//! What Cartesia is asked to say, by whichever of its endpoints, and the frames that carry the
//! sound. Sources: docs.cartesia.ai/api-reference/tts/bytes, /tts/sse and /tts/websocket, and the
//! types of the vendor's SDK @cartesia/cartesia-js 4.2.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use serde_json::{Value, json};

use super::{Refusal, authorize, check_version, json_body, malformed};
use crate::standins::Standins;
use crate::standins::speech_queue::{self, Part, Queue};
use crate::standins::synth::{self, Encoding, Format, MOST_NOTES};
use crate::standins::tokens::Grant;

/// The sample rates that the documentation lists, in hertz.
const SAMPLE_RATES: [u32; 6] = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

/// A request for speech.
pub(super) struct Speech {
    /// May be empty.
    pub(super) transcript: String,
    pub(super) format: Format,
    pub(super) timestamps: bool,
    wav: bool,
}

impl Speech {
    /// Checks a request. Its transcript may be missing or empty only where the caller says so.
    pub(super) fn read(ask: &Value) -> Result<Self, Refusal> {
        text(ask, "model_id")?;
        // Newer versions take the voice's id alone, older ones an object around it.
        text(ask, "voice")
            .or_else(|_| text(ask.get("voice").unwrap_or(&Value::Null), "id"))
            .map_err(|_| malformed("voice must be a voice's id, or an object with its id."))?;
        let transcript = ask.get("transcript").and_then(Value::as_str);
        let transcript = transcript
            .ok_or_else(|| malformed("transcript is required and must be text."))?
            .to_owned();
        let (wav, format) = output_format(ask.get("output_format").unwrap_or(&Value::Null))?;
        let timestamps = ask.get("add_timestamps") == Some(&Value::Bool(true));
        Ok(Self {
            transcript,
            format,
            timestamps,
            wav,
        })
    }

    /// As [`Speech::read`], with something to say.
    fn read_whole(ask: &Value) -> Result<Self, Refusal> {
        let speech = Self::read(ask)?;
        text(ask, "transcript").map(|_| speech)
    }

    /// Refuses a container that cannot be cut into chunks.
    pub(super) fn raw(self) -> Result<Self, Refusal> {
        if self.wav {
            Err(malformed("output_format.container must be raw here."))
        } else {
            Ok(self)
        }
    }
}

/// `POST /tts/bytes`.
pub(super) async fn bytes(
    State(standins): State<Standins>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let speech = Speech::read_whole(&request(&standins, &headers, body)?)?;
    let pcm = speech_queue::samples(&speech.transcript, speech.format);
    let (media_type, audio) = if speech.wav {
        let wav = synth::wav(&pcm, speech.format.sample_rate, speech.format.encoding);
        ("audio/wav", wav)
    } else {
        ("audio/pcm", pcm)
    };
    Ok(([(header::CONTENT_TYPE, media_type)], audio).into_response())
}

/// `POST /tts/sse`: the socket's frames as events.
pub(super) async fn events(
    State(standins): State<Standins>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let ask = request(&standins, &headers, body)?;
    let speech = Speech::read_whole(&ask)?.raw()?;
    let context = ask
        .get("context_id")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let mut queue = Queue::new();
    if speech.timestamps {
        queue.push(
            "",
            Part::Frame(timestamps(context.as_deref(), &speech.transcript, 0)),
        );
    }
    queue.speak("", &speech.transcript, speech.format);
    queue.push("", Part::Frame(done(context.as_deref())));
    queue.push("", Part::End);
    let events = stream::unfold((queue, context), async |(mut queue, context)| {
        let frame = match queue.next().await.part {
            Part::Sound(letters, format) => chunk(context.as_deref(), &letters, format),
            Part::Frame(frame) => frame,
            Part::End => return None,
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

fn request(
    standins: &Standins,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, Refusal> {
    authorize(standins, headers, Grant::Tts)?;
    check_version(headers)?;
    let body = json_body(headers, body)?;
    serde_json::from_slice(&body).map_err(|error| malformed(error.to_string()))
}

/// A piece of the sound.
pub(super) fn chunk(context: Option<&str>, letters: &str, format: Format) -> Value {
    let data = STANDARD.encode(speech_queue::samples(letters, format));
    let frame = json!({ "type": "chunk", "data": data, "done": false, "status_code": 206, "step_time": 20.0 });
    with_context(frame, context)
}

/// When each word is heard, `before` letters into the context.
pub(super) fn timestamps(context: Option<&str>, transcript: &str, before: usize) -> Value {
    let (mut words, mut start, mut end) = (Vec::<String>::new(), Vec::new(), Vec::new());
    let mut inside = false;
    for (index, letter) in transcript.chars().take(MOST_NOTES).enumerate() {
        let sounds = !letter.is_whitespace();
        if sounds && !inside {
            words.push(String::new());
            start.push(speech_queue::starts(before + index));
            end.push(0.0);
        }
        if sounds && let (Some(word), Some(end)) = (words.last_mut(), end.last_mut()) {
            word.push(letter);
            *end = speech_queue::starts(before + index + 1);
        }
        inside = sounds;
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

/// The clients tell by it whom a frame is for.
pub(super) fn with_context(mut frame: Value, context: Option<&str>) -> Value {
    if let (Some(members), Some(context)) = (frame.as_object_mut(), context) {
        members.insert("context_id".to_owned(), context.into());
    }
    frame
}

fn output_format(format: &Value) -> Result<(bool, Format), Refusal> {
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
            return Err(malformed(
                "The stand-in makes no mu-law or A-law: ask for pcm_s16le or pcm_f32le.",
            ));
        }
        _ => {
            return Err(malformed(
                "output_format.encoding must be pcm_s16le or pcm_f32le.",
            ));
        }
    };
    let asked = format.get("sample_rate").and_then(Value::as_u64);
    let listed = SAMPLE_RATES
        .into_iter()
        .find(|rate| asked == Some(u64::from(*rate)));
    let sample_rate = listed.ok_or_else(|| {
        malformed(format!(
            "output_format.sample_rate must be one of {SAMPLE_RATES:?}."
        ))
    })?;
    Ok((
        wav,
        Format {
            encoding,
            sample_rate,
        },
    ))
}

fn choice<'a>(format: &'a Value, name: &str) -> &'a str {
    format.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member that must be there and be text with something in it.
pub(super) fn text<'a>(object: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    let text = object.get(name).and_then(Value::as_str);
    text.filter(|text| !text.trim().is_empty())
        .ok_or_else(|| malformed(format!("{name} is required and must be text.")))
}

#[cfg(test)]
mod tests;
