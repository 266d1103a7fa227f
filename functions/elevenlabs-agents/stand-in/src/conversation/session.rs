//! A conversation after its start: the turns of the user and of the agent.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep_until};
use voicemint_stand_in::conversation::{Conversation, Heard, answer};
use voicemint_stand_in::speech_queue::{Output, SpeechQueue};
use voicemint_stand_in::synth::NOTES_PER_SECOND;
use voicemint_stand_in::websocket::{Socket, SocketClose};

use super::frames;
use super::message::{parse, refuse};

/// The silence that ends the user's turn.
const END_OF_TURN: Duration = Duration::from_millis(800);

/// The time between two pings.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// Messages that change nothing here.
const IGNORED: [&str; 6] = [
    "pong",
    "user_activity",
    "contextual_update",
    "feedback",
    "client_tool_result",
    "mcp_tool_approval_result",
];

/// The state of a conversation.
pub(super) struct Session {
    text_only: bool,
    user: Conversation,
    queue: SpeechQueue,
    last_event: u64,
    /// Until when the client plays what was sent.
    speaking_until: Instant,
    /// When the user's turn ends, if no more audio arrives.
    turn_ends: Option<Instant>,
    next_ping: Instant,
}

impl Session {
    pub(super) fn new(text_only: bool) -> Self {
        let now = Instant::now();
        Self {
            text_only,
            user: Conversation::new(u64::from(frames::FORMAT.sample_rate) * 2),
            queue: SpeechQueue::new(),
            last_event: 0,
            speaking_until: now,
            turn_ends: None,
            next_ping: now,
        }
    }

    pub(super) async fn run(&mut self, socket: &mut Socket) -> Result<Infallible, SocketClose> {
        loop {
            let turn_ends = self.turn_ends;
            let silence = async {
                match turn_ends {
                    Some(end) => sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = socket.receive(), if !self.queue.is_full() => {
                    self.handle(socket, &parse(message?)?).await?;
                }
                item = self.queue.next() => {
                    let frame = match item.output {
                        Output::Audio(letters, _) => self.audio(&letters, &item.context),
                        Output::Frame(frame) => frame,
                        Output::End => continue,
                    };
                    socket.send(&frame).await?;
                }
                () = silence => {
                    self.turn_ends = None;
                    if let Some(turn) = self.user.end_turn() {
                        self.reply(socket, &turn).await?;
                    }
                }
                () = sleep_until(self.next_ping) => {
                    self.next_ping = Instant::now() + PING_INTERVAL;
                    let event_id = self.next_event();
                    socket.send(&frames::ping(event_id)).await?;
                }
            }
        }
    }

    /// Handles a message after the first one.
    pub(super) async fn handle(
        &mut self,
        socket: &mut Socket,
        message: &Value,
    ) -> Result<(), SocketClose> {
        if let Some(audio) = frames::audio_of(message) {
            let audio = audio.map_err(refuse)?;
            return self.hear(socket, audio.len()).await;
        }
        let message = match frames::kind(message) {
            // A text beside files, which the stand-in does not look at.
            Some("multimodal_message") => message.get("text").unwrap_or(&Value::Null),
            Some(kind) if IGNORED.contains(&kind) => return Ok(()),
            _ => message,
        };
        let text = message.get("text").and_then(Value::as_str);
        match (frames::kind(message), text) {
            (Some("user_message"), Some(text)) => {
                self.interrupt(socket).await?;
                self.say(&answer(text));
                Ok(())
            }
            (Some("user_message"), None) => Err(refuse("text must be a text.")),
            (None, _) if message.is_null() => Ok(()),
            _ => Err(refuse("Invalid message received: its type is not known.")),
        }
    }

    /// Adds what the agent says to the output.
    pub(super) fn say(&mut self, text: &str) {
        let event_id = self.next_event();
        let context = event_id.to_string();
        let response = frames::agent_response(text, event_id);
        self.queue.push(&context, Output::Frame(response));
        if !self.text_only {
            self.queue.push_text(&context, text, frames::FORMAT);
        }
    }

    /// Adds audio of the user.
    async fn hear(&mut self, socket: &mut Socket, bytes: usize) -> Result<(), SocketClose> {
        self.turn_ends = Some(Instant::now() + END_OF_TURN);
        for heard in self.user.hear(bytes) {
            match heard {
                Heard::TurnStarted => self.interrupt(socket).await?,
                Heard::Partial(_) => {}
                Heard::Turn(turn) => self.reply(socket, &turn).await?,
            }
        }
        Ok(())
    }

    /// Reports a turn of the user and answers it.
    async fn reply(&mut self, socket: &mut Socket, turn: &str) -> Result<(), SocketClose> {
        socket.send(&frames::user_transcript(turn)).await?;
        self.say(&answer(turn));
        Ok(())
    }

    /// Ends what the agent is saying. Clients drop audio with the id of the event or a lower one.
    async fn interrupt(&mut self, socket: &mut Socket) -> Result<(), SocketClose> {
        let now = Instant::now();
        if self.speaking_until <= now {
            return Ok(());
        }
        self.queue = SpeechQueue::new();
        self.speaking_until = now;
        let event_id = self.next_event();
        socket.send(&frames::interruption(event_id)).await
    }

    /// The frame with letters as audio. The context is the id of their event.
    fn audio(&mut self, letters: &str, context: &str) -> Value {
        let notes = u32::try_from(letters.chars().count()).unwrap_or_default();
        let duration = Duration::from_secs(notes.into()) / NOTES_PER_SECOND;
        self.speaking_until = self.speaking_until.max(Instant::now()) + duration;
        frames::audio(letters, context.parse().unwrap_or_default())
    }

    fn next_event(&mut self) -> u64 {
        self.last_event = self.last_event.saturating_add(1);
        self.last_event
    }
}
