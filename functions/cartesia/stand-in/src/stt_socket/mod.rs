//! Cartesia's speech-to-text sockets: one where the client ends each utterance, and one that
//! detects turns. Sources: docs.cartesia.ai/api-reference/stt/websocket and /stt/turns/websocket,
//! and the types of @cartesia/cartesia-js 4.2.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::auth::authorize_socket;
use super::error::CartesiaError;
use crate::grant::Grant;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::tokens;
use voicemint_stand_in::transcript::{Transcriber, Transcript, seconds};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

/// The transcription of one socket.
struct Transcription {
    request_id: String,
    language: String,
    transcriber: Transcriber,
    transcript: Transcript,
    /// Whether a final transcript was sent, so that the next one starts with a space.
    continues: bool,
}

/// `GET /stt/websocket`.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let mut transcription = Transcription::authorize(&account, &headers, &query)
        .map_err(IntoResponse::into_response)?;
    Ok(upgrade?.start(|mut socket| async move {
        let Err(close) = transcription.run(&mut socket).await;
        socket.close(close).await;
    }))
}

/// `GET /stt/turns/websocket`.
pub(super) async fn open_with_turns(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let mut transcription = Transcription::authorize(&account, &headers, &query)
        .map_err(IntoResponse::into_response)?;
    Ok(upgrade?.start(|mut socket| async move {
        let Err(close) = transcription.run_with_turns(&mut socket).await;
        socket.close(close).await;
    }))
}

impl Transcription {
    fn authorize(
        account: &Account,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Result<Self, CartesiaError> {
        authorize_socket(account, headers, query, Grant::Stt)?;
        let model = single_parameter(query, "model")?.unwrap_or_default();
        if !model.starts_with("ink-") {
            return Err(CartesiaError::bad_request(
                "model must be in the ink family.",
            ));
        }
        let bytes_per_sample = match single_parameter(query, "encoding")? {
            Some("pcm_s16le" | "pcm_f16le") => 2,
            Some("pcm_s32le" | "pcm_f32le") => 4,
            Some("pcm_mulaw" | "pcm_alaw") => 1,
            _ => {
                return Err(CartesiaError::bad_request(
                    "encoding must be pcm_s16le or another documented encoding.",
                ));
            }
        };
        let sample_rate =
            single_parameter(query, "sample_rate")?.and_then(|rate| rate.parse::<u32>().ok());
        let Some(sample_rate) = sample_rate.filter(|rate| (1..=192_000).contains(rate)) else {
            return Err(CartesiaError::bad_request(
                "sample_rate must be a number in hertz.",
            ));
        };
        Ok(Self {
            request_id: tokens::request_id(),
            language: single_parameter(query, "language")?
                .unwrap_or("en")
                .to_owned(),
            transcriber: Transcriber::new(u64::from(sample_rate) * bytes_per_sample),
            transcript: Transcript::default(),
            continues: false,
        })
    }

    async fn run(&mut self, socket: &mut Socket) -> Result<Infallible, SocketClose> {
        loop {
            match socket.receive().await? {
                ClientMessage::Audio(audio) => {
                    if self.add_audio(audio.len()) {
                        socket.send(&self.transcript_frame(false)).await?;
                    }
                }
                ClientMessage::Text(command) => {
                    match command.trim() {
                        "finalize" => {
                            self.finalize(socket).await?;
                            socket.send(&self.event_frame("flush_done")).await?;
                        }
                        // Older clients send `done`.
                        "close" | "done" => {
                            self.finalize(socket).await?;
                            return Err(SocketClose::with_frame(
                                self.event_frame("done"),
                                1000,
                                "",
                            ));
                        }
                        _ => {
                            socket
                                .send(&self.error_frame(
                                    "Send audio as binary messages, and finalize or close as text.",
                                ))
                                .await?
                        }
                    }
                }
            }
        }
    }

    async fn finalize(&mut self, socket: &mut Socket) -> Result<(), SocketClose> {
        self.transcript.0.extend(self.transcriber.finish());
        if !self.transcript.0.is_empty() {
            socket.send(&self.transcript_frame(true)).await?;
            self.transcript.take();
            self.continues = true;
        }
        Ok(())
    }

    async fn run_with_turns(&mut self, socket: &mut Socket) -> Result<Infallible, SocketClose> {
        socket.send(&self.event_frame("connected")).await?;
        loop {
            match socket.receive().await? {
                ClientMessage::Audio(audio) => {
                    self.transcriber.add_audio(audio.len());
                    while let Some(word) = self.transcriber.next_word() {
                        if self.transcript.0.is_empty() {
                            socket.send(&self.event_frame("turn.start")).await?;
                        }
                        self.transcript.0.push(word);
                        let text = if word.ends_sentence {
                            self.transcript.complete()
                        } else {
                            self.transcript.partial()
                        };
                        socket.send(&self.turn_frame("turn.update", &text)).await?;
                        if word.ends_sentence {
                            self.end_turn(socket).await?;
                        }
                    }
                }
                ClientMessage::Text(text) => {
                    let command: Value = serde_json::from_str(&text).unwrap_or_default();
                    match command.get("type").and_then(Value::as_str) {
                        Some("config") => {}
                        Some("close") => {
                            if let Some(word) = self.transcriber.finish() {
                                if self.transcript.0.is_empty() {
                                    socket.send(&self.event_frame("turn.start")).await?;
                                }
                                self.transcript.0.push(word);
                            }
                            self.end_turn(socket).await?;
                            return Err(SocketClose::normal());
                        }
                        _ => {
                            socket
                                .send(&self.error_frame("type must be config or close."))
                                .await?
                        }
                    }
                }
            }
        }
    }

    async fn end_turn(&mut self, socket: &mut Socket) -> Result<(), SocketClose> {
        let transcript = self.transcript.take();
        if transcript.0.is_empty() {
            Ok(())
        } else {
            socket
                .send(&self.turn_frame("turn.end", &transcript.complete()))
                .await
        }
    }

    /// Adds audio. Returns whether there are new words.
    fn add_audio(&mut self, bytes: usize) -> bool {
        self.transcriber.add_audio(bytes);
        let before = self.transcript.0.len();
        while let Some(word) = self.transcriber.next_word() {
            self.transcript.0.push(word);
        }
        self.transcript.0.len() > before
    }

    /// The transcript since the last final one. Clients concatenate the final ones without changes.
    fn transcript_frame(&self, is_final: bool) -> Value {
        let text = if is_final {
            self.transcript.complete()
        } else {
            self.transcript.partial()
        };
        let space = if self.continues { " " } else { "" };
        let start = self.transcript.0.first().map_or(0, |word| word.start);
        let end = self.transcript.0.last().map_or(0, |word| word.end);
        json!({
            "type": "transcript",
            "request_id": self.request_id,
            "text": format!("{space}{text}"),
            "is_final": is_final,
            "language": self.language,
            "duration": seconds(end - start),
        })
    }

    fn event_frame(&self, kind: &str) -> Value {
        json!({ "type": kind, "request_id": self.request_id })
    }

    fn turn_frame(&self, kind: &str, transcript: &str) -> Value {
        json!({ "type": kind, "request_id": self.request_id, "transcript": transcript })
    }

    fn error_frame(&self, message: &str) -> Value {
        let mut frame = CartesiaError::bad_request(message).frame(None);
        if let Some(members) = frame.as_object_mut() {
            members.insert("request_id".to_owned(), self.request_id.as_str().into());
        }
        frame
    }
}

#[cfg(test)]
mod tests;
