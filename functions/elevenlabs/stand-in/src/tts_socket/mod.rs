//! ElevenLabs' text-to-speech sockets, with one text or several contexts. Sources:
//! elevenlabs.io/docs/api-reference/text-to-speech (stream-input, multi-stream-input), and the
//! vendor's SDK elevenlabs (Python) 2.78, which waits for the close after the last frame. The names
//! of most errors are not documented; those here are invented.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::auth::{authorize, wrong_key};
use super::error::{ElevenLabsError, close_tts_socket};
use super::tts_contexts::TtsContexts;
use crate::token_type::TokenType;
use voicemint_stand_in::Account;
use voicemint_stand_in::request::{QueryPairs, single_parameter};
use voicemint_stand_in::synth::{AudioFormat, Encoding};
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

/// The documented sample rates of PCM formats, in hertz.
const SAMPLE_RATES: [u32; 7] = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/// `GET /v1/text-to-speech/{voice_id}/stream-input`.
pub(super) async fn open(
    account: State<Account>,
    query: Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    start(account, query, headers, upgrade, false)
}

/// `GET /v1/text-to-speech/{voice_id}/multi-stream-input`.
pub(super) async fn open_multi(
    account: State<Account>,
    query: Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    start(account, query, headers, upgrade, true)
}

fn start(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
    is_multi: bool,
) -> Response {
    upgrade.start(move |mut socket| async move {
        let Err(close) = run(&mut socket, &account, &query, &headers, is_multi).await;
        socket.close(close).await;
    })
}

async fn run(
    socket: &mut Socket,
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
    is_multi: bool,
) -> Result<Infallible, SocketClose> {
    let format = output_format(query)
        .map_err(|message| close_tts_socket("invalid_output_format", &message))?;
    let idle_timeout = idle_timeout(query)
        .map_err(|message| close_tts_socket("invalid_inactivity_timeout", message))?;
    socket.set_idle_timeout(idle_timeout);
    let mut contexts = TtsContexts::new(format, is_multi);
    let key_in_message = !headers.contains_key("xi-api-key")
        && single_parameter(query, "single_use_token").is_ok_and(|token| token.is_none());
    if key_in_message {
        // The first message can contain the API key.
        let first = socket.receive().await?;
        let message = read(&first)?;
        let key = ["xi_api_key", "xi-api-key"]
            .into_iter()
            .find_map(|name| message.get(name)?.as_str());
        if !key.is_some_and(|key| account.accepts_key(key)) {
            return Err(close_with_error(&wrong_key()));
        }
        contexts.handle(&message)?;
    } else {
        authorize(
            account,
            headers,
            query,
            "single_use_token",
            TokenType::TtsWebsocket,
        )
        .map_err(|error| close_with_error(&error))?;
    }
    loop {
        tokio::select! {
            message = socket.receive(), if !contexts.queue.is_full() && !contexts.is_ending => {
                let message = read(&message.map_err(|close| silence_error(close, idle_timeout))?)?;
                contexts.handle(&message)?;
            }
            item = contexts.queue.next() => match contexts.frame(item) {
                Some(frame) => socket.send(&frame).await?,
                None => return Err(SocketClose::normal()),
            }
        }
    }
}

/// Reads a message as a JSON object.
fn read(message: &ClientMessage) -> Result<Value, SocketClose> {
    let object = match message {
        ClientMessage::Text(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        ClientMessage::Audio(_) => None,
    };
    object.ok_or_else(|| {
        let message =
            "Could not parse input message, make sure it is a json and follows the schema.";
        close_tts_socket("invalid_input_message", message)
    })
}

fn output_format(query: &[(String, String)]) -> Result<AudioFormat, String> {
    let name = single_parameter(query, "output_format")
        .map_err(|_| "output_format is given more than once.")?;
    // The default of the vendor.
    let name = name.unwrap_or("mp3_44100_128");
    let rate = name
        .strip_prefix("pcm_")
        .and_then(|rate| rate.parse::<u32>().ok());
    let sample_rate = SAMPLE_RATES.into_iter().find(|known| rate == Some(*known));
    let sample_rate = sample_rate.ok_or_else(|| {
        format!("The stand-in does not support {name}: use one of the pcm formats, such as output_format=pcm_24000.")
    })?;
    Ok(AudioFormat {
        encoding: Encoding::S16,
        sample_rate,
    })
}

fn idle_timeout(query: &[(String, String)]) -> Result<Duration, &'static str> {
    let seconds = match single_parameter(query, "inactivity_timeout") {
        Ok(None) => Some(20),
        Ok(Some(seconds)) => seconds
            .parse()
            .ok()
            .filter(|seconds| (1..=180).contains(seconds)),
        Err(_) => None,
    };
    seconds
        .map(Duration::from_secs)
        .ok_or("inactivity_timeout must be from 1 to 180 seconds.")
}

/// The vendor's error for silence.
fn silence_error(close: SocketClose, idle_timeout: Duration) -> SocketClose {
    if close.code != 1008 {
        return close;
    }
    let message = format!(
        "Have not received a new text input within the timeout of {} seconds. Streaming input terminated.",
        idle_timeout.as_secs()
    );
    close_tts_socket("input_timeout_exceeded", &message)
}

fn close_with_error(error: &ElevenLabsError) -> SocketClose {
    close_tts_socket(error.code(), error.message())
}

#[cfg(test)]
mod tests;
