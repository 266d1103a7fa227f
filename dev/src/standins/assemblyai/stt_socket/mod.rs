//! AssemblyAI's streaming sessions. Sources: assemblyai.com/docs/streaming (the socket's messages,
//! common session errors), and the vendor's SDKs, npm's assemblyai 4.41 and PyPI's 1.8. The Python
//! one dies of a frame that lacks a member, or of seconds that are not whole.

use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{LONGEST_SESSION, whole_number};
use crate::standins::tokens::{self, Why};
use crate::standins::transcript::{Ear, Heard, Word};
use crate::standins::websocket::{Ending, Said, Socket, Upgrade};
use crate::standins::{Standins, Vendor, sole_header, sole_pair};

/// How long the sound in one message may be, in milliseconds.
const CHUNK: RangeInclusive<u64> = 50..=1000;

/// What the query asks for.
struct Ask {
    /// None where the encoding compresses: then no chunk's duration is known.
    bytes_per_second: Option<u64>,
    format_turns: bool,
}

struct Session {
    ask: Ask,
    started: Instant,
    ear: Ear,
    heard: Heard,
    turn: u64,
}

/// `GET /v3/ws`. Whatever is wrong is said on the socket, as a page sees nothing of a refused
/// upgrade.
pub(super) async fn open(
    State(standins): State<Standins>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    upgrade.start(|mut socket| async move {
        let Err(ending) = run(&mut socket, &standins, &query, &headers).await;
        socket.end(ending).await;
    })
}

async fn run(
    socket: &mut Socket,
    standins: &Standins,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Infallible, Ending> {
    let ask = Ask::read(query).map_err(|error| refusal(3006, error))?;
    // Spent with Begin, so that a handshake that fails costs nothing.
    let longest = admit(standins, query, headers).map_err(|error| refusal(1008, error))?;
    let ends = standins
        .now()
        .checked_add(longest)
        .and_then(|ends| ends.duration_since(UNIX_EPOCH).ok());
    let expires_at = ends.unwrap_or_default().as_secs();
    socket
        .say(&json!({ "type": "Begin", "id": tokens::request_id(), "expires_at": expires_at }))
        .await?;
    // Compressed sound is taken for 32 kbit/s.
    let ear = Ear::new(ask.bytes_per_second.unwrap_or(4_000));
    let mut session = Session {
        ask,
        started: Instant::now(),
        ear,
        heard: Heard::default(),
        turn: 0,
    };
    let over = session.started + longest;
    loop {
        let said = tokio::select! {
            said = socket.hear() => said.map_err(quiet)?,
            () = sleep_until(over) => {
                return Err(refusal(3008, "Session expired: maximum session duration exceeded"));
            }
        };
        match said {
            Said::Sound(sound) => session.hear(socket, sound.len()).await?,
            Said::Text(text) => session.obey(socket, &text).await?,
        }
    }
}

impl Ask {
    fn read(query: &[(String, String)]) -> Result<Self, String> {
        let value = |name| sole_pair(query, name).map_err(|_| format!("{name} is given twice"));
        let bytes_per_sample = match value("encoding")? {
            None | Some("pcm_s16le") => Some(2),
            Some("pcm_mulaw") => Some(1),
            Some("opus" | "ogg_opus" | "aac") => None,
            Some(other) => return Err(format!("Invalid encoding: {other:?}")),
        };
        let sample_rate = value("sample_rate")?
            .and_then(whole_number)
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

/// Takes a token from the query, or a token or the API key as it is from the header; says how long
/// the session may last.
fn admit(
    standins: &Standins,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Duration, &'static str> {
    let longest = Duration::from_secs(LONGEST_SESSION);
    let shown = match sole_pair(query, "token") {
        Ok(Some(token)) => token,
        Ok(None) => match sole_header(headers, "authorization") {
            Some(key) if standins.accepts_key(Vendor::AssemblyAi, key) => return Ok(longest),
            Some(token) => token,
            None => return Err("Unauthorized Connection: Missing Authorization header"),
        },
        Err(_) => return Err("Unauthorized Connection: token is given twice"),
    };
    match standins.redeem_for_session(shown) {
        Ok(limit) => Ok(limit.unwrap_or(longest)),
        Err(Why::Expired) => Err("Unauthorized Connection: the temporary token has expired"),
        Err(Why::Spent) => Err("Unauthorized Connection: the temporary token was used before"),
        Err(Why::Unknown | Why::NotGranted) => {
            Err("Unauthorized Connection: not a token or key that is known")
        }
    }
}

impl Session {
    async fn hear(&mut self, socket: &mut Socket, bytes: usize) -> Result<(), Ending> {
        if let Some(bytes_per_second) = self.ask.bytes_per_second {
            let duration = u64::try_from(bytes)
                .unwrap_or(u64::MAX)
                .saturating_mul(1000)
                / bytes_per_second;
            if !CHUNK.contains(&duration) {
                let error =
                    format!("Input Duration Error: {duration} ms. Expected between 50 and 1000 ms");
                return Err(refusal(3007, error));
            }
        }
        self.ear.hear(bytes);
        while let Some(word) = self.ear.next_word() {
            self.heard.0.push(word);
            if word.last {
                self.end_turn(socket).await?;
            } else {
                socket.say(&self.turn(false)).await?;
            }
        }
        Ok(())
    }

    async fn obey(&mut self, socket: &mut Socket, text: &str) -> Result<(), Ending> {
        let message: Value =
            serde_json::from_str(text).map_err(|_| refusal(3006, "Invalid JSON"))?;
        match message.get("type").and_then(Value::as_str) {
            Some("KeepAlive") => Ok(()),
            Some("UpdateConfiguration") => {
                if let Some(format_turns) = message.get("format_turns").and_then(Value::as_bool) {
                    self.ask.format_turns = format_turns;
                }
                Ok(())
            }
            Some("ForceEndpoint") => self.finish(socket).await,
            Some("Terminate") => {
                self.finish(socket).await?;
                let termination = json!({
                    "type": "Termination",
                    "audio_duration_seconds": self.ear.heard() / 1000,
                    "session_duration_seconds": self.started.elapsed().as_secs(),
                });
                Err(Ending::with_words(termination, 1000, ""))
            }
            _ => Err(refusal(3006, "Invalid Message Type")),
        }
    }

    /// Ends the turn where it is.
    async fn finish(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        self.heard.0.extend(self.ear.finish());
        if self.heard.0.is_empty() {
            Ok(())
        } else {
            self.end_turn(socket).await
        }
    }

    async fn end_turn(&mut self, socket: &mut Socket) -> Result<(), Ending> {
        socket.say(&self.turn(true)).await?;
        self.heard.take();
        self.turn += 1;
        Ok(())
    }

    fn turn(&self, ends: bool) -> Value {
        let is_formatted = ends && self.ask.format_turns;
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
            "end_of_turn": ends,
            "transcript": if is_formatted { self.heard.in_full() } else { self.heard.plain() },
            "end_of_turn_confidence": if ends { 0.95 } else { 0.05 },
            "words": self.heard.0.iter().map(word).collect::<Value>(),
        })
    }
}

/// The vendor ends no session on its own without an Error. Which one silence gets is not published.
fn quiet(ending: Ending) -> Ending {
    if ending.code == 1008 {
        refusal(ending.code, ending.reason)
    } else {
        ending
    }
}

/// An Error frame, and the close with the same code and words.
fn refusal(code: u16, error: impl Into<String>) -> Ending {
    let error = error.into();
    Ending::with_words(
        json!({ "type": "Error", "error_code": code, "error": error }),
        code,
        error,
    )
}

#[cfg(test)]
mod tests;
