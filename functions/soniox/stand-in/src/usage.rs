//! The usage types of temporary API keys.

use serde::Deserialize;
use voicemint_stand_in::Scope;

/// What a temporary API key is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UsageType {
    /// Real-time transcription.
    TranscribeWebsocket,
    /// Real-time speech.
    TtsRt,
}

impl UsageType {
    /// Soniox's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::TranscribeWebsocket => "transcribe_websocket",
            Self::TtsRt => "tts_rt",
        }
    }
}

impl From<UsageType> for Scope {
    fn from(usage_type: UsageType) -> Self {
        Self(usage_type.name())
    }
}
