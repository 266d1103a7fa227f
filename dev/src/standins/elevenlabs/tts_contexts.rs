//! What is said on ElevenLabs' sockets that speak.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::tts_socket::refusal;
use crate::standins::speech_queue::{self, Cue, Part, Queue};
use crate::standins::synth::Format;
use crate::standins::websocket::Ending;

/// More contexts at once end the socket.
pub(super) const MOST_CONTEXTS: usize = 5;

/// The context of those who name none.
const DEFAULT_CONTEXT: &str = "default";

/// What was said on one socket, and what is yet to be said.
pub(super) struct Talk {
    format: Format,
    /// Whether frames carry a context.
    is_multi: bool,
    contexts: BTreeSet<String>,
    pub(super) queue: Queue,
    /// Whether the client said that nothing more comes.
    pub(super) is_ending: bool,
}

impl Talk {
    pub(super) fn new(format: Format, is_multi: bool) -> Self {
        Self {
            format,
            is_multi,
            contexts: BTreeSet::new(),
            queue: Queue::new(),
            is_ending: false,
        }
    }

    /// Takes a message in.
    ///
    /// # Errors
    /// How the socket is to end, as the message is unfit.
    pub(super) fn take(&mut self, message: &Value) -> Result<(), Ending> {
        let text = message.get("text").and_then(Value::as_str);
        if !self.is_multi {
            return match text {
                Some("") => {
                    self.close(DEFAULT_CONTEXT);
                    self.end();
                    Ok(())
                }
                Some(text) => {
                    self.say(DEFAULT_CONTEXT, text);
                    Ok(())
                }
                None => Err(refusal("invalid_input_message", "text is required.")),
            };
        }
        let is_set = |name: &str| message.get(name) == Some(&Value::Bool(true));
        if is_set("close_socket") {
            for context in std::mem::take(&mut self.contexts) {
                self.close(&context);
            }
            self.end();
            return Ok(());
        }
        let named = message
            .get("context_id")
            .or_else(|| message.get("contextId"))
            .and_then(Value::as_str);
        let context = named.unwrap_or(DEFAULT_CONTEXT);
        if is_set("close_context") {
            if self.contexts.remove(context) {
                self.close(context);
            }
            return Ok(());
        }
        // An empty text keeps a context alive, and makes none.
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.contexts.insert(context.to_owned());
            if self.contexts.len() > MOST_CONTEXTS {
                let words = format!("No more than {MOST_CONTEXTS} contexts may be open at once.");
                return Err(refusal("max_active_contexts_exceeded", &words));
            }
            self.say(context, text);
        }
        Ok(())
    }

    /// The first message of a context is a space, and makes no sound.
    fn say(&mut self, context: &str, text: &str) {
        if !text.trim().is_empty() {
            self.queue.speak(context, text, self.format);
        }
    }

    fn close(&mut self, context: &str) {
        let frame = json!({ "audio": null, "isFinal": true });
        self.queue.push(context, Part::Frame(frame));
    }

    fn end(&mut self) {
        self.is_ending = true;
        self.queue.push(DEFAULT_CONTEXT, Part::End);
    }

    /// What a cue is as a frame; none at the end.
    pub(super) fn frame(&self, cue: Cue) -> Option<Value> {
        let mut frame = match cue.part {
            Part::Sound(letters, format) => sound(&letters, format),
            Part::Frame(frame) => frame,
            Part::End => return None,
        };
        if let Some(members) = frame.as_object_mut().filter(|_| self.is_multi) {
            members.insert("contextId".to_owned(), cue.context.into());
        }
        Some(frame)
    }
}

/// A piece of sound, and when each letter is heard in it, in milliseconds.
fn sound(letters: &str, format: Format) -> Value {
    let chars: Vec<char> = letters.chars().collect();
    let millisecond = |index: usize| (speech_queue::starts(index) * 1000.0).round() as u64;
    let starts: Vec<u64> = (0..chars.len()).map(millisecond).collect();
    let durations: Vec<u64> = (0..chars.len())
        .map(|index| millisecond(index + 1) - millisecond(index))
        .collect();
    let alignment =
        json!({ "chars": chars, "charStartTimesMs": starts, "charDurationsMs": durations });
    json!({
        "audio": STANDARD.encode(speech_queue::samples(letters, format)),
        "isFinal": null,
        "alignment": alignment,
        "normalizedAlignment": alignment,
    })
}
