//! A conversation: the turns of a user who speaks, and the answers of an agent that understands
//! nothing. A turn ends with a sentence of the transcript, or when the client ends it.

use crate::transcript::{Transcriber, Transcript};

/// What the agent says first.
pub const GREETING: &str = "Hello from the stand-in.";

/// What was heard of the user.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// The first word of a turn.
    TurnStarted,
    /// The turn so far.
    Partial(String),
    /// A complete turn.
    Turn(String),
}

/// The user's side of a conversation.
pub struct Conversation {
    transcriber: Transcriber,
    transcript: Transcript,
}

impl Conversation {
    /// A conversation with a user whose audio has this many bytes per second.
    pub fn new(bytes_per_second: u64) -> Self {
        Self {
            transcriber: Transcriber::new(bytes_per_second),
            transcript: Transcript::default(),
        }
    }

    /// Adds a chunk of the user's audio of this length.
    pub fn hear(&mut self, bytes: usize) -> Vec<Heard> {
        self.transcriber.add_audio(bytes);
        let mut heard = Vec::new();
        let mut is_new = false;
        while let Some(word) = self.transcriber.next_word() {
            if self.transcript.0.is_empty() {
                heard.push(Heard::TurnStarted);
            }
            self.transcript.0.push(word);
            is_new = !word.ends_sentence;
            if word.ends_sentence {
                heard.push(Heard::Turn(self.transcript.take().complete()));
            }
        }
        if is_new {
            heard.push(Heard::Partial(self.transcript.partial()));
        }
        heard
    }

    /// Ends the user's turn. `None` if nothing was heard since the last one.
    pub fn end_turn(&mut self) -> Option<String> {
        self.transcript.0.extend(self.transcriber.finish());
        let turn = self.transcript.take();
        (!turn.0.is_empty()).then(|| turn.complete())
    }
}

/// The agent's answer to a turn, which says that it comes from a stand-in.
pub fn answer(turn: &str) -> String {
    match turn.split_whitespace().count() {
        1 => "The stand-in heard one word.".to_owned(),
        words => format!("The stand-in heard {words} words."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes per second of the audio: a word has 300 bytes.
    const RATE: u64 = 1000;

    #[test]
    fn a_turn_ends_with_a_sentence() {
        let mut conversation = Conversation::new(RATE);
        assert_eq!(conversation.hear(299), []);
        assert_eq!(
            conversation.hear(301),
            [Heard::TurnStarted, Heard::Partial("Hello from".to_owned())]
        );
        let sentence = "Hello from the stand-in that hears every sound you send.";
        assert_eq!(conversation.hear(2400), [Heard::Turn(sentence.to_owned())]);
        assert_eq!(conversation.end_turn(), None);
    }

    #[test]
    fn a_long_chunk_contains_several_turns() {
        let heard = Conversation::new(RATE).hear(6_300);
        let turns = |heard: &Heard| matches!(heard, Heard::Turn(_));
        assert_eq!(
            heard.iter().filter(|heard| turns(heard)).count(),
            2,
            "{heard:?}"
        );
        assert_eq!(heard.first(), Some(&Heard::TurnStarted));
    }

    #[test]
    fn the_client_can_end_a_turn() {
        let mut conversation = Conversation::new(RATE);
        conversation.hear(700);
        assert_eq!(conversation.end_turn().as_deref(), Some("Hello from the."));
        assert_eq!(conversation.end_turn(), None);
    }

    #[test]
    fn an_answer_depends_on_the_turn() {
        assert_eq!(answer("Hello"), "The stand-in heard one word.");
        assert_eq!(answer("Hello from the."), "The stand-in heard 3 words.");
    }
}
