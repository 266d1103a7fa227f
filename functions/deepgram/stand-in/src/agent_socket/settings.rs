//! The settings of a voice agent. All of them come from the client: a token locks none.

use serde_json::Value;
use voicemint_stand_in::synth::{AudioFormat, Encoding};

use crate::audio::{COMPRESSED_BYTES_PER_SECOND, ENCODINGS};

/// The members of a Settings message.
const MEMBERS: [&str; 7] = [
    "type",
    "audio",
    "agent",
    "tags",
    "experimental",
    "flags",
    "mip_opt_out",
];

/// The sample rate of audio whose settings have none, in hertz.
const DEFAULT_RATE: u32 = 24_000;

/// What the stand-in heeds of the settings.
#[derive(Debug)]
pub(super) struct AgentSettings {
    /// Of the user's audio.
    pub(super) bytes_per_second: u64,
    pub(super) output: AudioFormat,
    /// What the agent says first.
    pub(super) greeting: Option<String>,
}

impl AgentSettings {
    /// Reads a Settings message.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) fn read(message: &Value) -> Result<Self, &'static str> {
        let members = message.as_object().ok_or("Settings must be an object.")?;
        if members.keys().any(|name| !MEMBERS.contains(&name.as_str())) {
            return Err("Settings has an unknown member.");
        }
        let audio = members
            .get("audio")
            .filter(|audio| audio.is_object())
            .ok_or("audio must be an object.")?;
        let agent = members.get("agent").ok_or("agent is required.")?;
        let greeting = match agent {
            Value::Object(agent) => agent.get("greeting"),
            // The id of an agent that is stored at Deepgram.
            Value::String(id) if id.len() == 36 => None,
            _ => return Err("agent must be an object or the id of a stored agent."),
        };
        let greeting = greeting
            .map(|greeting| greeting.as_str().ok_or("agent.greeting must be a text."))
            .transpose()?;
        Ok(Self {
            bytes_per_second: bytes_per_second(audio.get("input"))?,
            output: output_format(audio.get("output"))?,
            greeting: greeting.map(str::to_owned),
        })
    }
}

fn bytes_per_second(input: Option<&Value>) -> Result<u64, &'static str> {
    let Some(input) = input else {
        return Ok(2 * u64::from(DEFAULT_RATE));
    };
    let encoding = input.get("encoding").and_then(Value::as_str);
    let known = ENCODINGS
        .into_iter()
        .find(|(known, _)| Some(*known) == encoding);
    let (_, bytes) = known.ok_or("audio.input.encoding is not supported.")?;
    let rate = sample_rate(input).ok_or("audio.input.sample_rate must be a number of hertz.")?;
    Ok(bytes.map_or(COMPRESSED_BYTES_PER_SECOND, |bytes| bytes * u64::from(rate)))
}

fn output_format(output: Option<&Value>) -> Result<AudioFormat, &'static str> {
    let mut sample_rate_hertz = DEFAULT_RATE;
    if let Some(output) = output {
        let text = |name: &str, default| {
            let value = output.get(name);
            value.map_or(Some(default), Value::as_str)
        };
        if text("encoding", "linear16") != Some("linear16")
            || text("container", "none") != Some("none")
        {
            return Err("The stand-in has only the output linear16 without a container.");
        }
        if output.get("sample_rate").is_some() {
            sample_rate_hertz =
                sample_rate(output).ok_or("audio.output.sample_rate must be a number of hertz.")?;
        }
    }
    Ok(AudioFormat {
        encoding: Encoding::S16,
        sample_rate: sample_rate_hertz,
    })
}

fn sample_rate(audio: &Value) -> Option<u32> {
    let rate = audio.get("sample_rate")?.as_u64()?;
    let rate = u32::try_from(rate).ok()?;
    Some(rate).filter(|rate| (8_000..=48_000).contains(rate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_have_defaults() {
        let read = AgentSettings::read(&json!({ "type": "Settings", "audio": {}, "agent": {} }));
        let settings = read.unwrap();
        assert_eq!(settings.bytes_per_second, 48_000);
        assert_eq!(settings.output.sample_rate, 24_000);
        assert_eq!(settings.greeting, None);
        let stored = "c0ffee00-0000-4000-8000-000000000000";
        let settings = json!({ "type": "Settings", "audio": {}, "agent": stored });
        assert!(AgentSettings::read(&settings).is_ok());
    }

    #[test]
    fn wrong_settings_are_invalid() {
        for (pointer, value) in [
            ("/audio", json!([])),
            ("/agent", json!(null)),
            ("/agent", json!("not-an-id")),
            ("/agent/greeting", json!(7)),
            ("/audio/input/encoding", json!("pcm")),
            ("/audio/input/sample_rate", json!("16000")),
            ("/audio/input/sample_rate", json!(1)),
            ("/audio/output/encoding", json!("mp3")),
            ("/audio/output/container", json!("wav")),
            ("/audio/output/sample_rate", json!(null)),
            ("/tags", json!(null)),
        ] {
            let mut settings = json!({
                "type": "Settings",
                "audio": {
                    "input": { "encoding": "linear16", "sample_rate": 16000 },
                    "output": { "encoding": "linear16", "sample_rate": 24000, "container": "none" },
                },
                "agent": { "greeting": "Hello" },
            });
            assert!(AgentSettings::read(&settings).is_ok());
            match settings.pointer_mut(pointer) {
                Some(member) => *member = value,
                None => settings["misspelt"] = value,
            }
            assert!(AgentSettings::read(&settings).is_err(), "{pointer}");
        }
    }
}
