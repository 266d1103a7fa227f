//! The setup of a Live session (<https://ai.google.dev/api/live#BidiGenerateContentSetup>, and the
//! members that @google/genai 3.3.0 sends).

use serde_json::{Map, Value};

/// The members of a setup.
const MEMBERS: [&str; 15] = [
    "model",
    "generationConfig",
    "systemInstruction",
    "tools",
    "realtimeInputConfig",
    "sessionResumption",
    "contextWindowCompression",
    "inputAudioTranscription",
    "outputAudioTranscription",
    "proactivity",
    "explicitVadSignal",
    "avatarConfig",
    "safetySettings",
    "labels",
    "historyConfig",
];

/// Whether a value has a type.
type IsType = fn(&Value) -> bool;

/// The modalities of the responses.
const MODALITIES: [&str; 3] = ["TEXT", "AUDIO", "IMAGE"];

/// Checks the types of what the stand-in uses, and that all members are known.
pub(crate) fn check(setup: &Map<String, Value>) -> Result<(), String> {
    if let Some(name) = setup.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(format!(
            "Invalid JSON payload received. Unknown name {name:?} at 'setup': Cannot find field."
        ));
    }
    let is_wrong =
        |name: &str, is_right: IsType| setup.get(name).is_some_and(|value| !is_right(value));
    let types: [(&str, IsType); 6] = [
        ("model", Value::is_string),
        ("generationConfig", Value::is_object),
        ("systemInstruction", Value::is_object),
        ("tools", Value::is_array),
        ("inputAudioTranscription", Value::is_object),
        ("outputAudioTranscription", Value::is_object),
    ];
    for (name, is_right) in types {
        if is_wrong(name, is_right) {
            return Err(format!("Invalid value at 'setup.{name}'."));
        }
    }
    let modalities = setup.get("generationConfig");
    let modalities = modalities.and_then(|config| config.get("responseModalities"));
    let is_known = |modality: &Value| {
        let name = modality.as_str().unwrap_or_default();
        MODALITIES.contains(&name)
    };
    let is_list = |list: &Value| {
        list.as_array()
            .is_some_and(|list| list.iter().all(is_known))
    };
    if modalities.is_some_and(|modalities| !is_list(modalities)) {
        return Err("Invalid value at 'setup.generation_config.response_modalities'.".to_owned());
    }
    Ok(())
}

/// The setup that is in force in a session.
#[derive(Debug)]
pub(crate) struct Setup {
    model: String,
    voice: Option<String>,
    instruction_words: usize,
    pub(crate) speaks: bool,
    pub(crate) transcribes_input: bool,
    pub(crate) transcribes_output: bool,
}

impl Setup {
    /// Reads a setup.
    ///
    /// # Errors
    /// The reason of the close.
    pub(crate) fn read(setup: &Map<String, Value>) -> Result<Self, String> {
        check(setup)?;
        let model = setup.get("model").and_then(Value::as_str);
        let model = model
            .and_then(|model| model.strip_prefix("models/"))
            .filter(|name| !name.is_empty())
            .ok_or("The setup has no model of the form models/{model}.")?;
        let config = setup.get("generationConfig");
        let voice = config.and_then(|config| {
            config.pointer("/speechConfig/voiceConfig/prebuiltVoiceConfig/voiceName")
        });
        let modalities = config.and_then(|config| config.get("responseModalities")?.as_array());
        let parts = setup
            .get("systemInstruction")
            .and_then(|instruction| instruction.get("parts")?.as_array());
        let words = |part: &Value| {
            let text = part.get("text").and_then(Value::as_str);
            text.map_or(0, |text| text.split_whitespace().count())
        };
        Ok(Self {
            model: model.to_owned(),
            voice: voice.and_then(Value::as_str).map(str::to_owned),
            instruction_words: parts.into_iter().flatten().map(words).sum(),
            // Without modalities, Live models speak.
            speaks: !modalities.is_some_and(|list| list.iter().any(|name| name == "TEXT")),
            transcribes_input: setup.contains_key("inputAudioTranscription"),
            transcribes_output: setup.contains_key("outputAudioTranscription"),
        })
    }

    /// Says what is in force, so that a locked setup is seen and heard. It does not say the
    /// instruction, which belongs to the deployment.
    pub(crate) fn describe(&self) -> String {
        let voice = self.voice.as_deref().unwrap_or("of the model");
        let words = self.instruction_words;
        format!(
            "Model {}, voice {voice}, {words} words of instruction.",
            self.model
        )
    }
}
