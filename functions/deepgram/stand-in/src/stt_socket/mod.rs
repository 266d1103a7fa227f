//! Deepgram's streaming transcription, `/v1/listen`. Sources: developers.deepgram.com/reference
//! (speech-to-text, listen-streaming) and /docs (keep-alive, finalize, close-stream,
//! stt-troubleshooting-websocket-data-and-net-errors), @deepgram/sdk 5.13.0 and deepgram-sdk 7.17.0.

use std::convert::Infallible;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::tokens;
use voicemint_stand_in::transcript::{Transcriber, Transcript, Word, seconds};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use crate::audio::{bytes_per_second, switch};
use crate::auth::authorize_socket;
use crate::error::{DeepgramError, silence_close};

/// How long a client can send neither audio nor a message.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The parameters of the query that the stand-in heeds. It ignores others, such as `keyterm`.
struct Options {
    model: String,
    bytes_per_second: u64,
    interim_results: bool,
    /// Whether transcripts have capitals and punctuation.
    is_formatted: bool,
    vad_events: bool,
}

struct Transcription {
    options: Options,
    request_id: String,
    created: Duration,
    sha256: Context,
    transcriber: Transcriber,
    transcript: Transcript,
}

/// Why a result is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cause {
    Interim,
    EndOfSpeech,
    Finalize,
}

/// `GET /v1/listen`.
pub(super) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Result<Upgrade, Response>,
) -> Result<Response, Response> {
    let upgrade =
        authorize_socket(&account, &headers, upgrade?).map_err(IntoResponse::into_response)?;
    let options = Options::read(&query).map_err(IntoResponse::into_response)?;
    let mut transcription = Transcription {
        request_id: tokens::request_id(),
        created: account.now(),
        sha256: Context::new(&SHA256),
        transcriber: Transcriber::new(options.bytes_per_second),
        transcript: Transcript::default(),
        options,
    };
    Ok(upgrade.start(|mut socket| async move {
        socket.set_idle_timeout(IDLE_TIMEOUT);
        let Err(close) = transcription.run(&mut socket).await;
        socket.close(close).await;
    }))
}

impl Options {
    fn read(query: &[(String, String)]) -> Result<Self, DeepgramError> {
        let model = single_parameter(query, "model")?.unwrap_or("base");
        if model.is_empty() || model.starts_with("flux") {
            let message = "No such model at this path.";
            return Err(DeepgramError::bad_request(message));
        }
        Ok(Self {
            model: model.to_owned(),
            bytes_per_second: bytes_per_second(query)?,
            interim_results: switch(query, "interim_results")?,
            is_formatted: switch(query, "punctuate")? | switch(query, "smart_format")?,
            vad_events: switch(query, "vad_events")?,
        })
    }
}

impl Transcription {
    async fn run(&mut self, socket: &mut Socket) -> Result<Infallible, SocketClose> {
        loop {
            match socket.receive().await.map_err(silence_close)? {
                ClientMessage::Audio(audio) => self.add_audio(socket, &audio).await?,
                ClientMessage::Text(text) => self.handle_command(socket, &text).await?,
            }
        }
    }

    async fn add_audio(&mut self, socket: &mut Socket, audio: &[u8]) -> Result<(), SocketClose> {
        self.sha256.update(audio);
        self.transcriber.add_audio(audio.len());
        let mut is_new = false;
        while let Some(word) = self.transcriber.next_word() {
            if self.transcript.0.is_empty() && self.options.vad_events {
                let started = json!({ "type": "SpeechStarted", "channel": [0, 1], "timestamp": seconds(word.start) });
                socket.send(&started).await?;
            }
            self.transcript.0.push(word);
            is_new = !word.ends_sentence;
            if word.ends_sentence {
                self.send_results(socket, Cause::EndOfSpeech).await?;
            }
        }
        if is_new && self.options.interim_results {
            self.send_results(socket, Cause::Interim).await?;
        }
        Ok(())
    }

    async fn handle_command(&mut self, socket: &mut Socket, text: &str) -> Result<(), SocketClose> {
        let message: Value = serde_json::from_str(text).unwrap_or_default();
        match message.get("type").and_then(Value::as_str) {
            Some("KeepAlive") => Ok(()),
            Some("Finalize") => {
                self.transcript.0.extend(self.transcriber.finish());
                self.send_results(socket, Cause::Finalize).await
            }
            Some("CloseStream") => {
                self.transcript.0.extend(self.transcriber.finish());
                if !self.transcript.0.is_empty() {
                    self.send_results(socket, Cause::EndOfSpeech).await?;
                }
                Err(SocketClose::with_frame(self.metadata(), 1000, ""))
            }
            // The code of the real service is not documented for text.
            _ => Err(SocketClose::new(
                1008,
                "DATA-0000: The message is none of KeepAlive, Finalize and CloseStream.",
            )),
        }
    }

    /// Sends what was heard. A final result ends the utterance.
    async fn send_results(&mut self, socket: &mut Socket, cause: Cause) -> Result<(), SocketClose> {
        socket.send(&self.results(cause)).await?;
        if cause != Cause::Interim {
            self.transcript.take();
        }
        Ok(())
    }

    fn results(&self, cause: Cause) -> Value {
        let words = &self.transcript.0;
        let position = self.transcriber.duration();
        let start = words.first().map_or(position, |word| word.start);
        let end = words.last().map_or(position, |word| word.end);
        let is_final = cause != Cause::Interim;
        let transcript = match (self.options.is_formatted, is_final) {
            (false, _) => self.transcript.plain(),
            (true, false) => self.transcript.partial(),
            (true, true) => self.transcript.complete(),
        };
        let written: Vec<&str> = transcript.split(' ').collect();
        let word = |(word, punctuated): (&Word, &str)| {
            let mut value = json!({
                "word": word.text,
                "start": seconds(word.start),
                "end": seconds(word.end),
                "confidence": 0.98,
            });
            if let Some(members) = value.as_object_mut().filter(|_| self.options.is_formatted) {
                members.insert("punctuated_word".to_owned(), punctuated.into());
            }
            value
        };
        json!({
            "type": "Results",
            "channel_index": [0, 1],
            "duration": seconds(end - start),
            "start": seconds(start),
            "is_final": is_final,
            "speech_final": cause == Cause::EndOfSpeech,
            "from_finalize": cause == Cause::Finalize,
            "channel": {
                "alternatives": [{
                    "transcript": transcript,
                    "confidence": if words.is_empty() { 0.0 } else { 0.98 },
                    "words": words.iter().zip(written).map(word).collect::<Value>(),
                }],
            },
            "metadata": {
                "request_id": self.request_id,
                "model_info": { "name": self.options.model, "version": "stand-in", "arch": "stand-in" },
                "model_uuid": self.request_id,
            },
        })
    }

    /// The last message of a transcription.
    fn metadata(&self) -> Value {
        let created = i64::try_from(self.created.as_secs()).unwrap_or_default();
        let created = OffsetDateTime::from_unix_timestamp(created)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok());
        let sha256 = self.sha256.clone().finish();
        let sha256: String = sha256
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        json!({
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self.request_id,
            "sha256": sha256,
            "created": created,
            "duration": seconds(self.transcriber.duration()),
            "channels": 1,
        })
    }
}

#[cfg(test)]
mod tests;
