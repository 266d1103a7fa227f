//! Deepgram's streaming text to speech, `/v1/speak`. Sources: developers.deepgram.com/reference
//! (text-to-speech, speak-streaming) and /docs (tts-ws-flush, tts-ws-clear, tts-ws-close,
//! tts-troubleshooting-websocket-net-and-data-errors), @deepgram/sdk 5.13.0. The documented limit of
//! 20 flushes per minute is not imitated.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::speech_queue::{Output, SpeechQueue, samples};
use voicemint_stand_in::synth::{AudioFormat, Encoding};
use voicemint_stand_in::tokens;
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use crate::auth::authorize_socket;
use crate::error::{DeepgramError, silence_close};

/// The sample rates of `linear16`, in hertz.
const SAMPLE_RATES: [u32; 5] = [8_000, 16_000, 24_000, 32_000, 48_000];
const DEFAULT_RATE: u32 = 24_000;
const DEFAULT_MODEL: &str = "aura-asteria-en";

/// The longest text that waits for a flush, in bytes.
const MAX_TEXT_BYTES: usize = 8_000;

/// The socket has one stream of audio.
const STREAM: &str = "";

/// A message of the client.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Command {
    Speak { text: String },
    Flush,
    Clear,
    Close,
}

struct Speech {
    model: String,
    format: AudioFormat,
    /// What is spoken at the next flush.
    text: String,
    /// The number of the next confirmation.
    sequence_id: u64,
    queue: SpeechQueue,
}

/// `GET /v1/speak`.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let upgrade =
        authorize_socket(&account, &headers, upgrade?).map_err(IntoResponse::into_response)?;
    let (model, format) = read_query(&query).map_err(IntoResponse::into_response)?;
    Ok(upgrade.start(move |mut socket| async move {
        let mut speech = Speech {
            model,
            format,
            text: String::new(),
            sequence_id: 0,
            queue: SpeechQueue::new(),
        };
        let Err(close) = speech.run(&mut socket).await;
        socket.close(close).await;
    }))
}

fn read_query(query: &[(String, String)]) -> Result<(String, AudioFormat), DeepgramError> {
    let model = single_parameter(query, "model")?.unwrap_or(DEFAULT_MODEL);
    if !model.starts_with("aura-") {
        return Err(DeepgramError::bad_request("No such model at this path."));
    }
    if !matches!(
        single_parameter(query, "encoding")?,
        None | Some("linear16")
    ) {
        return Err(DeepgramError::bad_request(
            "The stand-in has only encoding=linear16.",
        ));
    }
    let sample_rate = match single_parameter(query, "sample_rate")? {
        None => Some(DEFAULT_RATE),
        Some(rate) => SAMPLE_RATES
            .into_iter()
            .find(|known| known.to_string() == rate),
    };
    let sample_rate =
        sample_rate.ok_or_else(|| DeepgramError::bad_request("Unsupported sample_rate."))?;
    let format = AudioFormat {
        encoding: Encoding::S16,
        sample_rate,
    };
    Ok((model.to_owned(), format))
}

impl Speech {
    async fn run(&mut self, socket: &mut Socket) -> Result<Infallible, SocketClose> {
        let metadata = json!({
            "type": "Metadata",
            "request_id": tokens::request_id(),
            "model_name": self.model,
            "model_version": "stand-in",
            "model_uuid": tokens::request_id(),
        });
        socket.send(&metadata).await?;
        loop {
            tokio::select! {
                message = socket.receive(), if !self.queue.is_full() => self.handle(message.map_err(silence_close)?)?,
                item = self.queue.next() => match item.output {
                    Output::Audio(letters, format) => {
                        socket.send_binary(samples(&letters, format)).await?;
                    }
                    Output::Frame(frame) => socket.send(&frame).await?,
                    Output::End => {}
                },
            }
        }
    }

    fn handle(&mut self, message: ClientMessage) -> Result<(), SocketClose> {
        let ClientMessage::Text(text) = message else {
            let reason = "MESSAGE-0000: Only text messages are accepted.";
            return Err(SocketClose::new(1003, reason));
        };
        let command = serde_json::from_str(&text).map_err(|_| {
            let reason = "DATA-0000: The message is none of Speak, Flush, Clear and Close.";
            SocketClose::new(1008, reason)
        })?;
        match command {
            Command::Speak { text } => {
                self.text.push_str(&text);
                if self.text.len() > MAX_TEXT_BYTES {
                    let reason = "BIG-0000: The text is too long without a flush.";
                    return Err(SocketClose::new(1009, reason));
                }
            }
            Command::Flush => {
                let text = std::mem::take(&mut self.text);
                self.queue.push_text(STREAM, &text, self.format);
                self.confirm("Flushed");
            }
            Command::Clear => {
                self.text.clear();
                self.queue.cancel(STREAM);
                self.confirm("Cleared");
            }
            Command::Close => return Err(SocketClose::normal()),
        }
        Ok(())
    }

    fn confirm(&mut self, kind: &str) {
        let frame: Value = json!({ "type": kind, "sequence_id": self.sequence_id });
        self.sequence_id += 1;
        self.queue.push(STREAM, Output::Frame(frame));
    }
}

#[cfg(test)]
mod tests;
