//! The output that a WebSocket has not sent yet: text that becomes audio a few letters at a time,
//! and other frames. Audio is made faster than it plays but not all at once, so that a client can
//! cancel it.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use crate::synth::{self, AudioFormat, MAX_NOTES, NOTES_PER_SECOND};

/// The time between two frames.
const FRAME_INTERVAL: Duration = Duration::from_millis(20);

/// Letters per frame: a quarter of a second of audio.
const LETTERS_PER_FRAME: usize = 3;

/// The length at which the queue is full.
const MAX_ITEMS: usize = 1_000;

/// One output and its context.
#[derive(Debug)]
pub struct QueueItem {
    /// The context that it belongs to; empty if the WebSocket has only one.
    pub context: String,
    /// What is sent.
    pub output: Output,
}

/// One output.
#[derive(Debug)]
pub enum Output {
    /// These letters as audio.
    Audio(String, AudioFormat),
    /// A complete frame.
    Frame(Value),
    /// The end of the stream.
    End,
}

/// The outputs of one WebSocket.
#[derive(Debug)]
pub struct SpeechQueue {
    items: VecDeque<QueueItem>,
    next_at: Instant,
}

impl Default for SpeechQueue {
    fn default() -> Self {
        Self {
            items: VecDeque::new(),
            next_at: Instant::now(),
        }
    }
}

impl SpeechQueue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether no further messages should be read.
    pub fn is_full(&self) -> bool {
        self.items.len() >= MAX_ITEMS
    }

    /// Adds an output.
    pub fn push(&mut self, context: &str, output: Output) {
        self.items.push_back(QueueItem {
            context: context.to_owned(),
            output,
        });
    }

    /// Adds a text as audio.
    pub fn push_text(&mut self, context: &str, text: &str, format: AudioFormat) {
        let letters: Vec<char> = text.chars().take(MAX_NOTES).collect();
        for chunk in letters.chunks(LETTERS_PER_FRAME) {
            self.push(context, Output::Audio(chunk.iter().collect(), format));
        }
    }

    /// Removes the outputs of a context.
    pub fn cancel(&mut self, context: &str) {
        self.items.retain(|item| item.context != context);
    }

    /// The next output at its time; waits if the queue is empty. This method is cancel-safe.
    pub async fn next(&mut self) -> QueueItem {
        if self.items.is_empty() {
            return std::future::pending().await;
        }
        sleep_until(self.next_at).await;
        match self.items.pop_front() {
            Some(item) => {
                self.next_at = Instant::now() + FRAME_INTERVAL;
                item
            }
            None => std::future::pending().await,
        }
    }
}

/// The letters as raw samples.
pub fn samples(letters: &str, format: AudioFormat) -> Vec<u8> {
    synth::pcm(letters, format.sample_rate, format.encoding)
}

/// The start time of the letter with this index, in seconds.
pub fn start_seconds(index: usize) -> f64 {
    f64::from(u32::try_from(index).unwrap_or(u32::MAX)) / f64::from(NOTES_PER_SECOND)
}

#[cfg(test)]
mod tests;
