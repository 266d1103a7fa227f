//! The types of ElevenLabs tokens.

use voicemint_stand_in::Scope;

/// The type of a token, which says what it opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenType {
    /// The WebSocket for real-time transcription.
    RealtimeScribe,
    /// The transcription of uploads.
    BatchScribe,
    /// The WebSocket for text-to-speech.
    TtsWebsocket,
}

impl From<TokenType> for Scope {
    fn from(token_type: TokenType) -> Self {
        Self(match token_type {
            TokenType::RealtimeScribe => "realtime_scribe",
            TokenType::BatchScribe => "batch_scribe",
            TokenType::TtsWebsocket => "tts_websocket",
        })
    }
}
