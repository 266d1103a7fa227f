//! The audio that a client sends, and the turns that are heard in it. A turn begins with the first
//! loud audio, and ends with silence or when the client says so. Source:
//! platform.openai.com/docs/guides/realtime-vad.

use serde_json::Value;
use voicemint_stand_in::conversation::{Conversation, Heard};

use crate::session::{SessionConfig, id};

/// The audio is judged in windows of this duration.
const WINDOW_MILLISECONDS: u64 = 20;

/// The loudest sample of silence, out of 32 768.
const MAX_SILENCE: u16 = 300;

/// The shortest audio that can be committed, in milliseconds.
const MIN_COMMIT_MILLISECONDS: u64 = 100;

/// How turns are detected. `None` if the client says where they end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TurnDetection {
    silence_milliseconds: u64,
}

impl TurnDetection {
    /// Where a translation pauses.
    pub(crate) const PAUSES: Self = Self {
        silence_milliseconds: 500,
    };

    pub(crate) fn of(config: &SessionConfig) -> Option<Self> {
        let detection = config.get("/audio/input/turn_detection");
        let silence = detection.get("silence_duration_ms").and_then(Value::as_u64);
        detection.is_object().then(|| Self {
            silence_milliseconds: silence.unwrap_or(500),
        })
    }
}

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A turn began, at this time of the audio in milliseconds.
    Started { item_id: String, at: u64 },
    /// A turn ended by silence.
    Stopped { turn: Turn, at: u64 },
}

/// What the user said in a turn.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) item_id: String,
    pub(crate) text: String,
    pub(crate) milliseconds: u64,
}

/// The audio of a session.
pub(crate) struct Input {
    bytes_per_millisecond: u64,
    is_pcm: bool,
    conversation: Conversation,
    /// The audio since the start of the session, in bytes.
    received: u64,
    /// The audio that was not committed, in bytes.
    uncommitted: u64,
    sentences: Vec<String>,
    /// The item of the turn that goes on.
    item_id: Option<String>,
    silence: u64,
}

impl Input {
    pub(crate) fn new(config: &SessionConfig) -> Self {
        let is_pcm = config
            .get("/audio/input/format/type")
            .as_str()
            .is_none_or(|name| name == "audio/pcm");
        // 16-bit samples at 24 kHz, or 8-bit ones at 8 kHz.
        let bytes_per_millisecond = if is_pcm { 48 } else { 8 };
        Self {
            bytes_per_millisecond,
            is_pcm,
            conversation: Conversation::new(bytes_per_millisecond * 1000),
            received: 0,
            uncommitted: 0,
            sentences: Vec::new(),
            item_id: None,
            silence: 0,
        }
    }

    /// Adds audio.
    pub(crate) fn append(&mut self, audio: &[u8], detection: Option<TurnDetection>) -> Vec<Event> {
        let Some(detection) = detection else {
            self.received += length(audio);
            self.uncommitted += length(audio);
            self.hear(audio);
            return Vec::new();
        };
        let window = usize::try_from(WINDOW_MILLISECONDS * self.bytes_per_millisecond).unwrap_or(1);
        audio
            .chunks(window)
            .filter_map(|audio| self.add_window(audio, detection))
            .collect()
    }

    fn add_window(&mut self, audio: &[u8], detection: TurnDetection) -> Option<Event> {
        let start = self.received;
        self.received += length(audio);
        self.uncommitted += length(audio);
        if !self.is_silent(audio) {
            self.silence = 0;
            self.hear(audio);
            if self.item_id.is_some() {
                return None;
            }
            // Earlier silence does not belong to the turn.
            self.uncommitted = length(audio);
            let item_id = id("item");
            self.item_id = Some(item_id.clone());
            let at = start / self.bytes_per_millisecond;
            return Some(Event::Started { item_id, at });
        }
        self.silence += length(audio);
        let silence = self.silence / self.bytes_per_millisecond;
        if self.item_id.is_none() || silence < detection.silence_milliseconds {
            return None;
        }
        let at = self.received / self.bytes_per_millisecond;
        Some(Event::Stopped {
            turn: self.end_turn(),
            at,
        })
    }

    /// Ends the turn for the client. `None` if there is too little audio.
    pub(crate) fn commit(&mut self) -> Option<Turn> {
        let milliseconds = self.uncommitted / self.bytes_per_millisecond;
        (milliseconds >= MIN_COMMIT_MILLISECONDS).then(|| self.end_turn())
    }

    /// Forgets the audio that was not committed.
    pub(crate) fn clear(&mut self) {
        self.end_turn();
    }

    /// The audio that was not committed, in milliseconds.
    pub(crate) fn uncommitted_milliseconds(&self) -> u64 {
        self.uncommitted / self.bytes_per_millisecond
    }

    fn end_turn(&mut self) -> Turn {
        self.sentences.extend(self.conversation.end_turn());
        let milliseconds = self.uncommitted_milliseconds();
        self.uncommitted = 0;
        self.silence = 0;
        Turn {
            item_id: self.item_id.take().unwrap_or_else(|| id("item")),
            text: std::mem::take(&mut self.sentences).join(" "),
            milliseconds,
        }
    }

    fn hear(&mut self, audio: &[u8]) {
        for heard in self.conversation.hear(audio.len()) {
            if let Heard::Turn(sentence) = heard {
                self.sentences.push(sentence);
            }
        }
    }

    /// Whether there is only silence. In the 8-bit formats there never is.
    fn is_silent(&self, audio: &[u8]) -> bool {
        let mut samples = audio
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok());
        self.is_pcm && samples.all(|pair| i16::from_le_bytes(pair).unsigned_abs() <= MAX_SILENCE)
    }
}

fn length(audio: &[u8]) -> u64 {
    u64::try_from(audio.len()).unwrap_or(u64::MAX)
}
