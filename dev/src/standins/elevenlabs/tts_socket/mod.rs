//! ElevenLabs' sockets that speak: one text, or several contexts at a time. Sources:
//! elevenlabs.io/docs/api-reference/text-to-speech (stream-input, multi-stream-input), and the
//! vendor's SDK elevenlabs (Python) 2.78, which waits for the close after the last frame. The names
//! of most errors are not published and made up.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::tts_contexts::Talk;
use super::{Refusal, admit, wrong_key};
use crate::standins::synth::{Encoding, Format};
use crate::standins::tokens::TokenType;
use crate::standins::websocket::{Ending, Said, Socket, Upgrade};
use crate::standins::{Standins, Vendor, sole_pair};

/// The sample rates of the PCM formats that are documented, in hertz.
const SAMPLE_RATES: [u32; 7] = [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];

/// `GET /v1/text-to-speech/{voice_id}/stream-input`.
pub(super) async fn open(
    standins: State<Standins>,
    query: Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    start(standins, query, headers, upgrade, false)
}

/// `GET /v1/text-to-speech/{voice_id}/multi-stream-input`.
pub(super) async fn open_multi(
    standins: State<Standins>,
    query: Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    start(standins, query, headers, upgrade, true)
}

fn start(
    State(standins): State<Standins>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Upgrade,
    is_multi: bool,
) -> Response {
    upgrade.start(move |mut socket| async move {
        let Err(ending) = run(&mut socket, &standins, &query, &headers, is_multi).await;
        socket.end(ending).await;
    })
}

async fn run(
    socket: &mut Socket,
    standins: &Standins,
    query: &[(String, String)],
    headers: &HeaderMap,
    is_multi: bool,
) -> Result<Infallible, Ending> {
    let format = output_format(query).map_err(|why| refusal("invalid_output_format", &why))?;
    let patience = patience(query).map_err(|why| refusal("invalid_inactivity_timeout", why))?;
    socket.set_patience(patience);
    let mut talk = Talk::new(format, is_multi);
    let with_key_inside = !headers.contains_key("xi-api-key")
        && sole_pair(query, "single_use_token").is_ok_and(|token| token.is_none());
    if with_key_inside {
        // The API key may stand in the first message.
        let first = socket.hear().await?;
        let message = read(&first)?;
        let key = ["xi_api_key", "xi-api-key"]
            .into_iter()
            .find_map(|name| message.get(name)?.as_str());
        if !key.is_some_and(|key| standins.accepts_key(Vendor::ElevenLabs, key)) {
            return Err(refused(&wrong_key()));
        }
        talk.take(&message)?;
    } else {
        admit(
            standins,
            headers,
            query,
            "single_use_token",
            TokenType::TtsWebsocket,
        )
        .map_err(|why| refused(&why))?;
    }
    loop {
        tokio::select! {
            said = socket.hear(), if !talk.queue.is_full() && !talk.is_ending => {
                let message = read(&said.map_err(|ending| quiet(ending, patience))?)?;
                talk.take(&message)?;
            }
            cue = talk.queue.next() => match talk.frame(cue) {
                Some(frame) => socket.say(&frame).await?,
                None => return Err(Ending::done()),
            }
        }
    }
}

/// A message as an object.
fn read(said: &Said) -> Result<Value, Ending> {
    let message = match said {
        Said::Text(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        Said::Sound(_) => None,
    };
    message.ok_or_else(|| {
        let words = "Could not parse input message, make sure it is a json and follows the schema.";
        refusal("invalid_input_message", words)
    })
}

fn output_format(query: &[(String, String)]) -> Result<Format, String> {
    let name = sole_pair(query, "output_format").map_err(|_| "output_format is given twice.")?;
    // What the vendor makes where nothing is asked for.
    let name = name.unwrap_or("mp3_44100_128");
    let rate = name
        .strip_prefix("pcm_")
        .and_then(|rate| rate.parse::<u32>().ok());
    let sample_rate = SAMPLE_RATES.into_iter().find(|known| rate == Some(*known));
    let sample_rate = sample_rate.ok_or_else(|| {
        format!("The stand-in makes no {name}: ask for one of the pcm formats, such as output_format=pcm_24000.")
    })?;
    Ok(Format {
        encoding: Encoding::S16,
        sample_rate,
    })
}

fn patience(query: &[(String, String)]) -> Result<Duration, &'static str> {
    let seconds = match sole_pair(query, "inactivity_timeout") {
        Ok(None) => Some(20),
        Ok(Some(seconds)) => seconds
            .parse()
            .ok()
            .filter(|seconds| (1..=180).contains(seconds)),
        Err(_) => None,
    };
    seconds
        .map(Duration::from_secs)
        .ok_or("inactivity_timeout must be 1 to 180 seconds.")
}

/// The vendor's own words for silence.
fn quiet(ending: Ending, patience: Duration) -> Ending {
    if ending.code != 1008 {
        return ending;
    }
    let words = format!(
        "Have not received a new text input within the timeout of {} seconds. Streaming input terminated.",
        patience.as_secs()
    );
    refusal("input_timeout_exceeded", &words)
}

fn refused(why: &Refusal) -> Ending {
    refusal(why.code(), why.message())
}

/// An error frame, and a close behind it.
pub(super) fn refusal(code: &str, message: &str) -> Ending {
    Ending::with_words(
        json!({ "message": message, "error": code, "code": 1008 }),
        1008,
        message,
    )
}

#[cfg(test)]
mod tests;
