//! The grants of a Cartesia token.

use voicemint_stand_in::Scope;

/// A grant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Grant {
    /// Text-to-speech endpoints.
    Tts,
    /// Speech-to-text endpoints.
    Stt,
    /// The WebSocket of agents.
    Agent,
}

impl From<Grant> for Scope {
    fn from(grant: Grant) -> Self {
        Self(match grant {
            Grant::Tts => "tts",
            Grant::Stt => "stt",
            Grant::Agent => "agent",
        })
    }
}
