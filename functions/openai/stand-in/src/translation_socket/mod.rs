//! The socket of translations. Sources: platform.openai.com/docs/guides/realtime-translation, and the
//! types of openai 7.59.0. The stand-in translates nothing: its speech says how many words it heard.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use voicemint_stand_in::Account;
use voicemint_stand_in::conversation::answer;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::speech_queue::{Output, SpeechQueue, samples};
use voicemint_stand_in::synth::{AudioFormat, Encoding};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use crate::auth::{self, PROTOCOL};
use crate::client_event::{ClientEvent, encode};
use crate::error::OpenAiError;
use crate::input::{Event, Input, Turn, TurnDetection};
use crate::realtime_socket::{close_with, send};
use crate::schema::unsupported;
use crate::session::{MAX_SECONDS, SessionConfig, id};
use crate::session_type::SessionType;

const EVENTS: [&str; 3] = [
    "session.update",
    "session.input_audio_buffer.append",
    "session.close",
];

/// The format of the translated audio.
const FORMAT: AudioFormat = AudioFormat {
    encoding: Encoding::S16,
    sample_rate: 24_000,
};

/// `GET /v1/realtime/translations`.
pub(crate) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    match configure(&account, &query, &headers, &upgrade) {
        Ok(config) => upgrade
            .select(PROTOCOL)
            .start(move |mut socket| async move {
                let Err(close) = run(&mut socket, &account, config).await;
                socket.close(close).await;
            }),
        Err(error) => error.into_response(),
    }
}

fn configure(
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
    upgrade: &Upgrade,
) -> Result<SessionConfig, OpenAiError> {
    let Ok(Some(model)) = single_parameter(query, "model") else {
        return Err(OpenAiError::missing("model"));
    };
    let session_type = SessionType::Translation;
    let terms = auth::redeem(account, headers, upgrade, session_type.scope())?;
    let configuration = terms.configuration.as_deref().cloned();
    let mut config = SessionConfig::from_members(session_type, configuration.unwrap_or_default());
    config.set_model(model);
    Ok(config)
}

async fn run(
    socket: &mut Socket,
    account: &Account,
    config: SessionConfig,
) -> Result<Infallible, SocketClose> {
    let deadline = Instant::now() + Duration::from_secs(MAX_SECONDS);
    let mut session = TranslationSession {
        id: id("sess"),
        expires_at: account.now().as_secs() + MAX_SECONDS,
        input: Input::new(&config),
        config,
        queue: SpeechQueue::new(),
        is_closing: false,
    };
    send(socket, session.event("session.created")).await?;
    loop {
        let events = tokio::select! {
            message = socket.receive(), if !session.queue.is_full() => match message? {
                ClientMessage::Text(text) => session.handle(&text),
                ClientMessage::Audio(_) => {
                    let message = "Binary frames are not supported: send audio as base64.";
                    vec![OpenAiError::invalid(None, message).event(None)]
                }
            },
            output = session.queue.next() => match output.output {
                Output::Audio(letters, format) => vec![json!({
                    "type": "session.output_audio.delta",
                    "delta": encode(&samples(&letters, format)),
                    "channels": 1,
                    "format": "pcm16",
                    "sample_rate": format.sample_rate,
                })],
                Output::Frame(event) => vec![event],
                Output::End => {
                    send(socket, json!({"type": "session.closed"})).await?;
                    return Err(SocketClose::normal());
                }
            },
            () = sleep_until(deadline) => {
                let message = "Your session hit the maximum duration of 60 minutes.";
                return Err(close_with(&OpenAiError::invalid("session_expired", message), 1001));
            }
        };
        for event in events {
            send(socket, event).await?;
        }
    }
}

/// A session that is open.
struct TranslationSession {
    id: String,
    expires_at: u64,
    config: SessionConfig,
    input: Input,
    queue: SpeechQueue,
    is_closing: bool,
}

impl TranslationSession {
    fn event(&self, name: &str) -> Value {
        let mut session = self.config.to_value();
        if let Some(members) = session.as_object_mut() {
            members.insert("id".to_owned(), self.id.as_str().into());
            members.insert("expires_at".to_owned(), self.expires_at.into());
        }
        json!({"type": name, "session": session})
    }

    fn handle(&mut self, text: &str) -> Vec<Value> {
        match ClientEvent::read(text) {
            Ok(event) => self
                .dispatch(&event)
                .unwrap_or_else(|error| vec![error.event(event.id())]),
            Err(error) => vec![error.event(None)],
        }
    }

    fn dispatch(&mut self, event: &ClientEvent) -> Result<Vec<Value>, OpenAiError> {
        match event.name() {
            _ if self.is_closing => Err(OpenAiError::invalid(None, "The session is closing.")),
            "session.update" => {
                self.config.update(event.require("session")?, false)?;
                Ok(vec![self.event("session.updated")])
            }
            "session.input_audio_buffer.append" => {
                let heard = self
                    .input
                    .append(&event.audio()?, Some(TurnDetection::PAUSES));
                for event in heard {
                    if let Event::Stopped { turn, .. } = event {
                        self.translate(&turn);
                    }
                }
                Ok(Vec::new())
            }
            "session.close" => {
                if let Some(turn) = self.input.commit() {
                    self.translate(&turn);
                }
                self.queue.push("", Output::End);
                self.is_closing = true;
                Ok(Vec::new())
            }
            name => Err(unsupported("type", name, &EVENTS)),
        }
    }

    /// Queues the transcript of what was heard, and the translation as text and speech.
    fn translate(&mut self, turn: &Turn) {
        if turn.text.is_empty() {
            return;
        }
        let has_transcript = self.config.get("/audio/input/transcription").is_object();
        let delta = |name: &str, word: &str| {
            let name = format!("session.{name}_transcript.delta");
            Output::Frame(json!({"type": name, "delta": word, "elapsed_ms": turn.milliseconds}))
        };
        let heard = format!("{} ", turn.text);
        for word in heard.split_inclusive(' ').filter(|_| has_transcript) {
            self.queue.push("", delta("input", word));
        }
        let translation = format!("{} ", answer(&turn.text));
        for word in translation.split_inclusive(' ') {
            self.queue.push("", delta("output", word));
            self.queue.push_text("", word, FORMAT);
        }
    }
}

#[cfg(test)]
mod tests;
