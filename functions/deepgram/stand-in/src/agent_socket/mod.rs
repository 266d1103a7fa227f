//! Deepgram's voice agents, `/v1/agent/converse`. Sources: developers.deepgram.com/docs (voice-agent,
//! voice-agent-errors-warnings, configure-voice-agent) and @deepgram/sdk 5.13.0. The codes of closes
//! after an error are not documented.

mod settings;

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use voicemint_stand_in::Account;
use voicemint_stand_in::conversation::{Conversation, Heard, answer};
use voicemint_stand_in::speech_queue::{Output, QueueItem, SpeechQueue, samples};
use voicemint_stand_in::tokens;
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use crate::auth::authorize_socket;
use crate::stt_socket::IDLE_TIMEOUT;
use settings::AgentSettings;

/// What the agent says is one stream.
const STREAM: &str = "";

/// A session, which begins with the client's settings.
struct Session {
    settings: AgentSettings,
    conversation: Conversation,
    /// The bytes of silence after the user's last sound.
    silence: u64,
}

struct Agent {
    session: Option<Session>,
    queue: SpeechQueue,
}

/// `GET /v1/agent/converse`.
pub(super) async fn open(
    State(account): State<Account>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let upgrade =
        authorize_socket(&account, &headers, upgrade?).map_err(IntoResponse::into_response)?;
    Ok(upgrade.start(|mut socket| async move {
        socket.set_idle_timeout(IDLE_TIMEOUT);
        let mut agent = Agent {
            session: None,
            queue: SpeechQueue::new(),
        };
        let Err(close) = agent.run(&mut socket).await;
        socket.close(close).await;
    }))
}

impl Agent {
    async fn run(&mut self, socket: &mut Socket) -> Result<Infallible, SocketClose> {
        let welcome = json!({ "type": "Welcome", "request_id": tokens::request_id() });
        socket.send(&welcome).await?;
        loop {
            tokio::select! {
                message = socket.receive(), if !self.queue.is_full() => {
                    match message.map_err(silence_error)? {
                        ClientMessage::Audio(audio) => self.hear(socket, &audio).await?,
                        ClientMessage::Text(text) => self.handle(socket, &text).await?,
                    }
                }
                QueueItem { output, .. } = self.queue.next() => match output {
                    Output::Audio(letters, format) => {
                        socket.send_binary(samples(&letters, format)).await?;
                    }
                    Output::Frame(frame) => socket.send(&frame).await?,
                    Output::End => {}
                },
            }
        }
    }

    fn session(&mut self) -> Result<&mut Session, SocketClose> {
        self.session.as_mut().ok_or_else(|| {
            fatal(
                "NON_SETTINGS_MESSAGE_BEFORE_SETTINGS",
                "Send Settings before any other message.",
            )
        })
    }

    /// Hears the user. Half a second without any sound ends the turn.
    async fn hear(&mut self, socket: &mut Socket, audio: &[u8]) -> Result<(), SocketClose> {
        let session = self.session()?;
        if audio.iter().all(|byte| *byte == 0) {
            let bytes = u64::try_from(audio.len()).unwrap_or(u64::MAX);
            session.silence = session.silence.saturating_add(bytes);
            return if session.silence < session.settings.bytes_per_second / 2 {
                Ok(())
            } else {
                self.end_turn()
            };
        }
        session.silence = 0;
        for heard in session.conversation.hear(audio.len()) {
            match heard {
                Heard::TurnStarted => {
                    // The user interrupts the agent.
                    self.queue.cancel(STREAM);
                    let started = json!({ "type": "UserStartedSpeaking" });
                    socket.send(&started).await?;
                }
                Heard::Partial(_) => {}
                Heard::Turn(text) => self.answer(&text)?,
            }
        }
        Ok(())
    }

    fn end_turn(&mut self) -> Result<(), SocketClose> {
        match self.session()?.conversation.end_turn() {
            Some(turn) => self.answer(&turn),
            None => Ok(()),
        }
    }

    async fn handle(&mut self, socket: &mut Socket, text: &str) -> Result<(), SocketClose> {
        let unparsable = |why: &str| fatal("UNPARSABLE_CLIENT_MESSAGE", why);
        let message: Value =
            serde_json::from_str(text).map_err(|error| unparsable(&error.to_string()))?;
        let kind = message.get("type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| unparsable("The message has no type."))?;
        if kind == "Settings" {
            return self.begin(socket, &message).await;
        }
        self.session()?;
        let text_of = |name: &str| {
            let text = message.get(name).and_then(Value::as_str);
            text.ok_or_else(|| unparsable("A member is missing or has another type."))
        };
        let updated = match kind {
            "KeepAlive" | "FunctionCallResponse" => return Ok(()),
            "InjectUserMessage" => return self.answer(text_of("content")?),
            "InjectAgentMessage" => return self.say(text_of("message")?),
            "ForceEndTurn" => return self.end_turn(),
            "UpdatePrompt" => {
                text_of("prompt")?;
                "PromptUpdated"
            }
            "UpdateListen" => "ListenUpdated",
            "UpdateThink" => "ThinkUpdated",
            "UpdateSpeak" => "SpeakUpdated",
            _ => return Err(unparsable("The type of the message is not known.")),
        };
        socket.send(&json!({ "type": updated })).await
    }

    async fn begin(&mut self, socket: &mut Socket, message: &Value) -> Result<(), SocketClose> {
        if self.session.is_some() {
            let error = "Send Settings once.";
            return Err(fatal("SETTINGS_ALREADY_APPLIED", error));
        }
        let settings =
            AgentSettings::read(message).map_err(|error| fatal("INVALID_SETTINGS", error))?;
        socket.send(&json!({ "type": "SettingsApplied" })).await?;
        let greeting = settings.greeting.clone();
        self.session = Some(Session {
            conversation: Conversation::new(settings.bytes_per_second),
            settings,
            silence: 0,
        });
        match greeting {
            Some(greeting) => self.say(&greeting),
            None => Ok(()),
        }
    }

    /// Answers a turn of the user.
    fn answer(&mut self, turn: &str) -> Result<(), SocketClose> {
        self.queue.push(STREAM, conversation_text("user", turn));
        self.say(&answer(turn))
    }

    fn say(&mut self, text: &str) -> Result<(), SocketClose> {
        let format = self.session()?.settings.output;
        let queue = &mut self.queue;
        queue.push(STREAM, conversation_text("assistant", text));
        queue.push_text(STREAM, text, format);
        queue.push(STREAM, Output::Frame(json!({ "type": "AgentAudioDone" })));
        Ok(())
    }
}

fn conversation_text(role: &str, content: &str) -> Output {
    Output::Frame(json!({ "type": "ConversationText", "role": role, "content": content }))
}

/// An error that ends the session.
fn fatal(code: &str, description: &str) -> SocketClose {
    let frame = json!({ "type": "Error", "code": code, "description": description });
    SocketClose::with_frame(frame, 1008, "")
}

/// The error of a client that was silent.
fn silence_error(close: SocketClose) -> SocketClose {
    if close.code != 1008 {
        return close;
    }
    let description = "No message was received from the client in time.";
    fatal("CLIENT_MESSAGE_TIMEOUT", description)
}

#[cfg(test)]
mod tests;
