//! WebSockets for all vendors: from the upgrade to the close, with limits on size and silence.
//! Pages of any origin may connect, as at the vendors.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// Larger messages end the socket: several seconds of 48 kHz sound in base64.
const MESSAGE_LIMIT: usize = 1024 * 1024;

/// A socket that says nothing for so long is closed. Pings do not count: some clients send them
/// forever.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long an ended socket may take to close its side.
const FAREWELL: Duration = Duration::from_secs(2);

/// A reason longer than this does not fit into a close frame.
const REASON_LIMIT: usize = 123;

/// A request that asks for a WebSocket.
pub(super) struct Upgrade {
    switched: OnUpgrade,
    answer: Response,
}

/// A WebSocket on the side of the stand-in.
pub(super) struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    patience: Duration,
    heard_last: Instant,
    /// Whether what comes can no longer be read as messages.
    is_broken: bool,
}

/// What a client said.
pub(super) enum Said {
    Text(Utf8Bytes),
    Sound(Bytes),
}

/// How a socket ends: a last frame where there is one, and the close behind it.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) frame: Option<Value>,
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Ending {
    /// All is said.
    pub(super) fn done() -> Self {
        Self::without_words(1000, "")
    }

    /// A close alone.
    pub(super) fn without_words(code: u16, reason: impl Into<String>) -> Self {
        Self {
            frame: None,
            code,
            reason: reason.into(),
        }
    }

    /// A frame that says why, and then the close.
    pub(super) fn with_words(frame: Value, code: u16, reason: impl Into<String>) -> Self {
        Self {
            frame: Some(frame),
            code,
            reason: reason.into(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let mut request = Request::new(());
        request.method_mut().clone_from(&parts.method);
        request.headers_mut().clone_from(&parts.headers);
        let switched = parts.extensions.remove::<OnUpgrade>();
        match (create_response_with_body(&request, Body::empty), switched) {
            (Ok(answer), Some(switched)) => Ok(Self { switched, answer }),
            _ => {
                let headers = [
                    (header::CONNECTION, "upgrade"),
                    (header::UPGRADE, "websocket"),
                ];
                Err((
                    StatusCode::UPGRADE_REQUIRED,
                    headers,
                    "This is a WebSocket: connect to it as ws: or wss:.\n",
                )
                    .into_response())
            }
        }
    }
}

impl Upgrade {
    /// Answers the request, and has `session` talk as soon as it is a socket.
    pub(super) fn start<F, T>(self, session: F) -> Response
    where
        F: FnOnce(Socket) -> T + Send + 'static,
        T: Future<Output = ()> + Send,
    {
        let switched = self.switched;
        tokio::spawn(async move {
            // A client that left before it was a socket needs no word.
            if let Ok(io) = switched.await {
                session(Socket::new(io).await).await;
            }
        });
        self.answer
    }
}

impl Socket {
    async fn new(io: Upgraded) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let stream =
            WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, Some(config)).await;
        Self {
            stream,
            patience: PATIENCE,
            heard_last: Instant::now(),
            is_broken: false,
        }
    }

    /// The longest silence from now on.
    pub(super) fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// The next message. It may be dropped and asked again without losing one.
    ///
    /// # Errors
    /// How the socket is to end: the client left, said nothing for too long, or too much at once.
    pub(super) async fn hear(&mut self) -> Result<Said, Ending> {
        loop {
            let Ok(heard) = timeout_at(self.heard_last + self.patience, self.stream.next()).await
            else {
                let reason = format!("Nothing was said for {} seconds.", self.patience.as_secs());
                return Err(Ending::without_words(1008, reason));
            };
            self.is_broken = matches!(heard, Some(Err(_)));
            let said = match heard {
                Some(Ok(Message::Text(text))) => Said::Text(text),
                Some(Ok(Message::Binary(sound))) => Said::Sound(sound),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(Error::Capacity(_))) => {
                    return Err(Ending::without_words(
                        1009,
                        format!("A message is at most {MESSAGE_LIMIT} bytes."),
                    ));
                }
                Some(Err(Error::Utf8(_))) => {
                    return Err(Ending::without_words(1007, "Text must be UTF-8."));
                }
                Some(Err(Error::Protocol(_))) => return Err(Ending::without_words(1002, "")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Ending::done()),
            };
            self.heard_last = Instant::now();
            return Ok(said);
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// The client has left, or has stopped reading.
    pub(super) async fn say(&mut self, frame: &Value) -> Result<(), Ending> {
        let sent = timeout(
            self.patience,
            self.stream.send(Message::text(frame.to_string())),
        )
        .await;
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ending::done()),
        }
    }

    /// Says the last word, closes, and lets the client do so too: a connection that is cut while
    /// the client still sends would take the last frames with it.
    pub(super) async fn end(mut self, ending: Ending) {
        if let Some(frame) = &ending.frame
            && self.say(frame).await.is_err()
        {
            return;
        }
        let mut reason = ending.reason;
        reason.truncate(reason.floor_char_boundary(REASON_LIMIT));
        let close = CloseFrame {
            code: CloseCode::from(ending.code),
            reason: reason.into(),
        };
        let farewell = async {
            // It is no news to a client that closed first, which still waits for the answer.
            let _ = self.stream.close(Some(close)).await;
            if self.is_broken {
                let _ = tokio::io::copy(self.stream.get_mut(), &mut tokio::io::sink()).await;
            } else {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = timeout(FAREWELL, farewell).await;
    }
}

#[cfg(test)]
mod tests;
