//! Cartesia's socket that speaks: several contexts at a time, each fed bit by bit. Source:
//! docs.cartesia.ai/api-reference/tts/websocket, and the types of @cartesia/cartesia-js 4.2.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::tts::{self, Speech};
use super::{Refusal, admit, malformed, refuse};
use crate::standins::Standins;
use crate::standins::speech_queue::{Part, Queue};
use crate::standins::synth::MOST_NOTES;
use crate::standins::tokens::Grant;
use crate::standins::websocket::{Ending, Said, Socket, Upgrade};

/// As many contexts may be open at once.
const MOST_CONTEXTS: usize = 64;

/// What is known of an open context.
#[derive(Default)]
struct Context {
    /// Letters so far.
    letters: usize,
    flushes: u32,
}

struct Talk {
    contexts: HashMap<String, Context>,
    queue: Queue,
}

/// `GET /tts/websocket`. A token is refused before the socket opens: the SDKs show nothing of a
/// close after it.
pub(super) async fn open(
    State(standins): State<Standins>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    admit(&standins, &headers, &query, Grant::Tts).map_err(IntoResponse::into_response)?;
    Ok(upgrade?.start(|mut socket| async {
        let mut talk = Talk {
            contexts: HashMap::new(),
            queue: Queue::new(),
        };
        let Err(ending) = talk.run(&mut socket).await;
        socket.end(ending).await;
    }))
}

impl Talk {
    async fn run(&mut self, socket: &mut Socket) -> Result<std::convert::Infallible, Ending> {
        loop {
            tokio::select! {
                said = socket.hear(), if !self.queue.is_full() => {
                    if let Err(frame) = self.take(said?) {
                        socket.say(&frame).await?;
                    }
                }
                cue = self.queue.next() => {
                    let frame = match cue.part {
                        Part::Sound(letters, format) => tts::chunk(Some(&cue.context), &letters, format),
                        Part::Frame(frame) => frame,
                        Part::End => continue,
                    };
                    socket.say(&frame).await?;
                }
            }
        }
    }

    /// Takes a message in, or gives the frame that refuses it.
    fn take(&mut self, said: Said) -> Result<(), Value> {
        let Said::Text(text) = said else {
            return Err(malformed("Send JSON, as text.").frame(None));
        };
        let ask: Value = serde_json::from_str(&text)
            .map_err(|error| malformed(error.to_string()).frame(None))?;
        let context = tts::text(&ask, "context_id")
            .map_err(|refusal| refusal.frame(None))?
            .to_owned();
        self.take_ask(&context, &ask).map_err(|refusal| {
            // An error ends its context.
            self.forget(&context);
            refusal.frame(Some(&context))
        })
    }

    fn take_ask(&mut self, context: &str, ask: &Value) -> Result<(), Refusal> {
        if ask.get("cancel") == Some(&Value::Bool(true)) {
            self.forget(context);
            return Ok(());
        }
        let goes_on = flag(ask, "continue")?;
        let flush = flag(ask, "flush")?;
        let speech = Speech::read(ask)?.raw()?;
        if speech.transcript.trim().is_empty() && !goes_on && !self.contexts.contains_key(context) {
            return Err(malformed(
                "transcript is required where the context has none before.",
            ));
        }
        if self.contexts.len() >= MOST_CONTEXTS && !self.contexts.contains_key(context) {
            return Err(refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many contexts are open.",
            ));
        }
        let state = self.contexts.entry(context.to_owned()).or_default();
        if speech.timestamps && !speech.transcript.trim().is_empty() {
            let frame = tts::timestamps(Some(context), &speech.transcript, state.letters);
            self.queue.push(context, Part::Frame(frame));
        }
        state.letters = state
            .letters
            .saturating_add(speech.transcript.chars().take(MOST_NOTES).count());
        self.queue.speak(context, &speech.transcript, speech.format);
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
            self.queue.push(context, Part::Frame(frame));
        }
        if !goes_on {
            self.queue
                .push(context, Part::Frame(tts::done(Some(context))));
            self.contexts.remove(context);
        }
        Ok(())
    }

    fn forget(&mut self, context: &str) {
        self.contexts.remove(context);
        self.queue.forget(context);
    }
}

/// A member that is true, or false, or left out.
fn flag(ask: &Value, name: &str) -> Result<bool, Refusal> {
    match ask.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(malformed(format!("{name} must be true or false."))),
    }
}

#[cfg(test)]
mod tests;
