//! The start request of a transcription. Sources: soniox.com/docs/stt/api-reference/websocket-api,
//! and `RealtimeSTTConfig` of soniox 2.10.0 on PyPI.

use serde::Deserialize;
use serde_json::Value;

use super::super::error::SonioxError;

/// Formats with a header, or whose format is detected.
const CONTAINERS: [&str; 10] = [
    "auto", "aac", "aiff", "amr", "asf", "flac", "mp3", "ogg", "wav", "webm",
];
/// The rate of formats with a header, in bytes per second: the stand-in reads no headers.
const CONTAINER_RATE: u64 = 4_000;

/// The start request. Members that the stand-in does not use are only checked for their type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StartRequest {
    model: Option<String>,
    audio_format: Option<String>,
    num_channels: Option<u64>,
    sample_rate: Option<u64>,
    enable_endpoint_detection: Option<bool>,
    client_reference_id: Option<String>,
    /// Checked by the session.
    #[serde(rename = "api_key")]
    _api_key: Option<String>,
    #[serde(rename = "language_hints")]
    _language_hints: Option<Vec<String>>,
    #[serde(rename = "language_hints_strict")]
    _language_hints_strict: Option<bool>,
    #[serde(rename = "enable_speaker_diarization")]
    _enable_speaker_diarization: Option<bool>,
    #[serde(rename = "enable_language_identification")]
    _enable_language_identification: Option<bool>,
    #[serde(rename = "max_endpoint_delay_ms")]
    _max_endpoint_delay_ms: Option<u64>,
    #[serde(rename = "endpoint_sensitivity")]
    _endpoint_sensitivity: Option<f64>,
    #[serde(rename = "endpoint_latency_adjustment_level")]
    _endpoint_latency_adjustment_level: Option<u64>,
    #[serde(rename = "context")]
    _context: Option<Value>,
    #[serde(rename = "translation")]
    _translation: Option<Value>,
}

/// What the start request configures.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Config {
    /// The rate of the audio.
    pub(super) bytes_per_second: u64,
    /// Whether the end of a sentence ends an utterance.
    pub(super) detects_endpoints: bool,
}

impl Config {
    /// Reads the start request.
    pub(super) fn read(frame: Value) -> Result<Self, SonioxError> {
        let request: StartRequest = serde_json::from_value(frame).map_err(|error| {
            SonioxError::invalid(format!("Start request is malformed. {error}"))
        })?;
        let model = request.model.as_deref().unwrap_or_default();
        if !model.starts_with("stt-rt-") {
            return Err(SonioxError::invalid("Invalid model specified."));
        }
        let reference = request.client_reference_id.as_deref().unwrap_or_default();
        if reference.chars().count() > 256 {
            let message = "Client reference ID is too long (max length 256)";
            return Err(SonioxError::invalid(message));
        }
        Ok(Self {
            bytes_per_second: bytes_per_second(&request)?,
            detects_endpoints: request.enable_endpoint_detection == Some(true),
        })
    }
}

fn bytes_per_second(request: &StartRequest) -> Result<u64, SonioxError> {
    let format = request.audio_format.as_deref().ok_or_else(|| {
        SonioxError::invalid(
            "Missing audio format. Specify a valid audio format or \"auto\" for auto format detection.",
        )
    })?;
    if CONTAINERS.contains(&format) {
        return Ok(CONTAINER_RATE);
    }
    let bytes = bytes_per_sample(format)
        .ok_or_else(|| SonioxError::invalid(format!("Invalid audio data format: {format}")))?;
    let positive = |number: Option<u64>, max: u64| number.filter(|it| (1..=max).contains(it));
    let rate = positive(request.sample_rate, 192_000).ok_or_else(|| {
        SonioxError::invalid("Audio data sample rate must be specified for PCM formats")
    })?;
    let channels = positive(request.num_channels, 64).ok_or_else(|| {
        SonioxError::invalid("Audio data channels must be specified for PCM formats")
    })?;
    Ok(bytes * rate * channels)
}

/// The size of a sample of a raw format, such as `pcm_s16le`.
fn bytes_per_sample(format: &str) -> Option<u64> {
    match format.strip_prefix("pcm_").unwrap_or(format) {
        "s8" | "u8" | "mulaw" | "alaw" => Some(1),
        "s16le" | "s16be" | "u16le" | "u16be" => Some(2),
        "s24le" | "s24be" | "u24le" | "u24be" => Some(3),
        "s32le" | "s32be" | "u32le" | "u32be" | "f32le" | "f32be" => Some(4),
        "f64le" | "f64be" => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn raw_audio_has_a_rate_and_containers_are_detected() {
        for (frame, bytes_per_second) in [
            (json!({ "audio_format": "auto" }), 4_000),
            (json!({ "audio_format": "webm" }), 4_000),
            (
                json!({ "audio_format": "pcm_s16le", "sample_rate": 16_000, "num_channels": 1 }),
                32_000,
            ),
            (
                json!({ "audio_format": "mulaw", "sample_rate": 8_000, "num_channels": 2 }),
                16_000,
            ),
            (
                json!({ "audio_format": "pcm_f64be", "sample_rate": 1, "num_channels": 1 }),
                8,
            ),
        ] {
            let mut frame = frame;
            frame["model"] = "stt-rt-v5".into();
            frame["enable_endpoint_detection"] = Value::Null;
            let config = Config::read(frame).unwrap();
            assert_eq!(
                config,
                Config {
                    bytes_per_second,
                    detects_endpoints: false
                }
            );
        }
    }
}
