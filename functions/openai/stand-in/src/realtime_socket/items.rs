//! The items of a conversation: what the user and the assistant said.

use serde_json::{Value, json};

use crate::client_event::ClientEvent;
use crate::error::OpenAiError;
use crate::schema::unsupported;
use crate::session::id;

/// The maximum number of items. The oldest are forgotten.
const MAX_ITEMS: usize = 500;

/// The types of items that a client can create.
const TYPES: [&str; 3] = ["message", "function_call", "function_call_output"];

/// The items of a session.
#[derive(Default)]
pub(crate) struct Items(Vec<Value>);

impl Items {
    /// Adds an item at the end. Returns the events about it.
    pub(crate) fn add(&mut self, item: Value) -> [Value; 2] {
        let previous = self.last_id();
        let event = |name: &str| json!({"type": name, "previous_item_id": previous, "item": item});
        let events = [
            event("conversation.item.added"),
            event("conversation.item.done"),
        ];
        self.store(item);
        events
    }

    /// Adds an item, without events.
    pub(crate) fn store(&mut self, item: Value) {
        if self.0.len() >= MAX_ITEMS {
            self.0.remove(0);
        }
        self.0.push(item);
    }

    /// The ID of the last item; null without items.
    pub(crate) fn last_id(&self) -> Value {
        self.0
            .last()
            .map(|item| item["id"].clone())
            .unwrap_or_default()
    }

    /// Sets the transcript of an item of the user.
    pub(crate) fn set_transcript(&mut self, item_id: &str, transcript: &str) {
        let mut items = self.0.iter_mut();
        let item = items.find(|item| item["id"] == item_id);
        if let Some(part) = item.and_then(|item| item.pointer_mut("/content/0/transcript")) {
            *part = transcript.into();
        }
    }

    /// `conversation.item.create`. Returns the events, and the item's text.
    pub(crate) fn create(
        &mut self,
        event: &ClientEvent,
    ) -> Result<(Vec<Value>, String), OpenAiError> {
        let mut item = event.require("item")?.clone();
        let name = text(&item, "type");
        if !TYPES.contains(&name) {
            return Err(unsupported("item.type", name, &TYPES));
        }
        let role = text(&item, "role");
        let roles = ["user", "assistant", "system"];
        if name == "message" && !roles.contains(&role) {
            return Err(unsupported("item.role", role, &roles));
        }
        let parts = item.get("content").and_then(Value::as_array);
        let parts = parts.cloned().unwrap_or_default();
        if name == "message" && parts.is_empty() {
            return Err(OpenAiError::missing("item.content"));
        }
        let texts: Vec<_> = parts.iter().map(|part| text(part, "text")).collect();
        let text = texts.join(" ").trim().to_owned();
        if let Some(members) = item.as_object_mut() {
            members.entry("id").or_insert_with(|| id("item").into());
            members.insert("object".to_owned(), "realtime.item".into());
            members.insert("status".to_owned(), "completed".into());
        }
        Ok((self.add(item).into(), text))
    }

    /// `conversation.item.retrieve`, `.delete` and `.truncate`.
    pub(crate) fn change(&mut self, event: &ClientEvent) -> Result<Vec<Value>, OpenAiError> {
        let item_id = event.text("item_id")?;
        let position = self.0.iter().position(|item| item["id"] == item_id);
        let item = position.and_then(|position| self.0.get(position));
        let (Some(position), Some(item)) = (position, item) else {
            let message = format!("Item with item_id not found: '{item_id}'.");
            return Err(OpenAiError::invalid("item_not_found", message).at("item_id"));
        };
        match event.name() {
            "conversation.item.retrieve" => Ok(vec![
                json!({"type": "conversation.item.retrieved", "item": item}),
            ]),
            "conversation.item.delete" => {
                self.0.remove(position);
                Ok(vec![
                    json!({"type": "conversation.item.deleted", "item_id": item_id}),
                ])
            }
            _ if item["role"] != "assistant" => {
                let message = "Only model output audio messages can be truncated.";
                Err(OpenAiError::invalid("invalid_value", message).at("item_id"))
            }
            _ => Ok(vec![json!({
                "type": "conversation.item.truncated",
                "item_id": item_id,
                "content_index": event.require("content_index")?,
                "audio_end_ms": event.require("audio_end_ms")?,
            })]),
        }
    }
}

/// A text in an item or a part of one; empty if there is none.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
