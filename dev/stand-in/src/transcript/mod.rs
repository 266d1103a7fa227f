//! Transcripts of the stand-ins. They always consist of the same sentences, with one word per 300
//! ms of audio, so that a page sees a transcript grow. The content of the audio is ignored.

use serde_json::Value;

/// The sentences, which repeat. They say what they are, so that they are not mistaken for a real
/// transcript.
const SENTENCES: [&str; 3] = [
    "hello from the stand-in that hears every sound you send",
    "it understands nothing and writes the same words each time",
    "your real provider will write what you really said",
];

/// The duration of a word, in milliseconds.
const WORD_MILLISECONDS: u64 = 300;

/// A word, and its position in the stream in milliseconds.
#[derive(Clone, Copy)]
pub struct Word {
    /// The word in lower case.
    pub text: &'static str,
    /// Where it starts.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// Whether it is the last word of its sentence.
    pub ends_sentence: bool,
}

/// Turns the audio of one WebSocket into words.
pub struct Transcriber {
    bytes_per_second: u64,
    bytes: u64,
    /// The end of the last word, in milliseconds.
    transcribed: u64,
    sentence: usize,
    word: usize,
}

/// The words of one utterance or turn.
#[derive(Default)]
pub struct Transcript(pub Vec<Word>);

impl Transcriber {
    /// A transcriber for audio with this many bytes per second.
    pub fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second.max(1),
            bytes: 0,
            transcribed: 0,
            sentence: 0,
            word: 0,
        }
    }

    /// Adds a chunk of audio of this length.
    pub fn add_audio(&mut self, bytes: usize) {
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// The duration of the audio in milliseconds, rounded up.
    pub fn duration(&self) -> u64 {
        self.bytes
            .saturating_mul(1000)
            .div_ceil(self.bytes_per_second)
    }

    /// The next complete word.
    pub fn next_word(&mut self) -> Option<Word> {
        let end = self.transcribed.saturating_add(WORD_MILLISECONDS);
        (end <= self.duration()).then(|| self.word_until(end))
    }

    /// Ends the utterance. Returns its last, incomplete word; the next word starts a new sentence.
    pub fn finish(&mut self) -> Option<Word> {
        let end = self.duration();
        let last = (self.transcribed < end).then(|| self.word_until(end));
        if self.word > 0 {
            self.next_sentence();
        }
        last
    }

    fn word_until(&mut self, end: u64) -> Word {
        let mut words = SENTENCES
            .into_iter()
            .cycle()
            .nth(self.sentence)
            .unwrap_or_default()
            .split(' ')
            .skip(self.word);
        let text = words.next().unwrap_or_default();
        let ends_sentence = words.next().is_none();
        let word = Word {
            text,
            start: self.transcribed,
            end,
            ends_sentence,
        };
        self.transcribed = end;
        self.word += 1;
        if ends_sentence {
            self.next_sentence();
        }
        word
    }

    fn next_sentence(&mut self) {
        self.sentence = (self.sentence + 1) % SENTENCES.len();
        self.word = 0;
    }
}

impl Transcript {
    /// Takes the words out of the transcript.
    pub fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The words without capitals and punctuation.
    pub fn plain(&self) -> String {
        self.0
            .iter()
            .map(|word| word.text)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// The words as sentences, without the final full stop.
    pub fn partial(&self) -> String {
        let mut text = String::new();
        let mut starts = true;
        for word in &self.0 {
            if !text.is_empty() {
                text.push_str(if starts { ". " } else { " " });
            }
            let (first, rest) = word.text.split_at_checked(1).unwrap_or((word.text, ""));
            text.push_str(&if starts {
                first.to_ascii_uppercase()
            } else {
                first.to_owned()
            });
            text.push_str(rest);
            starts = word.ends_sentence;
        }
        text
    }

    /// The words as complete sentences; empty without words.
    pub fn complete(&self) -> String {
        let mut text = self.partial();
        if !text.is_empty() {
            text.push('.');
        }
        text
    }

    /// Each word in the format of `format_word`, with its start and end in seconds.
    pub fn with_times(&self, format_word: impl Fn(&'static str, f64, f64) -> Value) -> Value {
        self.0
            .iter()
            .map(|word| format_word(word.text, seconds(word.start), seconds(word.end)))
            .collect()
    }
}

/// Milliseconds as seconds.
pub fn seconds(milliseconds: u64) -> f64 {
    // 2^32 milliseconds are 49 days.
    f64::from(u32::try_from(milliseconds).unwrap_or(u32::MAX)) / 1000.0
}

#[cfg(test)]
mod tests;
