//! What a session hears and says. It understands nothing, but first says which setup is in force.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use voicemint_stand_in::conversation::{self, Conversation, Heard};
use voicemint_stand_in::speech_queue::{Output, QueueItem, SpeechQueue, samples};
use voicemint_stand_in::synth::{AudioFormat, Encoding};

use crate::proto_json;
use crate::setup::Setup;

/// The sample rate of the client's audio unless its type names another, in hertz.
const INPUT_RATE: u64 = 16_000;
/// The audio of the model.
const SPEECH: AudioFormat = AudioFormat {
    encoding: Encoding::S16,
    sample_rate: 24_000,
};
/// The context of the model's turn in the queue.
const MODEL: &str = "model";

/// A session.
pub(super) struct Session {
    setup: Setup,
    /// The messages of the model that have not been sent.
    pub(super) queue: SpeechQueue,
    user: Conversation,
    /// How much of the user's turn has been transcribed.
    transcribed: String,
    /// The texts of the user's turn.
    written: Vec<String>,
    is_answering: bool,
    has_described: bool,
}

impl Session {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            setup,
            queue: SpeechQueue::new(),
            user: Conversation::new(2 * INPUT_RATE),
            transcribed: String::new(),
            written: Vec::new(),
            is_answering: false,
            has_described: false,
        }
    }

    /// Handles a message of the client, and returns what is sent at once.
    ///
    /// # Errors
    /// The reason of the close.
    pub(super) fn handle(&mut self, message: &Map<String, Value>) -> Result<Vec<Value>, String> {
        let mut members = message.iter();
        let (Some((name, content)), None) = (members.next(), members.next()) else {
            return Err("A message has exactly one member.".to_owned());
        };
        match (name.as_str(), content.as_object()) {
            ("clientContent", Some(content)) => self.read_content(content),
            ("realtimeInput", Some(input)) => self.read_input(input),
            ("setup", _) => Err("setup can be sent in the first message only.".to_owned()),
            _ => Err(format!(
                "Invalid JSON payload received. Unknown name {name:?}: Cannot find field."
            )),
        }
    }

    /// The message for an item of the queue.
    pub(super) fn frame(&mut self, item: QueueItem) -> Value {
        match item.output {
            Output::Audio(letters, format) => {
                let data = STANDARD.encode(samples(&letters, format));
                let audio = json!({ "data": data, "mimeType": "audio/pcm;rate=24000" });
                json!({ "serverContent": { "modelTurn": { "role": "model", "parts": [{ "inlineData": audio }] } } })
            }
            Output::Frame(frame) => frame,
            Output::End => {
                self.is_answering = false;
                json!({ "serverContent": { "turnComplete": true } })
            }
        }
    }

    fn read_content(&mut self, content: &Map<String, Value>) -> Result<Vec<Value>, String> {
        let turns = content.get("turns").and_then(Value::as_array);
        for turn in turns.into_iter().flatten() {
            let parts = turn.get("parts").and_then(Value::as_array);
            let parts = parts.ok_or("Invalid value at 'client_content.turns.parts'.")?;
            if turn.get("role").is_none_or(|role| role == "user") {
                let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
                self.written.extend(texts.map(str::to_owned));
            }
        }
        let sent = self.interrupt();
        if content.get("turnComplete") == Some(&json!(true)) {
            let turn = std::mem::take(&mut self.written).join(" ");
            self.answer(&turn);
        }
        Ok(sent)
    }

    fn read_input(&mut self, input: &Map<String, Value>) -> Result<Vec<Value>, String> {
        let mut sent = Vec::new();
        let chunks = input.get("mediaChunks").and_then(Value::as_array);
        for blob in input
            .get("audio")
            .into_iter()
            .chain(chunks.into_iter().flatten())
        {
            let bytes = audio_length(blob)?;
            for heard in self.user.hear(bytes) {
                match heard {
                    Heard::TurnStarted => sent.extend(self.interrupt()),
                    Heard::Partial(text) => sent.extend(self.transcribe(&text)),
                    Heard::Turn(text) => sent.extend(self.end_turn(&text)),
                }
            }
        }
        if let Some(text) = input.get("text").and_then(Value::as_str) {
            sent.extend(self.interrupt());
            self.answer(text);
        }
        if input.contains_key("activityStart") {
            sent.extend(self.interrupt());
        }
        let is_end = input.get("audioStreamEnd") == Some(&json!(true));
        if (is_end || input.contains_key("activityEnd"))
            && let Some(turn) = self.user.end_turn()
        {
            sent.extend(self.end_turn(&turn));
        }
        Ok(sent)
    }

    /// The part of the user's turn that is new.
    fn transcribe(&mut self, turn: &str) -> Option<Value> {
        let new = turn.strip_prefix(&self.transcribed)?.to_owned();
        turn.clone_into(&mut self.transcribed);
        let is_sent = self.setup.transcribes_input && !new.is_empty();
        is_sent.then(|| json!({ "serverContent": { "inputTranscription": { "text": new } } }))
    }

    fn end_turn(&mut self, turn: &str) -> Option<Value> {
        let transcript = self.transcribe(turn);
        self.transcribed.clear();
        self.answer(turn);
        transcript
    }

    /// Stops the model if it is answering.
    fn interrupt(&mut self) -> Vec<Value> {
        if !std::mem::take(&mut self.is_answering) {
            return Vec::new();
        }
        self.queue.cancel(MODEL);
        vec![
            json!({ "serverContent": { "interrupted": true } }),
            json!({ "serverContent": { "turnComplete": true } }),
        ]
    }

    fn answer(&mut self, turn: &str) {
        self.is_answering = true;
        let mut words = 0;
        if !std::mem::replace(&mut self.has_described, true) {
            let description = self.setup.describe() + " ";
            words += self.say(&description);
        }
        words += self.say(&conversation::answer(turn));
        let asked = turn.split_whitespace().count();
        let usage = json!({
            "promptTokenCount": asked,
            "responseTokenCount": words,
            "totalTokenCount": asked + words,
        });
        let complete = json!({ "serverContent": { "generationComplete": true } });
        self.queue.push(MODEL, Output::Frame(complete));
        let usage = json!({ "usageMetadata": usage });
        self.queue.push(MODEL, Output::Frame(usage));
        self.queue.push(MODEL, Output::End);
    }

    /// Says a text, in the modality of the setup. Returns the number of its words.
    fn say(&mut self, text: &str) -> usize {
        if self.setup.speaks {
            if self.setup.transcribes_output {
                let transcript = json!({ "outputTranscription": { "text": text } });
                let frame = json!({ "serverContent": transcript });
                self.queue.push(MODEL, Output::Frame(frame));
            }
            self.queue.push_text(MODEL, text, SPEECH);
        } else {
            let turn = json!({ "role": "model", "parts": [{ "text": text }] });
            let frame = json!({ "serverContent": { "modelTurn": turn } });
            self.queue.push(MODEL, Output::Frame(frame));
        }
        text.split_whitespace().count()
    }
}

/// The length of audio in bytes at the rate that the transcripts are made for.
fn audio_length(blob: &Value) -> Result<usize, String> {
    let invalid = || "Invalid value at 'realtime_input.audio'.".to_owned();
    let text = |name: &str| blob.get(name).and_then(Value::as_str);
    let mut media_type = text("mimeType")
        .ok_or_else(invalid)?
        .split(';')
        .map(str::trim);
    if media_type.next() != Some("audio/pcm") {
        return Err("The stand-in hears audio/pcm only.".to_owned());
    }
    let rate = match media_type.find_map(|parameter| parameter.strip_prefix("rate=")) {
        Some(rate) => rate
            .parse::<u64>()
            .ok()
            .filter(|rate| (8_000..=96_000).contains(rate)),
        None => Some(INPUT_RATE),
    };
    let rate = usize::try_from(rate.ok_or_else(invalid)?).map_err(|_| invalid())?;
    let audio = text("data").and_then(proto_json::decode);
    let length = audio.ok_or_else(invalid)?.len();
    let input_rate = usize::try_from(INPUT_RATE).map_err(|_| invalid())?;
    Ok(length * input_rate / rate)
}
