//! The streams of one speech socket.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use voicemint_stand_in::speech_queue::{self, Output, QueueItem, SpeechQueue, start_seconds};
use voicemint_stand_in::synth::{AudioFormat, Encoding};

use super::super::error::SonioxError;
use super::super::frame::with_member;

/// The maximum number of active streams.
pub(super) const MAX_STREAMS: usize = 5;
/// The longest text of one message, in characters.
const MAX_TEXT_CHARS: usize = 5_000;
/// The sample rates, in hertz.
const SAMPLE_RATES: [u32; 5] = [8_000, 16_000, 24_000, 44_100, 48_000];

/// The message that starts a stream (`RealtimeTTSConfig` of soniox 2.10.0 on PyPI). Members that
/// the stand-in does not use are only checked for their type.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StreamConfig {
    model: Option<String>,
    language: Option<String>,
    voice: Option<String>,
    audio_format: Option<String>,
    sample_rate: Option<u32>,
    speed: Option<f64>,
    return_timestamps: Option<bool>,
    #[serde(rename = "stream_id")]
    _stream_id: String,
    #[serde(rename = "api_key")]
    _api_key: Option<String>,
    #[serde(rename = "bitrate")]
    _bitrate: Option<u32>,
    #[serde(rename = "reduce_silence")]
    _reduce_silence: Option<bool>,
    #[serde(rename = "client_reference_id")]
    _client_reference_id: Option<String>,
}

/// An active stream.
struct Stream {
    format: AudioFormat,
    has_timestamps: bool,
    /// The number of letters that were spoken.
    spoken: usize,
    /// Whether its end is in the queue.
    is_ending: bool,
}

/// The active streams and their outputs.
#[derive(Default)]
pub(super) struct Streams {
    active: BTreeMap<String, Stream>,
    pub(super) queue: SpeechQueue,
}

impl Streams {
    /// Handles a message of a stream.
    ///
    /// # Errors
    /// The error that ends the stream.
    pub(super) fn handle(&mut self, id: &str, frame: Value) -> Result<(), SonioxError> {
        if frame.get("cancel").is_some() {
            return self.cancel(id);
        }
        if frame.get("text").is_some() || frame.get("text_end").is_some() {
            return self.speak(id, &frame);
        }
        self.start(id, frame)
    }

    /// Ends a stream with an error.
    pub(super) fn fail(&mut self, id: &str, error: &SonioxError) {
        self.queue.cancel(id);
        self.queue.push(id, Output::Frame(error.frame()));
        self.end(id);
    }

    /// The frame of a queue item.
    pub(super) fn frame(&mut self, item: QueueItem) -> Value {
        let frame = match item.output {
            Output::Audio(letters, format) => self.audio(&item.context, &letters, format),
            Output::Frame(frame) => frame,
            Output::End => {
                self.active.remove(&item.context);
                json!({ "terminated": true })
            }
        };
        with_member(frame, "stream_id", item.context)
    }

    fn start(&mut self, id: &str, frame: Value) -> Result<(), SonioxError> {
        let config: StreamConfig = serde_json::from_value(frame)
            .map_err(|error| SonioxError::invalid(format!("Invalid config message. {error}")))?;
        let stream = config.check()?;
        if self.active.contains_key(id) {
            return Err(SonioxError::invalid(format!(
                "Stream {id:?} is active already."
            )));
        }
        if self.active.len() >= MAX_STREAMS {
            let message = format!("At most {MAX_STREAMS} streams can be active.");
            let status = StatusCode::TOO_MANY_REQUESTS;
            return Err(SonioxError::new(status, "limit_exceeded", message));
        }
        self.active.insert(id.to_owned(), stream);
        Ok(())
    }

    fn speak(&mut self, id: &str, frame: &Value) -> Result<(), SonioxError> {
        let text = match frame.get("text") {
            None => "",
            Some(text) => text
                .as_str()
                .ok_or_else(|| SonioxError::invalid("text must be a string."))?,
        };
        if text.chars().count() > MAX_TEXT_CHARS {
            let message = format!("text is too long (max length {MAX_TEXT_CHARS}).");
            return Err(SonioxError::invalid(message));
        }
        let is_last = match frame.get("text_end") {
            None => false,
            Some(is_last) => is_last
                .as_bool()
                .ok_or_else(|| SonioxError::invalid("text_end must be a boolean."))?,
        };
        let stream = self.active.get(id).filter(|stream| !stream.is_ending);
        let format = stream.ok_or_else(|| unknown(id))?.format;
        self.queue.push_text(id, text, format);
        if is_last {
            let last = json!({ "audio": "", "audio_end": true });
            self.queue.push(id, Output::Frame(last));
            self.end(id);
        }
        Ok(())
    }

    fn cancel(&mut self, id: &str) -> Result<(), SonioxError> {
        if !self.active.contains_key(id) {
            return Err(unknown(id));
        }
        self.queue.cancel(id);
        self.end(id);
        Ok(())
    }

    fn end(&mut self, id: &str) {
        if let Some(stream) = self.active.get_mut(id) {
            stream.is_ending = true;
        }
        self.queue.push(id, Output::End);
    }

    fn audio(&mut self, id: &str, letters: &str, format: AudioFormat) -> Value {
        let audio = STANDARD.encode(speech_queue::samples(letters, format));
        let frame = json!({ "audio": audio });
        let characters: Vec<_> = letters.chars().collect();
        let Some(stream) = self.active.get_mut(id) else {
            return frame;
        };
        let spoken = stream.spoken;
        stream.spoken += characters.len();
        if !stream.has_timestamps {
            return frame;
        }
        let times = |first: usize| -> Value {
            let indices = first..first + characters.len();
            indices.map(start_seconds).collect()
        };
        let timestamps = json!({
            "characters": characters,
            "character_start_times_seconds": times(spoken),
            "character_end_times_seconds": times(spoken + 1),
        });
        with_member(frame, "timestamps", timestamps)
    }
}

impl StreamConfig {
    /// Checks the members.
    fn check(self) -> Result<Stream, SonioxError> {
        for (name, value) in [
            ("model", &self.model),
            ("language", &self.language),
            ("voice", &self.voice),
            ("audio_format", &self.audio_format),
        ] {
            let length = value.as_deref().unwrap_or_default().chars().count();
            if length == 0 {
                return Err(SonioxError::invalid(format!(
                    "Missing required field: {name}"
                )));
            }
            if length > 50 {
                return Err(SonioxError::invalid(format!("{name} is too long.")));
            }
        }
        if !self.model.is_some_and(|model| model.starts_with("tts-rt-")) {
            return Err(SonioxError::invalid("Invalid model specified."));
        }
        let encoding = match self.audio_format.as_deref() {
            Some("pcm_s16le") => Encoding::S16,
            Some("pcm_f32le") => Encoding::F32,
            _ => {
                return Err(SonioxError::invalid(
                    "The stand-in only supports the audio formats pcm_s16le and pcm_f32le.",
                ));
            }
        };
        let sample_rate = self.sample_rate.filter(|rate| SAMPLE_RATES.contains(rate));
        let sample_rate = sample_rate.ok_or_else(|| {
            SonioxError::invalid("sample_rate must be 8000, 16000, 24000, 44100 or 48000.")
        })?;
        if self
            .speed
            .is_some_and(|speed| !(0.7..=1.3).contains(&speed))
        {
            return Err(SonioxError::invalid("speed must be from 0.7 to 1.3."));
        }
        Ok(Stream {
            format: AudioFormat {
                encoding,
                sample_rate,
            },
            has_timestamps: self.return_timestamps == Some(true),
            spoken: 0,
            is_ending: false,
        })
    }
}

fn unknown(id: &str) -> SonioxError {
    SonioxError::invalid(format!("Stream {id:?} is not active."))
}
