//! The configuration of an agent: a stored agent, or inline settings. Source:
//! assemblyai.com/docs/voice-agents/voice-agent-api/session-configuration.

use serde_json::{Map, Value};

use super::message::invalid;
use voicemint_stand_in::conversation::GREETING;
use voicemint_stand_in::websocket::SocketClose;

const AGENT_ID: &str = "agent_id";

/// The only format of audio that the stand-in has: 16-bit samples at this rate.
pub(super) const SAMPLE_RATE: u32 = 24_000;

/// The type of an inline setting.
type Check = fn(&Value) -> bool;

/// The inline settings. What is in `input` and `output` is checked only where the stand-in depends
/// on it.
const SETTINGS: [(&str, Check); 5] = [
    ("system_prompt", Value::is_string),
    ("greeting", Value::is_string),
    ("tools", Value::is_array),
    ("input", Value::is_object),
    ("output", Value::is_object),
];

/// What the stand-in uses of a `session.update`. It is no lock: the client chooses it.
pub(super) struct Configuration {
    /// What the agent says first. Without it, the agent waits for the user.
    pub(super) greeting: Option<String>,
    /// Whether the client named a stored agent.
    pub(super) is_stored: bool,
}

impl Configuration {
    /// Reads `session`. A stored agent excludes all inline settings.
    pub(super) fn read(message: &Value) -> Result<Self, SocketClose> {
        let session = message.get("session").and_then(Value::as_object);
        let session = session.ok_or_else(|| invalid("session must be an object."))?;
        match session.get(AGENT_ID) {
            Some(Value::String(id)) if !id.is_empty() => {
                if session.len() > 1 {
                    return Err(invalid("agent_id excludes all other settings."));
                }
                // The stand-in has every agent, and all are the same.
                Ok(Self {
                    greeting: Some(GREETING.to_owned()),
                    is_stored: true,
                })
            }
            Some(_) => Err(invalid("agent_id must be a text.")),
            None => Self::read_inline(session),
        }
    }

    fn read_inline(session: &Map<String, Value>) -> Result<Self, SocketClose> {
        for (name, value) in session {
            let known = SETTINGS.iter().find(|(known, _)| known == name);
            let (name, is_valid) =
                known.ok_or_else(|| invalid(format!("session.{name} is not known.")))?;
            if !is_valid(value) {
                return Err(invalid(format!("session.{name} has the wrong type.")));
            }
        }
        for direction in ["input", "output"] {
            let format = session.get(direction).and_then(|own| own.get("format"));
            if format.is_some_and(|format| !is_pcm(format)) {
                let error = format!("{direction}.format must be audio/pcm at {SAMPLE_RATE} Hz.");
                return Err(invalid(error));
            }
        }
        let greeting = session.get("greeting").and_then(Value::as_str);
        Ok(Self {
            greeting: greeting.filter(|text| !text.is_empty()).map(str::to_owned),
            is_stored: false,
        })
    }
}

fn is_pcm(format: &Value) -> bool {
    let rate = format.get("sample_rate");
    format.get("encoding").and_then(Value::as_str) == Some("audio/pcm")
        && rate.is_none_or(|rate| *rate == SAMPLE_RATE)
}
