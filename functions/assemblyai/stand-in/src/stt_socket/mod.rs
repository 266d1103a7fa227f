//! AssemblyAI's streaming sessions. Sources: assemblyai.com/docs/streaming (messages of the
//! WebSocket, common session errors), and the vendor's SDKs: assemblyai 4.41 on npm and 1.8 on
//! PyPI. The Python SDK fails if a frame has no value for a member, or has fractional seconds.

use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::mint::{MAX_SESSION_SECONDS, STREAMING, parse_digits};
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_header, single_parameter};
use voicemint_stand_in::tokens::{self, RedeemError};
use voicemint_stand_in::transcript::{Transcriber, Transcript, Word};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

/// The permitted duration of the audio in one message, in milliseconds.
const CHUNK_MILLISECONDS: RangeInclusive<u64> = 50..=1000;

/// The parameters of the query.
#[derive(Debug)]
struct SessionOptions {
    /// `None` for compressed encodings: the duration of a chunk is then unknown.
    bytes_per_second: Option<u64>,
    format_turns: bool,
}

struct StreamingSession {
    options: SessionOptions,
    started: Instant,
    transcriber: Transcriber,
    transcript: Transcript,
    turn: u64,
}

/// `GET /v3/ws`. Errors are sent on the WebSocket, since a page cannot read a rejected upgrade.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    upgrade.start(|mut socket| async move {
        let Err(close) = run(&mut socket, &account, &query, &headers).await;
        socket.close(close).await;
    })
}

async fn run(
    socket: &mut Socket,
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Infallible, SocketClose> {
    let options = SessionOptions::read(query).map_err(|error| close_with_error(3006, error))?;
    // The token is spent immediately before Begin, so that a failed handshake does not spend it.
    let max_duration =
        authorize(account, query, headers).map_err(|error| close_with_error(1008, error))?;
    let expires_at = account.now().saturating_add(max_duration).as_secs();
    socket
        .send(&json!({ "type": "Begin", "id": tokens::request_id(), "expires_at": expires_at }))
        .await?;
    // Compressed audio is treated as 32 kbit/s.
    let transcriber = Transcriber::new(options.bytes_per_second.unwrap_or(4_000));
    let mut session = StreamingSession {
        options,
        started: Instant::now(),
        transcriber,
        transcript: Transcript::default(),
        turn: 0,
    };
    let deadline = session.started + max_duration;
    loop {
        let message = tokio::select! {
            message = socket.receive() => message.map_err(silence_error)?,
            () = sleep_until(deadline) => {
                return Err(close_with_error(3008, "Session expired: maximum session duration exceeded"));
            }
        };
        match message {
            ClientMessage::Audio(audio) => session.add_audio(socket, audio.len()).await?,
            ClientMessage::Text(text) => session.handle_command(socket, &text).await?,
        }
    }
}

impl SessionOptions {
    fn read(query: &[(String, String)]) -> Result<Self, String> {
        let value = |name| {
            single_parameter(query, name).map_err(|_| format!("{name} is given more than once"))
        };
        let bytes_per_sample = match value("encoding")? {
            None | Some("pcm_s16le") => Some(2),
            Some("pcm_mulaw") => Some(1),
            Some("opus" | "ogg_opus" | "aac") => None,
            Some(other) => return Err(format!("Invalid encoding: {other:?}")),
        };
        let sample_rate = value("sample_rate")?
            .and_then(parse_digits)
            .filter(|rate| (1..=192_000).contains(rate));
        let bytes_per_second = match (bytes_per_sample, sample_rate) {
            (Some(bytes), Some(rate)) => Some(bytes * rate),
            (Some(_), None) => {
                return Err("sample_rate is required, as a number of hertz".to_owned());
            }
            (None, _) => None,
        };
        let format_turns = matches!(value("format_turns")?, Some("true" | "True" | "1"));
        Ok(Self {
            bytes_per_second,
            format_turns,
        })
    }
}

/// Accepts a token in the query, or a token or the API key in the header. Returns the maximum
/// duration of the session.
fn authorize(
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Duration, &'static str> {
    let max_duration = Duration::from_secs(MAX_SESSION_SECONDS);
    let token = match single_parameter(query, "token") {
        Ok(Some(token)) => token,
        Ok(None) => match single_header(headers, "authorization") {
            Some(key) if account.accepts_key(key) => return Ok(max_duration),
            Some(token) => token,
            None => return Err("Unauthorized Connection: Missing Authorization header"),
        },
        Err(_) => return Err("Unauthorized Connection: token is given more than once"),
    };
    match account.redeem_for_session(token, STREAMING) {
        Ok(terms) => Ok(terms.max_duration.unwrap_or(max_duration)),
        Err(RedeemError::Expired) => {
            Err("Unauthorized Connection: the temporary token has expired")
        }
        Err(RedeemError::Spent) => {
            Err("Unauthorized Connection: the temporary token was used before")
        }
        Err(RedeemError::Unknown | RedeemError::NotGranted) => {
            Err("Unauthorized Connection: the token or key is not known")
        }
    }
}

impl StreamingSession {
    async fn add_audio(&mut self, socket: &mut Socket, bytes: usize) -> Result<(), SocketClose> {
        if let Some(bytes_per_second) = self.options.bytes_per_second {
            let duration = u64::try_from(bytes)
                .unwrap_or(u64::MAX)
                .saturating_mul(1000)
                / bytes_per_second;
            if !CHUNK_MILLISECONDS.contains(&duration) {
                let error =
                    format!("Input Duration Error: {duration} ms. Expected between 50 and 1000 ms");
                return Err(close_with_error(3007, error));
            }
        }
        self.transcriber.add_audio(bytes);
        while let Some(word) = self.transcriber.next_word() {
            self.transcript.0.push(word);
            if word.ends_sentence {
                self.end_turn(socket).await?;
            } else {
                socket.send(&self.turn(false)).await?;
            }
        }
        Ok(())
    }

    async fn handle_command(&mut self, socket: &mut Socket, text: &str) -> Result<(), SocketClose> {
        let message: Value =
            serde_json::from_str(text).map_err(|_| close_with_error(3006, "Invalid JSON"))?;
        match message.get("type").and_then(Value::as_str) {
            Some("KeepAlive") => Ok(()),
            Some("UpdateConfiguration") => {
                if let Some(format_turns) = message.get("format_turns").and_then(Value::as_bool) {
                    self.options.format_turns = format_turns;
                }
                Ok(())
            }
            Some("ForceEndpoint") => self.finish(socket).await,
            Some("Terminate") => {
                self.finish(socket).await?;
                let termination = json!({
                    "type": "Termination",
                    "audio_duration_seconds": self.transcriber.duration() / 1000,
                    "session_duration_seconds": self.started.elapsed().as_secs(),
                });
                Err(SocketClose::with_frame(termination, 1000, ""))
            }
            _ => Err(close_with_error(3006, "Invalid Message Type")),
        }
    }

    /// Ends the current turn.
    async fn finish(&mut self, socket: &mut Socket) -> Result<(), SocketClose> {
        self.transcript.0.extend(self.transcriber.finish());
        if self.transcript.0.is_empty() {
            Ok(())
        } else {
            self.end_turn(socket).await
        }
    }

    async fn end_turn(&mut self, socket: &mut Socket) -> Result<(), SocketClose> {
        socket.send(&self.turn(true)).await?;
        self.transcript.take();
        self.turn += 1;
        Ok(())
    }

    fn turn(&self, is_end: bool) -> Value {
        let is_formatted = is_end && self.options.format_turns;
        let word = |word: &Word| {
            let Word {
                text, start, end, ..
            } = word;
            json!({ "start": start, "end": end, "confidence": 0.98, "text": text, "word_is_final": true })
        };
        json!({
            "type": "Turn",
            "turn_order": self.turn,
            "turn_is_formatted": is_formatted,
            "end_of_turn": is_end,
            "transcript": if is_formatted { self.transcript.complete() } else { self.transcript.plain() },
            "end_of_turn_confidence": if is_end { 0.95 } else { 0.05 },
            "words": self.transcript.0.iter().map(word).collect::<Value>(),
        })
    }
}

/// Adds an Error frame to the close for silence: the vendor never closes a session without one. Its
/// code for silence is not documented.
fn silence_error(close: SocketClose) -> SocketClose {
    if close.code == 1008 {
        close_with_error(close.code, close.reason)
    } else {
        close
    }
}

/// An Error frame, and a close with the same code and message.
fn close_with_error(code: u16, error: impl Into<String>) -> SocketClose {
    let error = error.into();
    SocketClose::with_frame(
        json!({ "type": "Error", "error_code": code, "error": error }),
        code,
        error,
    )
}

#[cfg(test)]
mod tests;
