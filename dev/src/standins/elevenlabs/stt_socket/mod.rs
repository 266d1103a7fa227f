//! ElevenLabs' socket that transcribes as one speaks. Sources:
//! elevenlabs.io/docs/api-reference/speech-to-text/v-1-speech-to-text-realtime, and the vendor's
//! SDKs @elevenlabs/elevenlabs-js 2.73, @elevenlabs/client 1.25 and elevenlabs (Python) 2.78.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::admit;
use crate::standins::tokens::{self, TokenType};
use crate::standins::transcript::{Ear, Heard};
use crate::standins::websocket::{Ending, Said, Socket, Upgrade};
use crate::standins::{Standins, sole_pair};

/// The formats of sound that are documented, with their samples a second and bytes a sample.
const FORMATS: [(&str, u64, u64); 7] = [
    ("pcm_8000", 8_000, 2),
    ("pcm_16000", 16_000, 2),
    ("pcm_22050", 22_050, 2),
    ("pcm_24000", 24_000, 2),
    ("pcm_44100", 44_100, 2),
    ("pcm_48000", 48_000, 2),
    ("ulaw_8000", 8_000, 1),
];

/// What the query asks for.
struct Ask {
    model: String,
    format: (&'static str, u64, u64),
    /// Whether the end of a sentence commits it.
    by_itself: bool,
    timestamps: bool,
    language: Option<String>,
}

struct Session {
    ask: Ask,
    ear: Ear,
    heard: Heard,
}

/// `GET /v1/speech-to-text/realtime`. Whatever is wrong is said on the socket: all three SDKs show
/// that, and hardly a refused upgrade.
pub(super) async fn open(
    State(standins): State<Standins>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    upgrade.start(|mut socket| async move {
        let Err(ending) = run(&mut socket, &standins, &query, &headers).await;
        socket.end(ending).await;
    })
}

async fn run(
    socket: &mut Socket,
    standins: &Standins,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Infallible, Ending> {
    let ask = Ask::read(query).map_err(|error| refusal("invalid_request", &error))?;
    // Spent as the session starts: a request that is unfit costs nothing.
    admit(standins, headers, query, "token", TokenType::RealtimeScribe)
        .map_err(|why| refusal("auth_error", why.message()))?;
    socket.say(&ask.started()).await?;
    let (_, samples, bytes) = ask.format;
    let mut session = Session {
        ask,
        ear: Ear::new(samples * bytes),
        heard: Heard::default(),
    };
    loop {
        match socket.hear().await.map_err(in_words)? {
            Said::Text(text) => session.take(socket, &text).await?,
            Said::Sound(_) => {
                return Err(refusal(
                    "input_error",
                    "Send sound in JSON, as audio_base_64.",
                ));
            }
        }
    }
}

impl Ask {
    fn read(query: &[(String, String)]) -> Result<Self, String> {
        let value = |name| sole_pair(query, name).map_err(|_| format!("{name} is given twice."));
        let model = value("model_id")?.unwrap_or_default();
        if model != "scribe_v2_realtime" {
            return Err("model_id must be scribe_v2_realtime.".to_owned());
        }
        let name = value("audio_format")?.unwrap_or("pcm_16000");
        let format = FORMATS.into_iter().find(|(known, ..)| *known == name);
        let by_itself = match value("commit_strategy")? {
            None | Some("manual") => false,
            Some("vad") => true,
            Some(_) => return Err("commit_strategy must be manual or vad.".to_owned()),
        };
        Ok(Self {
            model: model.to_owned(),
            format: format.ok_or_else(|| format!("audio_format {name:?} is not known."))?,
            by_itself,
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
                "commit_strategy": if self.by_itself { "vad" } else { "manual" },
                "model_id": self.model,
                "include_timestamps": self.timestamps,
            },
        })
    }
}

impl Session {
    async fn take(&mut self, socket: &mut Socket, text: &str) -> Result<(), Ending> {
        let message: Value = serde_json::from_str(text)
            .map_err(|error| refusal("input_error", &error.to_string()))?;
        if message.get("message_type").and_then(Value::as_str) != Some("input_audio_chunk") {
            return Err(refusal(
                "input_error",
                "message_type must be input_audio_chunk.",
            ));
        }
        let sound = message
            .get("audio_base_64")
            .and_then(Value::as_str)
            .map(|sound| STANDARD.decode(sound));
        let Some(Ok(sound)) = sound else {
            return Err(refusal("input_error", "audio_base_64 must be base64."));
        };
        self.ear.hear(sound.len());
        let mut is_new = false;
        while let Some(word) = self.ear.next_word() {
            self.heard.0.push(word);
            is_new = true;
            if word.last && self.ask.by_itself {
                self.commit(socket).await?;
                is_new = false;
            }
        }
        if message.get("commit") == Some(&Value::Bool(true)) {
            self.heard.0.extend(self.ear.finish());
            return self.commit(socket).await;
        }
        if is_new {
            let partial =
                json!({ "message_type": "partial_transcript", "text": self.heard.so_far() });
            socket.say(&partial).await?;
        }
        Ok(())
    }

    async fn commit(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        let heard = self.heard.take();
        if heard.0.is_empty() {
            let error = "There is nothing to commit: no sound came since the last time.";
            return socket
                .say(&json!({ "message_type": "commit_throttled", "error": error }))
                .await;
        }
        let text = heard.in_full();
        socket
            .say(&json!({ "message_type": "committed_transcript", "text": text }))
            .await?;
        if self.ask.timestamps {
            let word = |text: &str, start: f64, end: f64| json!({ "text": text, "start": start, "end": end, "type": "word", "logprob": -0.01 });
            let frame = json!({
                "message_type": "committed_transcript_with_timestamps",
                "text": text,
                "language_code": self.ask.language.as_deref().unwrap_or("en"),
                "words": heard.timed(word),
            });
            socket.say(&frame).await?;
        }
        Ok(())
    }
}

/// The vendor has errors of its own for silence, and for a message that is too large.
fn in_words(ending: Ending) -> Ending {
    let kind = match ending.code {
        1008 => "insufficient_audio_activity",
        1009 => "chunk_size_exceeded",
        _ => return ending,
    };
    let frame = json!({ "message_type": kind, "error": ending.reason });
    Ending::with_words(frame, ending.code, ending.reason)
}

/// An error frame, and a close behind it.
fn refusal(kind: &str, error: &str) -> Ending {
    Ending::with_words(json!({ "message_type": kind, "error": error }), 1008, error)
}

#[cfg(test)]
mod tests;
