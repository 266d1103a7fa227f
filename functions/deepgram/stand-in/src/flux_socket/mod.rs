//! Deepgram's transcription by turns (Flux), `/v2/listen`. Sources: developers.deepgram.com/reference
//! (speech-to-text, listen-flux) and /docs/flux (configure, close-stream), @deepgram/sdk 5.13.0.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::tokens;
use voicemint_stand_in::transcript::{Transcriber, Transcript, seconds};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use crate::audio::bytes_per_second;
use crate::auth::authorize_socket;
use crate::error::{DeepgramError, silence_close};
use crate::stt_socket::IDLE_TIMEOUT;

const MODELS: [&str; 2] = ["flux-general-en", "flux-general-multi"];

/// When a turn ends.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thresholds {
    #[serde(skip_serializing_if = "Option::is_none")]
    eager_eot_threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eot_threshold: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eot_timeout_ms: Option<f64>,
}

/// A message of the client.
#[derive(Deserialize)]
#[serde(tag = "type", deny_unknown_fields)]
enum Command {
    CloseStream {},
    Configure {
        thresholds: Option<Thresholds>,
        keyterms: Option<Vec<String>>,
        language_hints: Option<Vec<String>>,
    },
}

struct Turns {
    request_id: String,
    /// How many messages were sent.
    sequence_id: u64,
    turn_index: u64,
    /// Where the turn starts, in milliseconds.
    turn_start: u64,
    thresholds: Thresholds,
    transcriber: Transcriber,
    transcript: Transcript,
}

/// `GET /v2/listen`.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let upgrade =
        authorize_socket(&account, &headers, upgrade?).map_err(IntoResponse::into_response)?;
    let mut turns = Turns::read(&query).map_err(IntoResponse::into_response)?;
    Ok(upgrade.start(|mut socket| async move {
        socket.set_idle_timeout(IDLE_TIMEOUT);
        let Err(close) = turns.run(&mut socket).await;
        socket.close(close).await;
    }))
}

impl Thresholds {
    fn read(query: &[(String, String)]) -> Result<Self, DeepgramError> {
        let number = |name| {
            let text = single_parameter(query, name)?;
            let number = text.map(str::parse::<f64>).transpose();
            number.map_err(|_| DeepgramError::bad_request(&format!("{name} must be a number.")))
        };
        let read = Self {
            eager_eot_threshold: number("eager_eot_threshold")?,
            eot_threshold: number("eot_threshold")?,
            eot_timeout_ms: number("eot_timeout_ms")?,
        };
        if read.is_valid() {
            Ok(read)
        } else {
            Err(DeepgramError::bad_request("A threshold is out of range."))
        }
    }

    /// Whether all are within the documented ranges.
    fn is_valid(&self) -> bool {
        let within = |value: Option<f64>, min, max| value.is_none_or(|v| (min..=max).contains(&v));
        within(self.eager_eot_threshold, 0.3, 0.9)
            && within(self.eot_threshold, 0.5, 0.9)
            && within(self.eot_timeout_ms, 500.0, 10_000.0)
    }
}

impl Turns {
    fn read(query: &[(String, String)]) -> Result<Self, DeepgramError> {
        let model = single_parameter(query, "model")?.unwrap_or_default();
        if !MODELS.contains(&model) {
            let message = format!("model must be one of {}.", MODELS.join(", "));
            return Err(DeepgramError::bad_request(&message));
        }
        Ok(Self {
            request_id: tokens::request_id(),
            sequence_id: 0,
            turn_index: 0,
            turn_start: 0,
            thresholds: Thresholds::read(query)?,
            transcriber: Transcriber::new(bytes_per_second(query)?),
            transcript: Transcript::default(),
        })
    }

    async fn run(&mut self, socket: &mut Socket) -> Result<Infallible, SocketClose> {
        self.send(socket, json!({ "type": "Connected" })).await?;
        loop {
            match socket.receive().await.map_err(silence_close)? {
                ClientMessage::Audio(audio) => {
                    self.transcriber.add_audio(audio.len());
                    self.send_turns(socket).await?;
                }
                ClientMessage::Text(text) => self.handle_command(socket, &text).await?,
            }
        }
    }

    async fn send_turns(&mut self, socket: &mut Socket) -> Result<(), SocketClose> {
        while let Some(word) = self.transcriber.next_word() {
            let is_first = self.transcript.0.is_empty();
            self.transcript.0.push(word);
            if is_first {
                self.send_turn(socket, "StartOfTurn").await?;
            } else if !word.ends_sentence {
                self.send_turn(socket, "Update").await?;
            }
            if word.ends_sentence {
                if self.thresholds.eager_eot_threshold.is_some() {
                    self.send_turn(socket, "EagerEndOfTurn").await?;
                }
                self.send_turn(socket, "EndOfTurn").await?;
                self.transcript.take();
                self.turn_index += 1;
                self.turn_start = word.end;
            }
        }
        Ok(())
    }

    async fn send_turn(&mut self, socket: &mut Socket, event: &str) -> Result<(), SocketClose> {
        let is_end = event == "EndOfTurn";
        let words = self.transcript.0.iter();
        let words = words.map(|word| json!({ "word": word.text, "confidence": 0.98 }));
        let turn = json!({
            "type": "TurnInfo",
            "event": event,
            "turn_index": self.turn_index,
            "audio_window_start": seconds(self.turn_start),
            "audio_window_end": seconds(self.transcriber.duration()),
            "transcript": if is_end { self.transcript.complete() } else { self.transcript.partial() },
            "words": words.collect::<Value>(),
            "end_of_turn_confidence": if is_end { 0.9 } else { 0.1 },
        });
        self.send(socket, turn).await
    }

    async fn handle_command(&mut self, socket: &mut Socket, text: &str) -> Result<(), SocketClose> {
        match serde_json::from_str(text) {
            Ok(Command::CloseStream {}) => {
                if let Some(word) = self.transcriber.finish() {
                    self.transcript.0.push(word);
                    self.send_turn(socket, "Update").await?;
                }
                Err(SocketClose::normal())
            }
            Ok(Command::Configure {
                thresholds,
                keyterms,
                language_hints,
            }) => {
                let thresholds = thresholds.unwrap_or_else(|| self.thresholds.clone());
                if !thresholds.is_valid() {
                    let failure = json!({ "type": "ConfigureFailure" });
                    return self.send(socket, failure).await;
                }
                let success = json!({
                    "type": "ConfigureSuccess",
                    "thresholds": thresholds,
                    "keyterms": keyterms.unwrap_or_default(),
                    "language_hints": language_hints.unwrap_or_default(),
                });
                self.thresholds = thresholds;
                self.send(socket, success).await
            }
            Err(error) => {
                let fatal = self.numbered(json!({
                    "type": "Error",
                    "code": "UNPARSABLE_CLIENT_MESSAGE",
                    "description": error.to_string(),
                }));
                // The code of the close is not documented.
                Err(SocketClose::with_frame(fatal, 1008, ""))
            }
        }
    }

    async fn send(&mut self, socket: &mut Socket, frame: Value) -> Result<(), SocketClose> {
        let frame = self.numbered(frame);
        socket.send(&frame).await
    }

    /// The frame with the members of all messages.
    fn numbered(&mut self, mut frame: Value) -> Value {
        if let Some(members) = frame.as_object_mut() {
            members.insert("request_id".to_owned(), self.request_id.clone().into());
            members.insert("sequence_id".to_owned(), self.sequence_id.into());
        }
        self.sequence_id += 1;
        frame
    }
}

#[cfg(test)]
mod tests;
