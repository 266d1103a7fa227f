//! A response of the assistant: the events that it consists of. A response is queued as a whole, and
//! what was not sent can be cancelled.

use serde_json::{Value, json};
use voicemint_stand_in::speech_queue::{Output, SpeechQueue};
use voicemint_stand_in::synth::{AudioFormat, Encoding};

use crate::session::id;

/// The format of the assistant's audio.
const FORMAT: AudioFormat = AudioFormat {
    encoding: Encoding::S16,
    sample_rate: 24_000,
};

/// A response that is being sent.
pub(crate) struct ActiveResponse {
    pub(crate) id: String,
    pub(crate) item_id: String,
    conversation_id: String,
    modality: &'static str,
    text: String,
    input_words: usize,
}

impl ActiveResponse {
    /// A response with this text, as speech unless `is_text`.
    pub(crate) fn new(
        conversation_id: &str,
        is_text: bool,
        text: String,
        input_words: usize,
    ) -> Self {
        Self {
            id: id("resp"),
            item_id: id("item"),
            conversation_id: conversation_id.to_owned(),
            modality: if is_text { "text" } else { "audio" },
            text,
            input_words,
        }
    }

    /// The response as events have it.
    pub(crate) fn to_value(&self, status: &str) -> Value {
        let (output, usage, details) = match status {
            "in_progress" => (json!([]), Value::Null, Value::Null),
            "completed" => (json!([self.item(status)]), self.usage(), Value::Null),
            _ => (
                json!([self.item("incomplete")]),
                self.usage(),
                json!({"type": status}),
            ),
        };
        json!({
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": output,
            "conversation_id": self.conversation_id,
            "output_modalities": [self.modality],
            "usage": usage,
            "metadata": null,
        })
    }

    /// The item of the response.
    pub(crate) fn item(&self, status: &str) -> Value {
        let content = match status {
            "in_progress" => json!([]),
            _ => json!([self.part(&self.text)]),
        };
        json!({
            "id": self.item_id,
            "object": "realtime.item",
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        })
    }

    /// A word is a token here.
    fn usage(&self) -> Value {
        let output = self.text.split_whitespace().count();
        json!({
            "total_tokens": self.input_words + output,
            "input_tokens": self.input_words,
            "output_tokens": output,
        })
    }

    fn part(&self, text: &str) -> Value {
        if self.modality == "text" {
            json!({"type": "output_text", "text": text})
        } else {
            json!({"type": "output_audio", "transcript": text})
        }
    }

    /// Queues everything after `response.created`.
    pub(crate) fn queue(&self, queue: &mut SpeechQueue, previous_item_id: &Value) {
        let mut frame = |event: Value| queue.push(&self.id, Output::Frame(event));
        let item = |name: &str, status| json!({"type": name, "response_id": self.id, "output_index": 0, "item": self.item(status)});
        let conversation_item = |name: &str, status| json!({"type": name, "previous_item_id": previous_item_id, "item": self.item(status)});
        frame(item("response.output_item.added", "in_progress"));
        frame(conversation_item("conversation.item.added", "in_progress"));
        frame(self.content("response.content_part.added", "part", self.part("")));
        self.queue_words(queue);
        let mut frame = |event: Value| queue.push(&self.id, Output::Frame(event));
        if self.modality == "text" {
            frame(self.content("response.output_text.done", "text", json!(self.text)));
        } else {
            frame(self.content("response.output_audio.done", "", Value::Null));
            let name = "response.output_audio_transcript.done";
            frame(self.content(name, "transcript", json!(self.text)));
        }
        frame(self.content("response.content_part.done", "part", self.part(&self.text)));
        frame(item("response.output_item.done", "completed"));
        frame(conversation_item("conversation.item.done", "completed"));
        frame(json!({"type": "response.done", "response": self.to_value("completed")}));
    }

    fn queue_words(&self, queue: &mut SpeechQueue) {
        for word in self.text.split_inclusive(' ') {
            let name = match self.modality {
                "text" => "response.output_text.delta",
                _ => "response.output_audio_transcript.delta",
            };
            let delta = self.content(name, "delta", json!(word));
            queue.push(&self.id, Output::Frame(delta));
            if self.modality == "audio" {
                queue.push_text(&self.id, word, FORMAT);
            }
        }
    }

    /// An event about the only part of the only item, with a member unless its name is empty.
    pub(crate) fn content(&self, name: &str, member: &str, value: Value) -> Value {
        let mut event = json!({
            "type": name,
            "response_id": self.id,
            "item_id": self.item_id,
            "output_index": 0,
            "content_index": 0,
        });
        if let Some(members) = event.as_object_mut().filter(|_| !member.is_empty()) {
            members.insert(member.to_owned(), value);
        }
        event
    }
}
