//! Soniox's real-time speech: up to five streams on one socket. Sources:
//! soniox.com/docs/api-reference/tts/websocket-api, soniox.com/docs/tts/rt (termination, keepalive,
//! limits), and the vendor's SDKs: @soniox/client 2.3.0 and soniox 2.10.0 on PyPI.

mod streams;

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use voicemint_stand_in::Account;
use voicemint_stand_in::websocket::{ClientMessage, Socket, SocketClose, Upgrade};

use self::streams::Streams;
use super::auth::KEY_PROTOCOL;
use super::error::SonioxError;
use super::session::{Received, Session};
use crate::usage::UsageType;

/// `GET /tts-websocket`. Errors are sent on the WebSocket, since a page cannot read a rejected
/// upgrade.
pub(super) async fn open(
    State(account): State<Account>,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Response {
    let session = Session::open(account, UsageType::TtsRt, &headers, upgrade.protocols());
    upgrade.select(KEY_PROTOCOL).start(|mut socket| async move {
        let close = match session {
            Ok(session) => {
                let Err(close) = run(&mut socket, session).await;
                close
            }
            Err(error) => error.close_speech(None),
        };
        socket.close(close).await;
    })
}

async fn run(socket: &mut Socket, mut session: Session) -> Result<Infallible, SocketClose> {
    let mut streams = Streams::default();
    loop {
        tokio::select! {
            message = session.receive(socket), if !streams.queue.is_full() => {
                let frame = message.map_err(close)?;
                handle(&frame, &mut session, &mut streams)?;
            }
            // Without a message being read, the session must end in time too.
            error = session.end(), if streams.queue.is_full() => return Err(error.close_speech(None)),
            item = streams.queue.next() => socket.send(&streams.frame(item)).await?,
        }
    }
}

/// Handles a message. An error in a stream ends that stream. Without a valid key, or a valid
/// message, the connection ends.
fn handle(
    message: &ClientMessage,
    session: &mut Session,
    streams: &mut Streams,
) -> Result<(), SocketClose> {
    let frame = match message {
        ClientMessage::Text(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        ClientMessage::Audio(_) => None,
    };
    let frame: Value =
        frame.ok_or_else(|| SonioxError::invalid("Invalid JSON message.").close_speech(None))?;
    if frame.get("keep_alive").is_some() {
        return Ok(());
    }
    let stream = frame.get("stream_id").and_then(Value::as_str);
    session
        .check_frame(&frame)
        .map_err(|error| error.close_speech(stream))?;
    let Some(stream) = stream.filter(|id| (1..=256).contains(&id.chars().count())) else {
        let message = "Missing required field: stream_id";
        return Err(SonioxError::invalid(message).close_speech(None));
    };
    let stream = stream.to_owned();
    if let Err(error) = streams.handle(&stream, frame) {
        streams.fail(&stream, &error);
    }
    Ok(())
}

fn close(received: Received) -> SocketClose {
    match received {
        Received::Error(error) => error.close_speech(None),
        Received::Close(close) => close,
    }
}

#[cfg(test)]
mod tests;
