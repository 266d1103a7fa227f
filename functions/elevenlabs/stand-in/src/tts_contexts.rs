//! The contexts of ElevenLabs' text-to-speech sockets.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::error::close_tts_socket;
use voicemint_stand_in::speech_queue::{self, Output, QueueItem, SpeechQueue};
use voicemint_stand_in::synth::AudioFormat;
use voicemint_stand_in::websocket::SocketClose;

/// The maximum number of open contexts.
pub(super) const MAX_CONTEXTS: usize = 5;

/// The context of messages without a context ID.
const DEFAULT_CONTEXT: &str = "default";

/// The open contexts of one socket and their outputs.
pub(super) struct TtsContexts {
    format: AudioFormat,
    /// Whether frames have a context ID.
    is_multi: bool,
    contexts: BTreeSet<String>,
    pub(super) queue: SpeechQueue,
    /// Whether the client has announced the end of its input.
    pub(super) is_ending: bool,
}

impl TtsContexts {
    pub(super) fn new(format: AudioFormat, is_multi: bool) -> Self {
        Self {
            format,
            is_multi,
            contexts: BTreeSet::new(),
            queue: SpeechQueue::new(),
            is_ending: false,
        }
    }

    /// Handles a message.
    ///
    /// # Errors
    /// The close for an invalid message.
    pub(super) fn handle(&mut self, message: &Value) -> Result<(), SocketClose> {
        let text = message.get("text").and_then(Value::as_str);
        if !self.is_multi {
            return match text {
                Some("") => {
                    self.close(DEFAULT_CONTEXT);
                    self.end();
                    Ok(())
                }
                Some(text) => {
                    self.speak(DEFAULT_CONTEXT, text);
                    Ok(())
                }
                None => Err(close_tts_socket(
                    "invalid_input_message",
                    "text is required.",
                )),
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
        // An empty text keeps a context alive but does not open one.
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.contexts.insert(context.to_owned());
            if self.contexts.len() > MAX_CONTEXTS {
                let message = format!("At most {MAX_CONTEXTS} contexts can be open.");
                return Err(close_tts_socket("max_active_contexts_exceeded", &message));
            }
            self.speak(context, text);
        }
        Ok(())
    }

    /// Adds audio. The first message of a context is a space, which makes no audio.
    fn speak(&mut self, context: &str, text: &str) {
        if !text.trim().is_empty() {
            self.queue.push_text(context, text, self.format);
        }
    }

    fn close(&mut self, context: &str) {
        let frame = json!({ "audio": null, "isFinal": true });
        self.queue.push(context, Output::Frame(frame));
    }

    fn end(&mut self) {
        self.is_ending = true;
        self.queue.push(DEFAULT_CONTEXT, Output::End);
    }

    /// The frame of a queue item; `None` at the end.
    pub(super) fn frame(&self, item: QueueItem) -> Option<Value> {
        let mut frame = match item.output {
            Output::Audio(letters, format) => audio_frame(&letters, format),
            Output::Frame(frame) => frame,
            Output::End => return None,
        };
        if let Some(members) = frame.as_object_mut().filter(|_| self.is_multi) {
            members.insert("contextId".to_owned(), item.context.into());
        }
        Some(frame)
    }
}

/// A chunk of audio, with the start and duration of each letter in milliseconds.
fn audio_frame(letters: &str, format: AudioFormat) -> Value {
    let chars: Vec<char> = letters.chars().collect();
    let millisecond = |index: usize| (speech_queue::start_seconds(index) * 1000.0).round() as u64;
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
