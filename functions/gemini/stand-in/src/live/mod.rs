//! Live sessions. Sources: ai.google.dev/api/live, and the vendor's SDKs: @google/genai 3.3.0 and
//! google-genai 3.6.1. The codes with which Google closes a session are not documented; those here
//! are what users report.

mod session;

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep_until, timeout_at};
use voicemint_stand_in::request::QueryPairs;
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};
use voicemint_stand_in::{Account, RedeemError};

use self::session::Session;
use crate::auth::{check_key, token};
use crate::lock::Lock;
use crate::mint::LIVE;
use crate::proto_json;
use crate::setup::Setup;

/// How long a connection lasts at most.
const CONNECTION_SECONDS: u64 = 600;
/// How long before the end the client is warned.
const WARNING: Duration = Duration::from_secs(10);

/// What a client may do.
struct Access {
    lock: Lock,
    /// How long messages are accepted.
    remaining: Duration,
}

/// A socket that accepts API keys. A token is no API key.
pub(crate) async fn open(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let access = match check_key(&account, &query, &headers) {
        Ok(()) => Ok(Access {
            lock: Lock::default(),
            remaining: Duration::MAX,
        }),
        Err(error) => Err(SocketClose::new(1008, error.message())),
    };
    start(access, upgrade)
}

/// The socket that accepts tokens. An API key is no token.
pub(crate) async fn open_constrained(
    State(account): State<Account>,
    Query(query): Query<QueryPairs>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let access = redeem(&account, &query, &headers);
    start(
        access.map_err(|reason| SocketClose::new(1008, reason)),
        upgrade,
    )
}

/// Redeems a token when the socket opens. When Google counts a use is not documented.
fn redeem(
    account: &Account,
    query: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Access, &'static str> {
    let token = token(query, headers)?;
    let terms = account
        .redeem_for_session(token, LIVE)
        .map_err(|error| match error {
            RedeemError::Expired => "The auth token has expired.",
            RedeemError::Spent => "The auth token was used before.",
            RedeemError::Unknown | RedeemError::NotGranted => "The auth token is not known.",
        })?;
    let configuration = terms.configuration.unwrap_or_default();
    let until = configuration.get("messagesUntil").and_then(Value::as_u64);
    let lock = configuration.get("lock").map(Lock::from_value);
    let until = Duration::from_secs(until.unwrap_or_default());
    Ok(Access {
        lock: lock.unwrap_or_default(),
        remaining: until.saturating_sub(account.now()),
    })
}

/// Errors are sent on the socket, since a page cannot read a rejected upgrade.
fn start(access: Result<Access, SocketClose>, upgrade: Upgrade) -> Response {
    upgrade.start(|mut socket| async move {
        let close = match access {
            Ok(access) => {
                let Err(close) = run(&mut socket, &access).await;
                close
            }
            Err(close) => close,
        };
        socket.close(close).await;
    })
}

async fn run(socket: &mut Socket, access: &Access) -> Result<Infallible, SocketClose> {
    let duration = Duration::from_secs(CONNECTION_SECONDS).min(access.remaining);
    let deadline = Instant::now() + duration;
    // The client may be silent for the whole session.
    socket.set_idle_timeout(2 * duration);
    let client = timeout_at(deadline, receive_setup(socket))
        .await
        .map_err(|_| ended(access))??;
    let setup = access.lock.apply(client);
    let setup = Setup::read(&setup).map_err(|reason| SocketClose::new(1007, reason))?;
    send(socket, &json!({ "setupComplete": {} })).await?;
    let mut session = Session::new(setup);
    let warning_at = deadline.checked_sub(WARNING).unwrap_or(deadline);
    let mut is_warned = false;
    loop {
        tokio::select! {
            message = socket.receive(), if !session.queue.is_full() => {
                let message = read(&message?)?;
                let frames = session.handle(&message).map_err(|reason| SocketClose::new(1007, reason))?;
                for frame in frames {
                    send(socket, &frame).await?;
                }
            }
            item = session.queue.next() => {
                let frame = session.frame(item);
                send(socket, &frame).await?;
            }
            () = sleep_until(warning_at), if !is_warned => {
                is_warned = true;
                let left = deadline.saturating_duration_since(Instant::now()).as_secs();
                send(socket, &json!({ "goAway": { "timeLeft": format!("{left}s") } })).await?;
            }
            () = sleep_until(deadline) => return Err(ended(access)),
        }
    }
}

/// The close at the end of the time that the token or the connection has.
fn ended(access: &Access) -> SocketClose {
    if access.remaining.as_secs() <= CONNECTION_SECONDS {
        SocketClose::new(1008, "The auth token no longer permits messages.")
    } else {
        SocketClose::new(1011, "The connection has lasted for 10 minutes.")
    }
}

/// The setup in the first message.
async fn receive_setup(socket: &mut Socket) -> Result<Map<String, Value>, SocketClose> {
    let message = read(&socket.receive().await?)?;
    let setup = match message.get("setup") {
        Some(Value::Object(setup)) if message.len() == 1 => setup.clone(),
        _ => {
            let reason = "The first message must be a setup.";
            return Err(SocketClose::new(1007, reason));
        }
    };
    Ok(setup)
}

/// Reads a message, which is a JSON object in a text or a binary frame.
fn read(message: &ClientMessage) -> Result<Map<String, Value>, SocketClose> {
    let bytes = match message {
        ClientMessage::Text(text) => text.as_bytes(),
        ClientMessage::Audio(bytes) => bytes,
    };
    proto_json::parse_object(bytes)
        .ok_or_else(|| SocketClose::new(1007, "Invalid JSON payload received."))
}

/// Sends a message. Google sends JSON in binary frames.
async fn send(socket: &mut Socket, frame: &Value) -> Result<(), SocketClose> {
    socket.send_binary(frame.to_string()).await
}

#[cfg(test)]
mod tests;
