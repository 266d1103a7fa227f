//! Soniox's real-time transcription. Sources: soniox.com/docs/stt/api-reference/websocket-api,
//! soniox.com/docs/stt/rt (keepalive, finalization, endpoints, errors), and the vendor's SDKs:
//! @soniox/client 2.3.0 and soniox 2.10.0 on PyPI.

mod config;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use voicemint_stand_in::Account;
use voicemint_stand_in::transcript::{Transcriber, Word};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use self::config::Config;
use super::auth::KEY_PROTOCOL;
use super::error::SonioxError;
use super::frame::with_member;
use super::session::{Received, Session};
use crate::usage::UsageType;

/// How long a client can send neither audio nor a keepalive.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);
/// The number of words that the stand-in may still revise.
const PROVISIONAL_WORDS: usize = 3;

/// `GET /transcribe-websocket`. Errors are sent on the WebSocket, since a page cannot read a
/// rejected upgrade.
pub(super) async fn open(
    State(account): State<Account>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let session = Session::open(
        account,
        UsageType::TranscribeWebsocket,
        &headers,
        upgrade.protocols(),
    );
    upgrade.select(KEY_PROTOCOL).start(|mut socket| async move {
        socket.set_idle_timeout(IDLE_TIMEOUT);
        let close = match session {
            Ok(session) => run(&mut socket, session).await,
            Err(error) => error.close_transcription(),
        };
        socket.close(close).await;
    })
}

async fn run(socket: &mut Socket, session: Session) -> SocketClose {
    let Err(ended) = transcribe(socket, session).await;
    match ended {
        Received::Error(error) => error.close_transcription(),
        Received::Close(close) => close,
    }
}

async fn transcribe(socket: &mut Socket, mut session: Session) -> Result<Infallible, Received> {
    let mut transcription = start(socket, &mut session).await?;
    loop {
        match session.receive(socket).await? {
            // An empty binary frame is an empty chunk, and does not end the stream.
            ClientMessage::Audio(audio) => transcription.add_audio(socket, audio.len()).await?,
            ClientMessage::Text(text) => transcription.control(socket, &text).await?,
        }
    }
}

/// Reads the start request.
async fn start(socket: &mut Socket, session: &mut Session) -> Result<Transcription, Received> {
    let first = session.receive(socket).await?;
    let ClientMessage::Text(text) = first else {
        let message = "Start request must be a text message.";
        return Err(SonioxError::invalid(message).into());
    };
    let frame = serde_json::from_str(&text).ok().filter(Value::is_object);
    let frame: Value = frame.ok_or_else(|| SonioxError::invalid("Start request is malformed."))?;
    session.check_frame(&frame)?;
    Ok(Transcription::new(Config::read(frame)?))
}

struct Transcription {
    config: Config,
    transcriber: Transcriber,
    /// The words that are not final yet.
    provisional: Vec<Word>,
    /// Whether the next final word begins a sentence, and whether it is the first of all.
    begins_sentence: bool,
    is_first: bool,
    /// The end of the final words, in milliseconds.
    final_ms: u64,
}

impl Transcription {
    fn new(config: Config) -> Self {
        Self {
            transcriber: Transcriber::new(config.bytes_per_second),
            config,
            provisional: Vec::new(),
            begins_sentence: true,
            is_first: true,
            final_ms: 0,
        }
    }

    async fn add_audio(&mut self, socket: &mut Socket, bytes: usize) -> Result<(), Received> {
        self.transcriber.add_audio(bytes);
        let mut has_new = false;
        while let Some(word) = self.transcriber.next_word() {
            has_new = true;
            self.provisional.push(word);
            if word.ends_sentence && self.config.detects_endpoints {
                self.send(socket, self.provisional.len(), Some("<end>"))
                    .await?;
                has_new = false;
            }
        }
        if has_new {
            let count = self.provisional.len().saturating_sub(PROVISIONAL_WORDS);
            self.send(socket, count, None).await?;
        }
        Ok(())
    }

    async fn control(&mut self, socket: &mut Socket, text: &str) -> Result<(), Received> {
        if text.is_empty() {
            self.provisional.extend(self.transcriber.finish());
            self.send(socket, self.provisional.len(), None).await?;
            let finished = with_member(self.response(Vec::new()), "finished", true);
            return Err(Received::Close(SocketClose::with_frame(finished, 1000, "")));
        }
        let message: Value = serde_json::from_str(text)
            .map_err(|_| SonioxError::invalid("Control request is malformed."))?;
        match message.get("type").and_then(Value::as_str) {
            Some("keepalive") => Ok(()),
            Some("finalize") => {
                self.provisional.extend(self.transcriber.finish());
                self.send(socket, self.provisional.len(), Some("<fin>"))
                    .await
            }
            _ => Err(SonioxError::invalid("Control request invalid type.").into()),
        }
    }

    /// Sends the first `count` provisional words as final ones, a marker, and the other provisional
    /// words again.
    async fn send(
        &mut self,
        socket: &mut Socket,
        count: usize,
        marker: Option<&str>,
    ) -> Result<(), Received> {
        let words: Vec<_> = self.provisional.drain(..count).collect();
        let mut tokens = Vec::new();
        for word in &words {
            tokens.push(token(word, self.begins_sentence, self.is_first, true));
            (self.begins_sentence, self.is_first) = (word.ends_sentence, false);
            self.final_ms = word.end;
        }
        if let Some(marker) = marker {
            tokens.push(json!({ "text": marker, "confidence": 1.0, "is_final": true }));
        }
        let (mut begins_sentence, mut is_first) = (self.begins_sentence, self.is_first);
        for word in &self.provisional {
            tokens.push(token(word, begins_sentence, is_first, false));
            (begins_sentence, is_first) = (word.ends_sentence, false);
        }
        socket
            .send(&self.response(tokens))
            .await
            .map_err(Received::Close)
    }

    fn response(&self, tokens: Vec<Value>) -> Value {
        json!({
            "tokens": tokens,
            "final_audio_proc_ms": self.final_ms,
            "total_audio_proc_ms": self.transcriber.duration(),
        })
    }
}

/// A word as a token. The texts of all tokens, one after the other, are the transcript.
fn token(word: &Word, begins_sentence: bool, is_first: bool, is_final: bool) -> Value {
    let (first, rest) = word.text.split_at_checked(1).unwrap_or((word.text, ""));
    let first = if begins_sentence {
        first.to_ascii_uppercase()
    } else {
        first.to_owned()
    };
    let space = if is_first { "" } else { " " };
    let stop = if word.ends_sentence { "." } else { "" };
    json!({
        "text": format!("{space}{first}{rest}{stop}"),
        "start_ms": word.start,
        "end_ms": word.end,
        "confidence": 0.98,
        "is_final": is_final,
    })
}

#[cfg(test)]
mod tests;
