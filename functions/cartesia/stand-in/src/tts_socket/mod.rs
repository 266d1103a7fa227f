//! Cartesia's text-to-speech socket, with several contexts that receive their text in parts.
//! Sources: docs.cartesia.ai/api-reference/tts/websocket, and the types of @cartesia/cartesia-js
//! 4.2.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::auth::authorize_socket;
use super::error::CartesiaError;
use super::tts::{self, SpeechRequest};
use crate::grant::Grant;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::QueryPairs;
use voicemint_stand_in::speech_queue::{Output, SpeechQueue};
use voicemint_stand_in::synth::MAX_NOTES;
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

/// The maximum number of open contexts.
const MAX_CONTEXTS: usize = 64;

/// The state of an open context.
#[derive(Default)]
struct Context {
    /// The number of letters so far.
    letters: usize,
    flushes: u32,
}

/// The open contexts of one socket and their outputs.
struct TtsContexts {
    contexts: HashMap<String, Context>,
    queue: SpeechQueue,
}

/// `GET /tts/websocket`. Invalid tokens are rejected before the socket opens, since the SDKs do not
/// report the reason of a later close.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    authorize_socket(&account, &headers, &query, Grant::Tts)
        .map_err(IntoResponse::into_response)?;
    Ok(upgrade?.start(|mut socket| async {
        let mut contexts = TtsContexts {
            contexts: HashMap::new(),
            queue: SpeechQueue::new(),
        };
        let Err(close) = contexts.run(&mut socket).await;
        socket.close(close).await;
    }))
}

impl TtsContexts {
    async fn run(&mut self, socket: &mut Socket) -> Result<std::convert::Infallible, SocketClose> {
        loop {
            tokio::select! {
                message = socket.receive(), if !self.queue.is_full() => {
                    if let Err(frame) = self.handle(message?) {
                        socket.send(&frame).await?;
                    }
                }
                item = self.queue.next() => {
                    let frame = match item.output {
                        Output::Audio(letters, format) => tts::chunk(Some(&item.context), &letters, format),
                        Output::Frame(frame) => frame,
                        Output::End => continue,
                    };
                    socket.send(&frame).await?;
                }
            }
        }
    }

    /// Handles a message. The error is the frame to send.
    fn handle(&mut self, message: ClientMessage) -> Result<(), Value> {
        let ClientMessage::Text(text) = message else {
            return Err(CartesiaError::bad_request("Send JSON as text messages.").frame(None));
        };
        let request: Value = serde_json::from_str(&text)
            .map_err(|error| CartesiaError::bad_request(error.to_string()).frame(None))?;
        let context = tts::required_text(&request, "context_id")
            .map_err(|error| error.frame(None))?
            .to_owned();
        self.handle_request(&context, &request).map_err(|error| {
            // An error closes its context.
            self.cancel(&context);
            error.frame(Some(&context))
        })
    }

    fn handle_request(&mut self, context: &str, request: &Value) -> Result<(), CartesiaError> {
        if request.get("cancel") == Some(&Value::Bool(true)) {
            self.cancel(context);
            return Ok(());
        }
        let continues = flag(request, "continue")?;
        let flush = flag(request, "flush")?;
        let speech = SpeechRequest::read(request)?.require_raw()?;
        if speech.transcript.trim().is_empty() && !continues && !self.contexts.contains_key(context)
        {
            return Err(CartesiaError::bad_request(
                "transcript is required for a new context.",
            ));
        }
        if self.contexts.len() >= MAX_CONTEXTS && !self.contexts.contains_key(context) {
            return Err(CartesiaError::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many contexts are open.",
            ));
        }
        let state = self.contexts.entry(context.to_owned()).or_default();
        if speech.timestamps && !speech.transcript.trim().is_empty() {
            let frame = tts::timestamps(Some(context), &speech.transcript, state.letters);
            self.queue.push(context, Output::Frame(frame));
        }
        state.letters = state
            .letters
            .saturating_add(speech.transcript.chars().take(MAX_NOTES).count());
        self.queue
            .push_text(context, &speech.transcript, speech.format);
        if flush {
            state.flushes = state.flushes.saturating_add(1);
            let frame = json!({
                "type": "flush_done",
                "context_id": context,
                "done": false,
                "flush_done": true,
                "flush_id": state.flushes,
                "status_code": 206,
            });
            self.queue.push(context, Output::Frame(frame));
        }
        if !continues {
            self.queue
                .push(context, Output::Frame(tts::done(Some(context))));
            self.contexts.remove(context);
        }
        Ok(())
    }

    fn cancel(&mut self, context: &str) {
        self.contexts.remove(context);
        self.queue.cancel(context);
    }
}

/// An optional Boolean member; the default is false.
fn flag(request: &Value, name: &str) -> Result<bool, CartesiaError> {
    match request.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(CartesiaError::bad_request(format!(
            "{name} must be true or false."
        ))),
    }
}

#[cfg(test)]
mod tests;
