//! What the stand-ins make of sound: the same sentences always, a word for so much of it, so that a
//! page sees a transcript grow as it streams. What the sound holds does not matter.

use serde_json::Value;

/// What is heard, over and over. It says what it is, so that nobody takes it for a transcript.
const SENTENCES: [&str; 3] = [
    "hello from the stand-in that hears every sound you send",
    "it understands nothing and writes the same words each time",
    "your real provider will write what you really said",
];

/// How much sound makes a word, in milliseconds.
const WORD: u64 = 300;

/// A word, and where in the stream it was heard, in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) text: &'static str,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether the sentence ends with it.
    pub(super) last: bool,
}

/// Hears the sound of one socket.
pub(super) struct Ear {
    bytes_per_second: u64,
    bytes: u64,
    /// How far the stream has become words, in milliseconds.
    written: u64,
    sentence: usize,
    word: usize,
}

/// Words that belong together.
#[derive(Default)]
pub(super) struct Heard(pub(super) Vec<Word>);

impl Ear {
    /// For sound of so many bytes a second.
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self {
            bytes_per_second: bytes_per_second.max(1),
            bytes: 0,
            written: 0,
            sentence: 0,
            word: 0,
        }
    }

    /// Takes in a chunk of so many bytes.
    pub(super) fn hear(&mut self, bytes: usize) {
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }

    /// How much was heard, in milliseconds; a part of one counts.
    pub(super) fn heard(&self) -> u64 {
        self.bytes
            .saturating_mul(1000)
            .div_ceil(self.bytes_per_second)
    }

    /// A word that has been heard to its end.
    pub(super) fn next_word(&mut self) -> Option<Word> {
        let end = self.written.saturating_add(WORD);
        (end <= self.heard()).then(|| self.write(end))
    }

    /// The word that is cut short by the end of an utterance; what comes after it is a new
    /// sentence.
    pub(super) fn finish(&mut self) -> Option<Word> {
        let end = self.heard();
        let cut = (self.written < end).then(|| self.write(end));
        if self.word > 0 {
            self.next_sentence();
        }
        cut
    }

    fn write(&mut self, end: u64) -> Word {
        let mut words = SENTENCES
            .into_iter()
            .cycle()
            .nth(self.sentence)
            .unwrap_or_default()
            .split(' ')
            .skip(self.word);
        let text = words.next().unwrap_or_default();
        let last = words.next().is_none();
        let word = Word {
            text,
            start: self.written,
            end,
            last,
        };
        self.written = end;
        self.word += 1;
        if last {
            self.next_sentence();
        }
        word
    }

    fn next_sentence(&mut self) {
        self.sentence = (self.sentence + 1) % SENTENCES.len();
        self.word = 0;
    }
}

impl Heard {
    /// Takes the words out.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The words alone.
    pub(super) fn plain(&self) -> String {
        self.0
            .iter()
            .map(|word| word.text)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// As sentences are written: with capitals, and full stops but for the last.
    pub(super) fn so_far(&self) -> String {
        let mut prose = String::new();
        let mut starts = true;
        for word in &self.0 {
            if !prose.is_empty() {
                prose.push_str(if starts { ". " } else { " " });
            }
            let (first, rest) = word.text.split_at_checked(1).unwrap_or((word.text, ""));
            prose.push_str(&if starts {
                first.to_ascii_uppercase()
            } else {
                first.to_owned()
            });
            prose.push_str(rest);
            starts = word.last;
        }
        prose
    }

    /// As sentences are written. Empty where nothing was heard.
    pub(super) fn in_full(&self) -> String {
        let mut prose = self.so_far();
        if !prose.is_empty() {
            prose.push('.');
        }
        prose
    }

    /// Each word as `form` writes it, with its start and end in seconds.
    pub(super) fn timed(&self, form: impl Fn(&'static str, f64, f64) -> Value) -> Value {
        self.0
            .iter()
            .map(|word| form(word.text, seconds(word.start), seconds(word.end)))
            .collect()
    }
}

/// Milliseconds as seconds.
pub(super) fn seconds(milliseconds: u64) -> f64 {
    // A stream of more than 2^32 milliseconds lasts 49 days.
    f64::from(u32::try_from(milliseconds).unwrap_or(u32::MAX)) / 1000.0
}

#[cfg(test)]
mod tests;
