//! What a socket has yet to say: text that becomes sound a few letters at a time, and the frames in
//! between. Sound is made when its turn comes, faster than it plays and yet not all at once, so
//! that there is something left to cancel.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::synth::{self, Format, MOST_NOTES, TEMPO};

/// The time between two frames.
const PACE: Duration = Duration::from_millis(20);

/// Letters a frame: a quarter of a second.
const PIECE: usize = 3;

/// No more is taken in while so much waits.
const MOST_CUES: usize = 1_000;

/// What comes next, and in which context.
pub(super) struct Cue {
    pub(super) context: String,
    pub(super) part: Part,
}

/// What is to be said.
pub(super) enum Part {
    /// These letters, as sound.
    Sound(String, Format),
    /// A frame that is ready.
    Frame(Value),
    /// The end of the stream.
    End,
}

/// All that waits to be said on one socket.
pub(super) struct Queue {
    cues: VecDeque<Cue>,
    due: Instant,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self {
            cues: VecDeque::new(),
            due: Instant::now(),
        }
    }

    /// Whether the client is to wait with more.
    pub(super) fn is_full(&self) -> bool {
        self.cues.len() >= MOST_CUES
    }

    pub(super) fn push(&mut self, context: &str, part: Part) {
        self.cues.push_back(Cue {
            context: context.to_owned(),
            part,
        });
    }

    /// Has a text spoken.
    pub(super) fn speak(&mut self, context: &str, text: &str, format: Format) {
        let letters: Vec<char> = text.chars().take(MOST_NOTES).collect();
        for piece in letters.chunks(PIECE) {
            self.push(context, Part::Sound(piece.iter().collect(), format));
        }
    }

    /// Forgets what waits in a context.
    pub(super) fn forget(&mut self, context: &str) {
        self.cues.retain(|cue| cue.context != context);
    }

    /// What comes next, when its time has come; waits where there is nothing. It may be dropped and
    /// asked again.
    pub(super) async fn next(&mut self) -> Cue {
        if self.cues.is_empty() {
            return std::future::pending().await;
        }
        sleep_until(self.due).await;
        match self.cues.pop_front() {
            Some(cue) => {
                self.due = Instant::now() + PACE;
                cue
            }
            None => std::future::pending().await,
        }
    }
}

/// The letters as raw samples.
pub(super) fn samples(letters: &str, format: Format) -> Vec<u8> {
    synth::pcm(letters, format.sample_rate, format.encoding)
}

/// When the letter of that index starts, in seconds.
pub(super) fn starts(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or(u32::MAX)) / f64::from(TEMPO)
}
