//! The user's turns: what a session sends when it hears one.

use serde_json::{Value, json};

use super::session::RealtimeSession;
use crate::error::OpenAiError;
use crate::input::{Event, Turn};
use crate::session_type::SessionType;

impl RealtimeSession {
    /// What was heard, by turn detection.
    pub(super) fn on_heard(&mut self, event: Event) -> Vec<Value> {
        match event {
            Event::Started { item_id, at } => self.on_started(&item_id, at),
            Event::Stopped { turn, at } => self.on_stopped(&turn, at),
        }
    }

    fn on_started(&mut self, item_id: &str, at: u64) -> Vec<Value> {
        let name = "input_audio_buffer.speech_started";
        let mut events = vec![json!({"type": name, "item_id": item_id, "audio_start_ms": at})];
        if self
            .config
            .is_on("/audio/input/turn_detection/interrupt_response")
        {
            events.extend(self.cancel("turn_detected").into_iter().flatten());
        }
        events
    }

    fn on_stopped(&mut self, turn: &Turn, at: u64) -> Vec<Value> {
        let name = "input_audio_buffer.speech_stopped";
        let mut events = vec![json!({"type": name, "item_id": turn.item_id, "audio_end_ms": at})];
        events.extend(self.add_turn(turn));
        let answers = self.config.session_type() == SessionType::Realtime
            && self
                .config
                .is_on("/audio/input/turn_detection/create_response");
        // There is one response at a time. One that goes on was not to be interrupted.
        if answers && self.response.is_none() {
            let modalities = self.config.get("/output_modalities").clone();
            events.push(self.begin_response(&modalities));
        }
        events
    }

    /// `input_audio_buffer.commit`.
    ///
    /// # Errors
    /// If there is too little audio.
    pub(super) fn commit(&mut self) -> Result<Vec<Value>, OpenAiError> {
        let buffered = self.input.uncommitted_milliseconds();
        let turn = self.input.commit().ok_or_else(|| {
            let message = format!(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has {buffered}ms of audio."
            );
            OpenAiError::invalid("input_audio_buffer_commit_empty", message)
        })?;
        Ok(self.add_turn(&turn))
    }

    /// Adds what the user said to the conversation, with its transcript if the session has one.
    fn add_turn(&mut self, turn: &Turn) -> Vec<Value> {
        let item_id = turn.item_id.as_str();
        let mut events = vec![json!({
            "type": "input_audio_buffer.committed",
            "item_id": item_id,
            "previous_item_id": self.items.last_id(),
        })];
        events.extend(self.items.add(json!({
            "id": item_id,
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_audio", "transcript": null}],
        })));
        self.last_text.clone_from(&turn.text);
        if self.config.get("/audio/input/transcription").is_object() {
            let event = |name: &str, member: &str, text: &str| {
                let name = format!("conversation.item.input_audio_transcription.{name}");
                json!({"type": name, "item_id": item_id, "content_index": 0, member: text})
            };
            let words = turn.text.split_inclusive(' ');
            events.extend(words.map(|word| event("delta", "delta", word)));
            let mut completed = event("completed", "transcript", &turn.text);
            if let Some(members) = completed.as_object_mut() {
                let seconds = turn.milliseconds.div_ceil(1000);
                members.insert(
                    "usage".to_owned(),
                    json!({"type": "duration", "seconds": seconds}),
                );
            }
            events.push(completed);
            self.items.set_transcript(item_id, &turn.text);
        }
        events
    }
}
