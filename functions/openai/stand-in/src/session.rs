//! The configuration of a session: what was asked for, completed by the defaults, and changed by
//! `session.update`. Source: platform.openai.com/docs/api-reference/realtime-sessions.

use serde_json::{Map, Value};
use voicemint_stand_in::tokens::request_id;

use crate::defaults;
use crate::error::OpenAiError;
use crate::schema;
use crate::session_type::SessionType;

/// How long a session lasts, in seconds: OpenAI's own limit, which no token changes.
pub(crate) const MAX_SECONDS: u64 = 3600;

static NULL: Value = Value::Null;

/// A session's configuration. It has no `Debug`, as it holds the instructions.
#[derive(Clone)]
pub(crate) struct SessionConfig {
    session_type: SessionType,
    members: Map<String, Value>,
}

impl SessionConfig {
    /// The configuration that a client secret is minted with.
    ///
    /// # Errors
    /// If a member is unknown or wrong.
    pub(crate) fn new(session_type: SessionType, asked: &Value) -> Result<Self, OpenAiError> {
        schema::check("session", asked, session_type.rule())?;
        let needs_model = session_type == SessionType::Translation;
        if needs_model && asked.get("model").is_none() {
            return Err(OpenAiError::missing("session.model"));
        }
        let mut config = Self::from_members(session_type, defaults::session(session_type));
        config.merge(asked);
        Ok(config)
    }

    /// A configuration as [`SessionConfig::to_value`] returns it.
    pub(crate) fn from_members(session_type: SessionType, value: Value) -> Self {
        let members = match value {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        Self {
            session_type,
            members,
        }
    }

    pub(crate) fn to_value(&self) -> Value {
        self.members.clone().into()
    }

    pub(crate) fn session_type(&self) -> SessionType {
        self.session_type
    }

    /// Sets the model that the URL names: it is the client's.
    pub(crate) fn set_model(&mut self, model: &str) {
        self.members.insert("model".to_owned(), model.into());
    }

    /// The value at a JSON pointer; null if there is none.
    pub(crate) fn get(&self, pointer: &str) -> &Value {
        let mut names = pointer.split('/').skip(1);
        let first = names.next().and_then(|name| self.members.get(name));
        names
            .fold(first, |value, name| value?.get(name))
            .unwrap_or(&NULL)
    }

    /// Whether a member is true, as it is by default.
    pub(crate) fn is_on(&self, pointer: &str) -> bool {
        self.get(pointer).as_bool().unwrap_or(true)
    }

    /// Applies `session.update`. The voice is fixed once the session `has_spoken`. A model is ignored:
    /// it stays that of the URL, whose change the documentation excludes.
    ///
    /// # Errors
    /// If a member is unknown or wrong. Nothing changes then.
    pub(crate) fn update(&mut self, changes: &Value, has_spoken: bool) -> Result<(), OpenAiError> {
        if self.session_type != SessionType::Translation {
            let named = SessionType::read(changes)?;
            if named != self.session_type {
                return Err(schema::unsupported(
                    "session.type",
                    named.name(),
                    &[self.session_type.name()],
                ));
            }
        }
        schema::check("session", changes, self.session_type.update_rule())?;
        let voice = "/audio/output/voice";
        let new_voice = changes.pointer(voice);
        if has_spoken && new_voice.is_some_and(|new| new != self.get(voice)) {
            let message = "Cannot update a conversation's voice if assistant audio is present.";
            return Err(OpenAiError::invalid("cannot_update_voice", message));
        }
        let model = self.members.get("model").cloned();
        self.merge(changes);
        if let Some(model) = model {
            self.members.insert("model".to_owned(), model);
        }
        Ok(())
    }

    fn merge(&mut self, changes: &Value) {
        if let Value::Object(changes) = changes {
            merge(&mut self.members, changes);
        }
        let audio = self.members.get_mut("audio");
        let input = audio.and_then(|audio| audio.get_mut("input"));
        if let Some(detection) = input.and_then(|input| input.get_mut("turn_detection")) {
            defaults::complete_turn_detection(detection);
        }
    }
}

/// Merges the objects that group others. All other values are replaced as a whole.
fn merge(members: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        match (members.get_mut(name), value) {
            (Some(Value::Object(inner)), Value::Object(changes))
                if matches!(name.as_str(), "audio" | "input" | "output") =>
            {
                merge(inner, changes);
            }
            _ => {
                members.insert(name.clone(), value.clone());
            }
        }
    }
}

/// A new ID, such as of an item.
pub(crate) fn id(prefix: &str) -> String {
    format!("{prefix}_{}", request_id().replace('-', ""))
}
