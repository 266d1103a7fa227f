//! The members that a session's configuration can have, and a check that refuses all others. Source:
//! `RealtimeSessionCreateRequest`, `RealtimeTranscriptionSessionCreateRequest` and
//! `RealtimeTranslationSessionCreateRequest` of openai 7.59.0.

use serde_json::Value;

use crate::error::OpenAiError;

/// What a value must be.
pub(crate) enum Rule {
    Any,
    Text,
    Flag,
    Number(f64, f64),
    OneOf(&'static [&'static str]),
    List(&'static Rule),
    Object(&'static [(&'static str, Rule)]),
    Nullable(&'static Rule),
    Either(&'static [Rule]),
}

use Rule::{Any, Either, Flag, List, Nullable, Number, Object, OneOf, Text};

/// A conversation.
pub(crate) const REALTIME: Rule = Object(&[
    ("type", OneOf(&["realtime"])),
    ("model", Text),
    ("output_modalities", MODALITIES),
    ("instructions", Text),
    (
        "audio",
        Object(&[("input", AUDIO_INPUT), ("output", AUDIO_OUTPUT)]),
    ),
    ("tools", List(&Any)),
    ("tool_choice", Any),
    ("parallel_tool_calls", Flag),
    ("reasoning", Object(&[("effort", Text)])),
    ("max_output_tokens", MAX_TOKENS),
    ("truncation", Any),
    ("tracing", Any),
    ("include", INCLUDE),
    ("prompt", PROMPT),
]);

/// A transcription.
pub(crate) const TRANSCRIPTION: Rule = Object(&[
    ("type", OneOf(&["transcription"])),
    ("audio", Object(&[("input", AUDIO_INPUT)])),
    ("include", INCLUDE),
]);

/// A translation. It has no type.
pub(crate) const TRANSLATION: Rule = Object(&[("model", Text), ("audio", TRANSLATION_AUDIO)]);

/// What `session.update` can change of a translation. The model is not part of it.
pub(crate) const TRANSLATION_UPDATE: Rule = Object(&[("audio", TRANSLATION_AUDIO)]);

/// The overrides of one response.
pub(crate) const RESPONSE: Rule = Object(&[
    ("output_modalities", MODALITIES),
    ("instructions", Text),
    ("audio", Object(&[("output", AUDIO_OUTPUT)])),
    ("tools", List(&Any)),
    ("tool_choice", Any),
    ("parallel_tool_calls", Flag),
    ("reasoning", Object(&[("effort", Text)])),
    ("max_output_tokens", MAX_TOKENS),
    ("conversation", Text),
    ("metadata", Any),
    ("input", List(&Any)),
    ("prompt", PROMPT),
]);

/// The expiry of a client secret.
pub(crate) const EXPIRES_AFTER: Rule = Object(&[
    ("anchor", OneOf(&["created_at"])),
    ("seconds", Number(10.0, 7200.0)),
]);

const MODALITIES: Rule = List(&OneOf(&["text", "audio"]));
const MAX_TOKENS: Rule = Either(&[OneOf(&["inf"]), Number(1.0, 4096.0)]);
const INCLUDE: Rule = List(&OneOf(&["item.input_audio_transcription.logprobs"]));
const PROMPT: Rule = Nullable(&Object(&[
    ("id", Text),
    ("version", Nullable(&Text)),
    ("variables", Any),
]));
const AUDIO_INPUT: Rule = Object(&[
    ("format", FORMAT),
    ("transcription", SPEECH_TO_TEXT),
    ("noise_reduction", NOISE_REDUCTION),
    ("turn_detection", TURN_DETECTION),
]);
const AUDIO_OUTPUT: Rule = Object(&[
    // The stand-in does not encode the other two formats.
    ("format", Object(&[("type", OneOf(&["audio/pcm"])), RATE])),
    ("voice", Either(&[Text, Object(&[("id", Text)])])),
    ("speed", Number(0.25, 1.5)),
]);
const TRANSLATION_AUDIO: Rule = Object(&[
    (
        "input",
        Object(&[
            ("transcription", Nullable(&Object(&[("model", Text)]))),
            ("noise_reduction", NOISE_REDUCTION),
        ]),
    ),
    ("output", Object(&[("language", Text)])),
]);
const SPEECH_TO_TEXT: Rule = Nullable(&Object(&[
    ("model", Text),
    ("language", Text),
    ("languages", List(&Text)),
    ("keywords", List(&Text)),
    ("prompt", Text),
    (
        "delay",
        OneOf(&["minimal", "low", "medium", "high", "xhigh"]),
    ),
]));
const NOISE_REDUCTION: Rule = Nullable(&Object(&[
    ("type", OneOf(&["near_field", "far_field"])),
    ("strength", Number(0.0, 1.0)),
]));
const TURN_DETECTION: Rule = Nullable(&Object(&[
    ("type", OneOf(&["server_vad", "semantic_vad"])),
    ("threshold", Number(0.0, 1.0)),
    ("prefix_padding_ms", Number(0.0, 60_000.0)),
    ("silence_duration_ms", Number(0.0, 60_000.0)),
    ("idle_timeout_ms", Nullable(&Number(5_000.0, 30_000.0))),
    ("create_response", Flag),
    ("interrupt_response", Flag),
    ("eagerness", OneOf(&["low", "medium", "high", "auto"])),
]));
const FORMAT: Rule = Object(&[
    ("type", OneOf(&["audio/pcm", "audio/pcmu", "audio/pcma"])),
    RATE,
]);
const RATE: (&str, Rule) = ("rate", Number(24_000.0, 24_000.0));

/// Checks a value at a path such as `session.audio`.
///
/// # Errors
/// An error about the first value that is wrong.
pub(crate) fn check(path: &str, value: &Value, rule: &Rule) -> Result<(), OpenAiError> {
    match (rule, value) {
        (Any, _)
        | (Nullable(_), Value::Null)
        | (Flag, Value::Bool(_))
        | (Text, Value::String(_)) => Ok(()),
        (Nullable(rule), value) => check(path, value, rule),
        (Number(min, max), Value::Number(number)) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            if (*min..=*max).contains(&number) {
                return Ok(());
            }
            let message = format!(
                "Invalid '{path}': expected a value from {min} to {max}, but got {number} instead."
            );
            Err(OpenAiError::invalid("invalid_value", message).at(path))
        }
        (OneOf(values), Value::String(text)) => {
            if values.contains(&text.as_str()) {
                return Ok(());
            }
            Err(unsupported(path, text, values))
        }
        (List(rule), Value::Array(items)) => {
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| check(&format!("{path}[{index}]"), item, rule))
        }
        (Object(members), Value::Object(object)) => object.iter().try_for_each(|(name, value)| {
            let path = format!("{path}.{name}");
            match members.iter().find(|(known, _)| known == name) {
                Some((_, rule)) => check(&path, value, rule),
                None => {
                    let message = format!("Unknown parameter: '{path}'.");
                    Err(OpenAiError::invalid("unknown_parameter", message).at(path))
                }
            }
        }),
        (Either(rules), value) => {
            let mut first = None;
            for rule in *rules {
                match check(path, value, rule) {
                    Ok(()) => return Ok(()),
                    Err(error) => first = first.or(Some(error)),
                }
            }
            first.map_or(Ok(()), Err)
        }
        (Text | Flag | Number(..) | OneOf(_) | List(_) | Object(_), _) => {
            let expected = expected(rule);
            let message = format!("Invalid type for '{path}': expected {expected}.");
            Err(OpenAiError::invalid("invalid_type", message).at(path))
        }
    }
}

/// A text that is none of the supported ones.
pub(crate) fn unsupported(path: &str, text: &str, supported: &[&str]) -> OpenAiError {
    let supported: Vec<_> = supported.iter().map(|name| format!("'{name}'")).collect();
    let message = format!(
        "Invalid value: '{text}'. Supported values are: {}.",
        supported.join(", ")
    );
    OpenAiError::invalid("invalid_value", message).at(path)
}

fn expected(rule: &Rule) -> &'static str {
    match rule {
        Text | OneOf(_) => "a string",
        Flag => "a boolean",
        Number(..) => "a number",
        List(_) => "an array",
        Object(_) => "an object",
        Any | Nullable(_) | Either(_) => "another type",
    }
}
