//! The frames of a conversation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use voicemint_stand_in::speech_queue::samples;
use voicemint_stand_in::synth::{AudioFormat, Encoding};

/// The audio of both sides, `pcm_16000`.
pub(super) const FORMAT: AudioFormat = AudioFormat {
    encoding: Encoding::S16,
    sample_rate: 16_000,
};

/// The type of a client's first message.
pub(super) const INITIATION: &str = "conversation_initiation_client_data";

/// The type of a client's message. Audio has none.
pub(super) fn kind(message: &Value) -> Option<&str> {
    message.get("type")?.as_str()
}

/// The audio of a client's message.
pub(super) fn audio_of(message: &Value) -> Option<Result<Vec<u8>, &'static str>> {
    let audio = message.get("user_audio_chunk")?.as_str();
    let audio = audio.and_then(|audio| STANDARD.decode(audio).ok());
    Some(audio.ok_or("user_audio_chunk must be base64."))
}

pub(super) fn metadata(conversation_id: &str) -> Value {
    json!({
        "type": "conversation_initiation_metadata",
        "conversation_initiation_metadata_event": {
            "conversation_id": conversation_id,
            "agent_output_audio_format": "pcm_16000",
            "user_input_audio_format": "pcm_16000",
        },
    })
}

pub(super) fn ping(event_id: u64) -> Value {
    json!({ "type": "ping", "ping_event": { "event_id": event_id, "ping_ms": null } })
}

pub(super) fn user_transcript(text: &str) -> Value {
    json!({ "type": "user_transcript", "user_transcription_event": { "user_transcript": text } })
}

pub(super) fn agent_response(text: &str, event_id: u64) -> Value {
    let event = json!({ "agent_response": text, "event_id": event_id });
    json!({ "type": "agent_response", "agent_response_event": event })
}

pub(super) fn audio(letters: &str, event_id: u64) -> Value {
    let audio = STANDARD.encode(samples(letters, FORMAT));
    json!({ "type": "audio", "audio_event": { "audio_base_64": audio, "event_id": event_id } })
}

pub(super) fn interruption(event_id: u64) -> Value {
    json!({ "type": "interruption", "interruption_event": { "event_id": event_id } })
}
