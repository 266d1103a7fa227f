//! A session: the client's events, and what the server sends in response.

use serde_json::{Value, json};
use voicemint_stand_in::conversation::answer;
use voicemint_stand_in::speech_queue::{Output, SpeechQueue, samples};

use super::items::Items;
use super::response::ActiveResponse;
use crate::client_event::{ClientEvent, encode};
use crate::error::OpenAiError;
use crate::input::{Input, TurnDetection};
use crate::schema::{self, unsupported};
use crate::session::{SessionConfig, id};
use crate::session_type::SessionType;

/// The events of conversations. The first four exist in transcriptions too.
const EVENTS: [&str; 10] = [
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.retrieve",
    "conversation.item.delete",
    "conversation.item.truncate",
    "response.create",
    "response.cancel",
];

/// A session that is open.
pub(crate) struct RealtimeSession {
    id: String,
    conversation_id: String,
    expires_at: u64,
    pub(super) config: SessionConfig,
    pub(super) input: Input,
    pub(super) items: Items,
    /// What the server has not sent yet.
    pub(crate) queue: SpeechQueue,
    pub(super) response: Option<ActiveResponse>,
    /// What the user said or wrote last.
    pub(super) last_text: String,
    has_spoken: bool,
}

impl RealtimeSession {
    pub(crate) fn new(config: SessionConfig, expires_at: u64) -> Self {
        Self {
            id: id("sess"),
            conversation_id: id("conv"),
            expires_at,
            input: Input::new(&config),
            config,
            items: Items::default(),
            queue: SpeechQueue::new(),
            response: None,
            last_text: String::new(),
            has_spoken: false,
        }
    }

    /// The first event.
    pub(crate) fn created(&self) -> Value {
        json!({"type": "session.created", "session": self.to_value()})
    }

    /// The session as events have it: the whole configuration, instructions included.
    fn to_value(&self) -> Value {
        let mut session = self.config.to_value();
        if let Some(members) = session.as_object_mut() {
            members.insert("id".to_owned(), self.id.as_str().into());
            members.insert("expires_at".to_owned(), self.expires_at.into());
        }
        session
    }

    /// Handles a client's event. An error does not end the session.
    pub(crate) fn handle(&mut self, text: &str) -> Vec<Value> {
        match ClientEvent::read(text) {
            Ok(event) => self
                .dispatch(&event)
                .unwrap_or_else(|error| vec![error.event(event.id())]),
            Err(error) => vec![error.event(None)],
        }
    }

    fn dispatch(&mut self, event: &ClientEvent) -> Result<Vec<Value>, OpenAiError> {
        let is_transcription = self.config.session_type() == SessionType::Transcription;
        let known = EVENTS
            .split_at(if is_transcription { 4 } else { EVENTS.len() })
            .0;
        match event.name() {
            name if !known.contains(&name) => Err(unsupported("type", name, known)),
            "session.update" => self.update(event),
            "input_audio_buffer.append" => {
                let detection = TurnDetection::of(&self.config);
                let heard = self.input.append(&event.audio()?, detection);
                Ok(heard
                    .into_iter()
                    .flat_map(|event| self.on_heard(event))
                    .collect())
            }
            "input_audio_buffer.commit" => self.commit(),
            "input_audio_buffer.clear" => {
                self.input.clear();
                Ok(vec![json!({"type": "input_audio_buffer.cleared"})])
            }
            "conversation.item.create" => {
                let (events, text) = self.items.create(event)?;
                if !text.is_empty() {
                    self.last_text = text;
                }
                Ok(events)
            }
            "response.create" => self.create_response(event),
            "response.cancel" => {
                let message = "Cancellation failed: no active response found.";
                let cancelled = self.cancel("client_cancelled");
                cancelled.ok_or_else(|| OpenAiError::invalid("response_cancel_not_active", message))
            }
            _ => self.items.change(event),
        }
    }

    fn update(&mut self, event: &ClientEvent) -> Result<Vec<Value>, OpenAiError> {
        let format = self.config.get("/audio/input/format").clone();
        self.config
            .update(event.require("session")?, self.has_spoken)?;
        if format != *self.config.get("/audio/input/format") {
            self.input = Input::new(&self.config);
        }
        Ok(vec![
            json!({"type": "session.updated", "session": self.to_value()}),
        ])
    }

    fn create_response(&mut self, event: &ClientEvent) -> Result<Vec<Value>, OpenAiError> {
        let overrides = event.get("response").cloned().unwrap_or_else(|| json!({}));
        schema::check("response", &overrides, &schema::RESPONSE)?;
        if let Some(active) = &self.response {
            let message = format!(
                "Conversation already has an active response in progress: {}.",
                active.id
            );
            return Err(OpenAiError::invalid(
                "conversation_already_has_active_response",
                message,
            ));
        }
        let of_session = self.config.get("/output_modalities");
        let modalities = overrides
            .get("output_modalities")
            .unwrap_or(of_session)
            .clone();
        Ok(vec![self.begin_response(&modalities)])
    }

    /// Queues a response, and returns its first event.
    pub(super) fn begin_response(&mut self, modalities: &Value) -> Value {
        let is_text = *modalities == json!(["text"]);
        let words = self.last_text.split_whitespace().count();
        let text = answer(&self.last_text);
        let response = ActiveResponse::new(&self.conversation_id, is_text, text, words);
        response.queue(&mut self.queue, &self.items.last_id());
        let created =
            json!({"type": "response.created", "response": response.to_value("in_progress")});
        self.response = Some(response);
        created
    }

    /// Cancels the response that goes on. `None` if there is none.
    pub(super) fn cancel(&mut self, reason: &str) -> Option<Vec<Value>> {
        let response = self.response.take()?;
        self.queue.cancel(&response.id);
        self.items.store(response.item("incomplete"));
        let mut cancelled = response.to_value("cancelled");
        if let Some(members) = cancelled.as_object_mut() {
            members.insert(
                "status_details".to_owned(),
                json!({"type": "cancelled", "reason": reason}),
            );
        }
        Some(vec![
            json!({"type": "response.done", "response": cancelled}),
        ])
    }

    /// The events of an output whose time has come.
    pub(crate) fn emit(&mut self, output: Output) -> Vec<Value> {
        let Some(response) = &self.response else {
            return Vec::new();
        };
        match output {
            Output::Audio(letters, format) => {
                self.has_spoken = true;
                let audio = encode(&samples(&letters, format));
                vec![response.content("response.output_audio.delta", "delta", json!(audio))]
            }
            Output::Frame(event) => {
                if event
                    .get("type")
                    .is_some_and(|name| name == "response.done")
                {
                    self.items.store(response.item("completed"));
                    self.response = None;
                }
                vec![event]
            }
            Output::End => Vec::new(),
        }
    }
}
