//! ElevenLabs' socket for real-time transcription. Sources:
//! elevenlabs.io/docs/api-reference/speech-to-text/v-1-speech-to-text-realtime, and the vendor's
//! SDKs @elevenlabs/elevenlabs-js 2.73, @elevenlabs/client 1.25 and elevenlabs (Python) 2.78.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::auth::authorize;
use crate::token_type::TokenType;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::tokens;
use voicemint_stand_in::transcript::{Transcriber, Transcript};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

/// The documented audio formats, with samples per second and bytes per sample.
const FORMATS: [(&str, u64, u64); 7] = [
    ("pcm_8000", 8_000, 2),
    ("pcm_16000", 16_000, 2),
    ("pcm_22050", 22_050, 2),
    ("pcm_24000", 24_000, 2),
    ("pcm_44100", 44_100, 2),
    ("pcm_48000", 48_000, 2),
    ("ulaw_8000", 8_000, 1),
];

/// The parameters of the query.
#[derive(Debug)]
struct SessionOptions {
    model: String,
    format: (&'static str, u64, u64),
    /// Whether the end of a sentence commits it (`commit_strategy=vad`).
    auto_commit: bool,
    timestamps: bool,
    language: Option<String>,
}

struct TranscriptionSession {
    options: SessionOptions,
    transcriber: Transcriber,
    transcript: Transcript,
}

/// `GET /v1/speech-to-text/realtime`. Errors are sent on the WebSocket: all three SDKs report
/// those, but not the reason of a rejected upgrade.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    upgrade.start(|mut socket| async move {
        let Err(close) = run(&mut socket, &account, &query, &headers).await;
        socket.close(close).await;
    })
}

async fn run(
    socket: &mut Socket,
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Infallible, SocketClose> {
    let options =
        SessionOptions::read(query).map_err(|error| close_with_error("invalid_request", &error))?;
    // The token is spent after the query is checked, so that an invalid request does not spend it.
    authorize(account, headers, query, "token", TokenType::RealtimeScribe)
        .map_err(|error| close_with_error("auth_error", error.message()))?;
    socket.send(&options.started()).await?;
    let (_, samples, bytes) = options.format;
    let mut session = TranscriptionSession {
        options,
        transcriber: Transcriber::new(samples * bytes),
        transcript: Transcript::default(),
    };
    loop {
        match socket.receive().await.map_err(vendor_error)? {
            ClientMessage::Text(text) => session.handle(socket, &text).await?,
            ClientMessage::Audio(_) => {
                return Err(close_with_error(
                    "input_error",
                    "Send audio in JSON, as audio_base_64.",
                ));
            }
        }
    }
}

impl SessionOptions {
    fn read(query: &[(String, String)]) -> Result<Self, String> {
        let value = |name| {
            single_parameter(query, name).map_err(|_| format!("{name} is given more than once."))
        };
        let model = value("model_id")?.unwrap_or_default();
        if model != "scribe_v2_realtime" {
            return Err("model_id must be scribe_v2_realtime.".to_owned());
        }
        let name = value("audio_format")?.unwrap_or("pcm_16000");
        let format = FORMATS.into_iter().find(|(known, ..)| *known == name);
        let auto_commit = match value("commit_strategy")? {
            None | Some("manual") => false,
            Some("vad") => true,
            Some(_) => return Err("commit_strategy must be manual or vad.".to_owned()),
        };
        Ok(Self {
            model: model.to_owned(),
            format: format.ok_or_else(|| format!("audio_format {name:?} is not supported."))?,
            auto_commit,
            timestamps: value("include_timestamps")? == Some("true"),
            language: value("language_code")?.map(str::to_owned),
        })
    }

    fn started(&self) -> Value {
        let (name, sample_rate, _) = self.format;
        json!({
            "message_type": "session_started",
            "session_id": tokens::request_id(),
            "config": {
                "sample_rate": sample_rate,
                "audio_format": name,
                "language_code": self.language,
                "commit_strategy": if self.auto_commit { "vad" } else { "manual" },
                "model_id": self.model,
                "include_timestamps": self.timestamps,
            },
        })
    }
}

impl TranscriptionSession {
    async fn handle(&mut self, socket: &mut Socket, text: &str) -> Result<(), SocketClose> {
        let message: Value = serde_json::from_str(text)
            .map_err(|error| close_with_error("input_error", &error.to_string()))?;
        if message.get("message_type").and_then(Value::as_str) != Some("input_audio_chunk") {
            return Err(close_with_error(
                "input_error",
                "message_type must be input_audio_chunk.",
            ));
        }
        let audio = message
            .get("audio_base_64")
            .and_then(Value::as_str)
            .map(|audio| STANDARD.decode(audio));
        let Some(Ok(audio)) = audio else {
            return Err(close_with_error(
                "input_error",
                "audio_base_64 must be base64.",
            ));
        };
        self.transcriber.add_audio(audio.len());
        let mut is_new = false;
        while let Some(word) = self.transcriber.next_word() {
            self.transcript.0.push(word);
            is_new = true;
            if word.ends_sentence && self.options.auto_commit {
                self.commit(socket).await?;
                is_new = false;
            }
        }
        if message.get("commit") == Some(&Value::Bool(true)) {
            self.transcript.0.extend(self.transcriber.finish());
            return self.commit(socket).await;
        }
        if is_new {
            let partial =
                json!({ "message_type": "partial_transcript", "text": self.transcript.partial() });
            socket.send(&partial).await?;
        }
        Ok(())
    }

    async fn commit(&mut self, socket: &mut Socket) -> Result<(), SocketClose> {
        let transcript = self.transcript.take();
        if transcript.0.is_empty() {
            let error = "There is nothing to commit: no audio was received since the last commit.";
            return socket
                .send(&json!({ "message_type": "commit_throttled", "error": error }))
                .await;
        }
        let text = transcript.complete();
        socket
            .send(&json!({ "message_type": "committed_transcript", "text": text }))
            .await?;
        if self.options.timestamps {
            let word = |text: &str, start: f64, end: f64| json!({ "text": text, "start": start, "end": end, "type": "word", "logprob": -0.01 });
            let frame = json!({
                "message_type": "committed_transcript_with_timestamps",
                "text": text,
                "language_code": self.options.language.as_deref().unwrap_or("en"),
                "words": transcript.with_times(word),
            });
            socket.send(&frame).await?;
        }
        Ok(())
    }
}

/// The vendor's errors for silence and for a message that is too large.
fn vendor_error(close: SocketClose) -> SocketClose {
    let kind = match close.code {
        1008 => "insufficient_audio_activity",
        1009 => "chunk_size_exceeded",
        _ => return close,
    };
    let frame = json!({ "message_type": kind, "error": close.reason });
    SocketClose::with_frame(frame, close.code, close.reason)
}

/// An error frame, and then the close.
fn close_with_error(kind: &str, error: &str) -> SocketClose {
    SocketClose::with_frame(json!({ "message_type": kind, "error": error }), 1008, error)
}

#[cfg(test)]
mod tests;
