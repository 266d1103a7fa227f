//! What a session has that names less: OpenAI's defaults, as its documentation gives them.

use serde_json::{Value, json};

use crate::session_type::SessionType;

/// The configuration of a session that names nothing.
pub(crate) fn session(session_type: SessionType) -> Value {
    let format = json!({"type": "audio/pcm", "rate": 24_000});
    match session_type {
        SessionType::Realtime => json!({
            "object": "realtime.session",
            "type": "realtime",
            "model": "gpt-realtime",
            "output_modalities": ["audio"],
            "instructions": "You are a helpful assistant.",
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "tracing": null,
            "truncation": "auto",
            "prompt": null,
            "include": null,
            "audio": {
                "input": {
                    "format": format,
                    "transcription": null,
                    "noise_reduction": null,
                    "turn_detection": {"type": "server_vad"},
                },
                "output": {"format": format, "voice": "marin", "speed": 1.0},
            },
        }),
        SessionType::Transcription => json!({
            "object": "realtime.transcription_session",
            "type": "transcription",
            "include": null,
            "audio": {
                "input": {
                    "format": format,
                    "transcription": null,
                    "noise_reduction": null,
                    "turn_detection": {"type": "server_vad"},
                },
            },
        }),
        SessionType::Translation => json!({
            "type": "translation",
            "audio": {
                "input": {"transcription": null, "noise_reduction": null},
                "output": {"language": "en"},
            },
        }),
    }
}

/// Completes how turns are detected, unless that is null.
pub(crate) fn complete_turn_detection(detection: &mut Value) {
    let Value::Object(detection) = detection else {
        return;
    };
    let is_semantic = detection
        .get("type")
        .is_some_and(|name| name == "semantic_vad");
    let own: &[(&str, Value)] = if is_semantic {
        &[("eagerness", json!("auto"))]
    } else {
        &[
            ("type", json!("server_vad")),
            ("threshold", json!(0.5)),
            ("prefix_padding_ms", json!(300)),
            ("silence_duration_ms", json!(500)),
            ("idle_timeout_ms", Value::Null),
        ]
    };
    let shared = [
        ("create_response", json!(true)),
        ("interrupt_response", json!(true)),
    ];
    for (name, value) in own.iter().chain(&shared) {
        let entry = detection.entry(*name);
        entry.or_insert_with(|| value.clone());
    }
}
