//! Cartesia's sockets that listen: the one that waits to be told when an utterance ends, and the
//! one that finds turns. Sources: docs.cartesia.ai/api-reference/stt/websocket and
//! /stt/turns/websocket, and the types of @cartesia/cartesia-js 4.2.

use std::convert::Infallible;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Refusal, admit, malformed};
use crate::standins::tokens::{self, Grant};
use crate::standins::transcript::{Ear, Heard, seconds};
use crate::standins::websocket::{Ending, Said, Socket, Upgrade};
use crate::standins::{Standins, sole_pair};

/// One socket that listens.
struct Listener {
    request_id: String,
    language: String,
    ear: Ear,
    heard: Heard,
    /// Whether a transcript went before, so that the next one starts with a space.
    goes_on: bool,
}

/// `GET /stt/websocket`.
pub(super) async fn open(
    State(standins): State<Standins>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let mut listener =
        Listener::admit(&standins, &headers, &query).map_err(IntoResponse::into_response)?;
    Ok(upgrade?.start(|mut socket| async move {
        let Err(ending) = listener.until_told(&mut socket).await;
        socket.end(ending).await;
    }))
}

/// `GET /stt/turns/websocket`.
pub(super) async fn open_with_turns(
    State(standins): State<Standins>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let mut listener =
        Listener::admit(&standins, &headers, &query).map_err(IntoResponse::into_response)?;
    Ok(upgrade?.start(|mut socket| async move {
        let Err(ending) = listener.in_turns(&mut socket).await;
        socket.end(ending).await;
    }))
}

impl Listener {
    fn admit(
        standins: &Standins,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Result<Self, Refusal> {
        admit(standins, headers, query, Grant::Stt)?;
        let model = sole_pair(query, "model")?.unwrap_or_default();
        if !model.starts_with("ink-") {
            return Err(malformed("model must be of the ink family."));
        }
        let bytes_per_sample = match sole_pair(query, "encoding")? {
            Some("pcm_s16le" | "pcm_f16le") => 2,
            Some("pcm_s32le" | "pcm_f32le") => 4,
            Some("pcm_mulaw" | "pcm_alaw") => 1,
            _ => {
                return Err(malformed(
                    "encoding must be pcm_s16le, or another that is documented.",
                ));
            }
        };
        let sample_rate =
            sole_pair(query, "sample_rate")?.and_then(|rate| rate.parse::<u32>().ok());
        let Some(sample_rate) = sample_rate.filter(|rate| (1..=192_000).contains(rate)) else {
            return Err(malformed("sample_rate must be a number of hertz."));
        };
        Ok(Self {
            request_id: tokens::request_id(),
            language: sole_pair(query, "language")?.unwrap_or("en").to_owned(),
            ear: Ear::new(u64::from(sample_rate) * bytes_per_sample),
            heard: Heard::default(),
            goes_on: false,
        })
    }

    async fn until_told(&mut self, socket: &mut Socket) -> Result<Infallible, Ending> {
        loop {
            match socket.hear().await? {
                Said::Sound(sound) => {
                    if self.take(sound.len()) {
                        socket.say(&self.transcript(false)).await?;
                    }
                }
                Said::Text(command) => {
                    match command.trim() {
                        "finalize" => {
                            self.finalize(socket).await?;
                            socket.say(&self.event("flush_done")).await?;
                        }
                        // Older clients say `done`.
                        "close" | "done" => {
                            self.finalize(socket).await?;
                            return Err(Ending::with_words(self.event("done"), 1000, ""));
                        }
                        _ => {
                            socket
                                .say(&self.refusal(
                                    "Send sound as binary, and finalize or close as text.",
                                ))
                                .await?
                        }
                    }
                }
            }
        }
    }

    async fn finalize(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        self.heard.0.extend(self.ear.finish());
        if !self.heard.0.is_empty() {
            socket.say(&self.transcript(true)).await?;
            self.heard.take();
            self.goes_on = true;
        }
        Ok(())
    }

    async fn in_turns(&mut self, socket: &mut Socket) -> Result<Infallible, Ending> {
        socket.say(&self.event("connected")).await?;
        loop {
            match socket.hear().await? {
                Said::Sound(sound) => {
                    self.ear.hear(sound.len());
                    while let Some(word) = self.ear.next_word() {
                        if self.heard.0.is_empty() {
                            socket.say(&self.event("turn.start")).await?;
                        }
                        self.heard.0.push(word);
                        let text = if word.last {
                            self.heard.in_full()
                        } else {
                            self.heard.so_far()
                        };
                        socket.say(&self.turn("turn.update", &text)).await?;
                        if word.last {
                            self.end_turn(socket).await?;
                        }
                    }
                }
                Said::Text(text) => {
                    let command: Value = serde_json::from_str(&text).unwrap_or_default();
                    match command.get("type").and_then(Value::as_str) {
                        Some("config") => {}
                        Some("close") => {
                            if let Some(word) = self.ear.finish() {
                                if self.heard.0.is_empty() {
                                    socket.say(&self.event("turn.start")).await?;
                                }
                                self.heard.0.push(word);
                            }
                            self.end_turn(socket).await?;
                            return Err(Ending::done());
                        }
                        _ => {
                            socket
                                .say(&self.refusal("type must be config or close."))
                                .await?
                        }
                    }
                }
            }
        }
    }

    async fn end_turn(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        let heard = self.heard.take();
        if heard.0.is_empty() {
            Ok(())
        } else {
            socket.say(&self.turn("turn.end", &heard.in_full())).await
        }
    }

    /// Hears sound; says whether there are new words.
    fn take(&mut self, bytes: usize) -> bool {
        self.ear.hear(bytes);
        let before = self.heard.0.len();
        while let Some(word) = self.ear.next_word() {
            self.heard.0.push(word);
        }
        self.heard.0.len() > before
    }

    /// What was heard since the last final transcript. Clients put the final ones together as they
    /// are.
    fn transcript(&self, is_final: bool) -> Value {
        let text = if is_final {
            self.heard.in_full()
        } else {
            self.heard.so_far()
        };
        let space = if self.goes_on { " " } else { "" };
        let start = self.heard.0.first().map_or(0, |word| word.start);
        let end = self.heard.0.last().map_or(0, |word| word.end);
        json!({
            "type": "transcript",
            "request_id": self.request_id,
            "text": format!("{space}{text}"),
            "is_final": is_final,
            "language": self.language,
            "duration": seconds(end - start),
        })
    }

    fn event(&self, kind: &str) -> Value {
        json!({ "type": kind, "request_id": self.request_id })
    }

    fn turn(&self, kind: &str, transcript: &str) -> Value {
        json!({ "type": kind, "request_id": self.request_id, "transcript": transcript })
    }

    fn refusal(&self, message: &str) -> Value {
        let mut frame = malformed(message).frame(None);
        if let Some(members) = frame.as_object_mut() {
            members.insert("request_id".to_owned(), self.request_id.as_str().into());
        }
        frame
    }
}

#[cfg(test)]
mod tests;
