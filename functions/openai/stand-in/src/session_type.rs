//! What a session does.

use serde_json::Value;
use voicemint_stand_in::Scope;

use crate::error::OpenAiError;
use crate::schema::{self, Rule};

/// What a session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionType {
    Realtime,
    Transcription,
    Translation,
}

impl SessionType {
    /// The type's name, which is also the scope of its client secrets.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Realtime => "realtime",
            Self::Transcription => "transcription",
            Self::Translation => "translation",
        }
    }

    pub(crate) fn scope(self) -> Scope {
        Scope(self.name())
    }

    /// The type of a session object that names it.
    ///
    /// # Errors
    /// If it names none, or another.
    pub(crate) fn read(session: &Value) -> Result<Self, OpenAiError> {
        match session.get("type") {
            None => Err(OpenAiError::missing("session.type")),
            Some(Value::String(name)) if name == "realtime" => Ok(Self::Realtime),
            Some(Value::String(name)) if name == "transcription" => Ok(Self::Transcription),
            Some(other) => {
                let name = other
                    .as_str()
                    .map_or_else(|| other.to_string(), str::to_owned);
                let known = ["realtime", "transcription"];
                Err(schema::unsupported("session.type", &name, &known))
            }
        }
    }

    pub(crate) fn rule(self) -> &'static Rule {
        match self {
            Self::Realtime => &schema::REALTIME,
            Self::Transcription => &schema::TRANSCRIPTION,
            Self::Translation => &schema::TRANSLATION,
        }
    }

    pub(crate) fn update_rule(self) -> &'static Rule {
        match self {
            Self::Translation => &schema::TRANSLATION_UPDATE,
            Self::Realtime | Self::Transcription => self.rule(),
        }
    }
}
