//! A session of the Voice Agent API: the user's turns, and the replies, which a user can interrupt.

use std::convert::Infallible;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::configuration::{Configuration, SAMPLE_RATE};
use super::message::{invalid, message_type, parse};
use voicemint_stand_in::conversation::{Conversation, Heard, answer};
use voicemint_stand_in::speech_queue::{Output, QueueItem, SpeechQueue, samples};
use voicemint_stand_in::synth::{AudioFormat, Encoding};
use voicemint_stand_in::tokens::request_id;
use voicemint_stand_in::websocket::{Socket, SocketClose};

/// The bytes of a second of audio, in both directions.
const BYTES_PER_SECOND: u32 = 2 * SAMPLE_RATE;

/// The silence that ends a turn: half a second. The vendor detects speech by its content.
const SILENT_BYTES: usize = BYTES_PER_SECOND as usize / 2;

const FORMAT: AudioFormat = AudioFormat {
    encoding: Encoding::S16,
    sample_rate: SAMPLE_RATE,
};

/// The context of what the user can interrupt, in the queue.
const REPLY: &str = "reply";

/// What the agent says when the client asks for a reply.
const REQUESTED: &str = "The stand-in was asked to reply.";

/// How a session ends on this socket.
pub(super) enum End {
    /// The session is over.
    Over(SocketClose),
    /// The client left, and may come back.
    ClientLeft(SocketClose),
}

pub(super) struct Session {
    id: String,
    started: Instant,
    deadline: Instant,
    conversation: Conversation,
    /// The id of the user's turn.
    item: String,
    /// The bytes of silence since the user spoke.
    silent: usize,
    queue: SpeechQueue,
    reply: Option<Reply>,
}

/// A reply that is not complete.
struct Reply {
    id: String,
    has_started: bool,
    /// What was said of it.
    said: String,
}

impl Session {
    pub(super) fn new(deadline: Instant, configuration: &Configuration) -> Self {
        let mut session = Self {
            id: request_id(),
            started: Instant::now(),
            deadline,
            conversation: Conversation::new(u64::from(BYTES_PER_SECOND)),
            item: String::new(),
            silent: 0,
            queue: SpeechQueue::new(),
            reply: None,
        };
        if let Some(greeting) = &configuration.greeting {
            session.reply(greeting);
        }
        session
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The same for a client that came back. The session lasts no longer than before.
    pub(super) fn with_deadline(mut self, deadline: Instant) -> Self {
        self.queue = SpeechQueue::new();
        self.reply = None;
        self.deadline = self.deadline.min(deadline);
        self
    }

    pub(super) fn ready(&self) -> Value {
        json!({ "type": "session.ready", "session_id": self.id })
    }

    /// Runs the session until it is over or the client leaves.
    pub(super) async fn run(&mut self, socket: &mut Socket) -> Result<Infallible, End> {
        loop {
            let message = tokio::select! {
                message = socket.receive(), if !self.queue.is_full() => {
                    message.map_err(End::ClientLeft)?
                }
                item = self.queue.next() => {
                    let frame = self.frame(item);
                    socket.send(&frame).await.map_err(End::ClientLeft)?;
                    continue;
                }
                // There is no warning before this end.
                () = sleep_until(self.deadline) => return Err(End::Over(self.ended())),
            };
            let message = parse(&message).map_err(End::Over)?;
            self.handle(&message).map_err(End::Over)?;
        }
    }

    /// Handles a message. The error ends the session.
    fn handle(&mut self, message: &Value) -> Result<(), SocketClose> {
        match message_type(message) {
            "input.audio" => self.hear(&audio(message)?),
            "session.update" => {
                if Configuration::read(message)?.is_stored {
                    return Err(invalid("agent_id is bound by the first message only."));
                }
                self.push(json!({ "type": "session.updated" }));
            }
            "reply.create" => {
                self.interrupt();
                self.reply(REQUESTED);
            }
            "session.end" => return Err(self.ended()),
            "tool.result" => return Err(invalid("No tool was called.")),
            "session.resume" => return Err(invalid("session.resume must be the first message.")),
            other => return Err(invalid(format!("The type {other:?} is not known."))),
        }
        Ok(())
    }

    fn hear(&mut self, audio: &[u8]) {
        if audio.iter().all(|byte| *byte == 0) {
            self.silent = self.silent.saturating_add(audio.len());
            if self.silent >= SILENT_BYTES
                && let Some(turn) = self.conversation.end_turn()
            {
                self.end_turn(&turn);
            }
            return;
        }
        self.silent = 0;
        for heard in self.conversation.hear(audio.len()) {
            match heard {
                Heard::TurnStarted => {
                    self.item = request_id();
                    self.push(json!({ "type": "input.speech.started" }));
                    self.interrupt();
                }
                Heard::Partial(text) => {
                    let item = &self.item;
                    let delta =
                        json!({ "type": "transcript.user.delta", "item_id": item, "text": text });
                    self.push(delta);
                }
                Heard::Turn(text) => self.end_turn(&text),
            }
        }
    }

    fn end_turn(&mut self, text: &str) {
        self.push(json!({ "type": "input.speech.stopped" }));
        self.push(json!({ "type": "transcript.user", "item_id": self.item, "text": text }));
        self.reply(&answer(text));
    }

    fn reply(&mut self, text: &str) {
        let id = request_id();
        let frame = |frame| Output::Frame(frame);
        let started = json!({ "type": "reply.started", "reply_id": id });
        self.queue.push(REPLY, frame(started));
        self.queue.push_text(REPLY, text, FORMAT);
        self.queue.push(REPLY, frame(transcript(&id, text, false)));
        self.queue.push(REPLY, frame(done(&id, "completed")));
        self.reply = Some(Reply {
            id,
            has_started: false,
            said: String::new(),
        });
    }

    /// Ends the reply where it is.
    fn interrupt(&mut self) {
        self.queue.cancel(REPLY);
        if let Some(reply) = self.reply.take()
            && reply.has_started
        {
            self.push(transcript(&reply.id, &reply.said, true));
            self.push(done(&reply.id, "interrupted"));
        }
    }

    fn push(&mut self, frame: Value) {
        self.queue.push("", Output::Frame(frame));
    }

    /// The frame of an output, which is sent next.
    fn frame(&mut self, item: QueueItem) -> Value {
        let reply = self.reply.as_mut().filter(|_| item.context == REPLY);
        match item.output {
            Output::Audio(letters, format) => {
                if let Some(reply) = reply {
                    reply.said.push_str(&letters);
                }
                json!({ "type": "reply.audio", "data": STANDARD.encode(samples(&letters, format)) })
            }
            Output::Frame(frame) => {
                if let Some(reply) = reply {
                    reply.has_started = true;
                    if message_type(&frame) == "reply.done" {
                        self.reply = None;
                    }
                }
                frame
            }
            Output::End => Value::Null,
        }
    }

    fn ended(&self) -> SocketClose {
        let seconds = self.started.elapsed().as_secs();
        let frame = json!({ "type": "session.ended", "session_duration_seconds": seconds });
        SocketClose::with_frame(frame, 1000, "")
    }
}

fn transcript(reply: &str, text: &str, is_interrupted: bool) -> Value {
    json!({ "type": "transcript.agent", "reply_id": reply, "text": text, "interrupted": is_interrupted })
}

fn done(reply: &str, status: &str) -> Value {
    json!({ "type": "reply.done", "reply_id": reply, "status": status })
}

/// The samples of an `input.audio`.
fn audio(message: &Value) -> Result<Vec<u8>, SocketClose> {
    let text = message.get("audio").and_then(Value::as_str);
    let text = text.ok_or_else(|| invalid("audio must be a text."))?;
    let audio = STANDARD.decode(text);
    let audio = audio.map_err(|_| invalid("audio must be base64."))?;
    if audio.is_empty() || audio.len() % 2 != 0 {
        return Err(invalid("audio must have whole 16-bit samples."));
    }
    Ok(audio)
}
