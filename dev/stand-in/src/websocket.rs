//! WebSockets for all stand-ins, from the upgrade to the close, with limits for message size and idle
//! time. Pages of any origin can connect, as at the providers.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
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

/// The maximum size of a message: several seconds of 48 kHz audio in base64.
pub const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// How long a client can be silent. Pings do not count, since some clients send them forever.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the client can take to close its side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The maximum length of the reason in a close frame.
const MAX_REASON_BYTES: usize = 123;

/// A request to open a WebSocket.
pub struct Upgrade {
    upgrade: OnUpgrade,
    response: Response,
    protocols: Vec<String>,
}

/// The server side of a WebSocket.
pub struct Socket {
    stream: WebSocketStream<TokioIo<Upgraded>>,
    idle_timeout: Duration,
    last_message_at: Instant,
    /// Whether incoming data can no longer be read as messages.
    is_broken: bool,
}

/// A message from the client.
pub enum ClientMessage {
    /// A text frame.
    Text(Utf8Bytes),
    /// A binary frame, which is audio at most providers.
    Audio(Bytes),
}

/// How a WebSocket is closed: an optional last frame, then the close frame.
#[derive(Debug)]
pub struct SocketClose {
    last_frame: Option<Value>,
    /// The code of the close frame.
    pub code: u16,
    /// The reason in the close frame.
    pub reason: String,
}

impl SocketClose {
    /// A normal close.
    pub fn normal() -> Self {
        Self::new(1000, "")
    }

    /// A close without a last frame.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            last_frame: None,
            code,
            reason: reason.into(),
        }
    }

    /// A close after a last frame.
    pub fn with_frame(frame: Value, code: u16, reason: impl Into<String>) -> Self {
        Self {
            last_frame: Some(frame),
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
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        match (create_response_with_body(&request, Body::empty), upgrade) {
            (Ok(response), Some(upgrade)) => Ok(Self {
                upgrade,
                response,
                protocols: offered_protocols(&parts.headers),
            }),
            _ => {
                let headers = [
                    (header::CONNECTION, "upgrade"),
                    (header::UPGRADE, "websocket"),
                ];
                Err((
                    StatusCode::UPGRADE_REQUIRED,
                    headers,
                    "This path is a WebSocket: connect with ws: or wss:.\n",
                )
                    .into_response())
            }
        }
    }
}

/// The subprotocols that the client offers, in its order.
fn offered_protocols(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|protocol| protocol.trim().to_owned())
        .filter(|protocol| !protocol.is_empty())
        .collect()
}

impl Upgrade {
    /// The subprotocols that the client offers. Clients that offer some fail if none is selected.
    pub fn protocols(&self) -> &[String] {
        &self.protocols
    }

    /// Selects a subprotocol, if the client offers it.
    #[must_use]
    pub fn select(mut self, protocol: &'static str) -> Self {
        if self.protocols.iter().any(|offered| offered == protocol) {
            self.response.headers_mut().insert(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(protocol),
            );
        }
        self
    }

    /// Responds to the request, and runs `session` when the WebSocket is open.
    pub fn start<F, T>(self, session: F) -> Response
    where
        F: FnOnce(Socket) -> T + Send + 'static,
        T: Future<Output = ()> + Send,
    {
        let upgrade = self.upgrade;
        tokio::spawn(async move {
            // A client that left during the upgrade needs no response.
            if let Ok(io) = upgrade.await {
                session(Socket::new(io).await).await;
            }
        });
        self.response
    }
}

impl Socket {
    async fn new(io: Upgraded) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(16 * 1024)
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        let stream =
            WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, Some(config)).await;
        Self {
            stream,
            idle_timeout: IDLE_TIMEOUT,
            last_message_at: Instant::now(),
            is_broken: false,
        }
    }

    /// Changes the idle timeout.
    pub fn set_idle_timeout(&mut self, idle_timeout: Duration) {
        self.idle_timeout = idle_timeout;
    }

    /// The next message. This method is cancel-safe.
    ///
    /// # Errors
    /// The close to send: the client has left, was silent for too long, or sent an invalid message.
    pub async fn receive(&mut self) -> Result<ClientMessage, SocketClose> {
        loop {
            let deadline = self.last_message_at + self.idle_timeout;
            let Ok(received) = timeout_at(deadline, self.stream.next()).await else {
                let seconds = self.idle_timeout.as_secs();
                let reason = format!("No message was received for {seconds} seconds.");
                return Err(SocketClose::new(1008, reason));
            };
            self.is_broken = matches!(received, Some(Err(_)));
            let message = match received {
                Some(Ok(Message::Text(text))) => ClientMessage::Text(text),
                Some(Ok(Message::Binary(audio))) => ClientMessage::Audio(audio),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
                Some(Err(Error::Capacity(_))) => {
                    return Err(SocketClose::new(
                        1009,
                        format!("A message can have at most {MAX_MESSAGE_BYTES} bytes."),
                    ));
                }
                Some(Err(Error::Utf8(_))) => {
                    return Err(SocketClose::new(1007, "Text must be UTF-8."));
                }
                Some(Err(Error::Protocol(_))) => return Err(SocketClose::new(1002, "")),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(SocketClose::normal()),
            };
            self.last_message_at = Instant::now();
            return Ok(message);
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// If the client has left or does not read.
    pub async fn send(&mut self, frame: &Value) -> Result<(), SocketClose> {
        self.send_message(Message::text(frame.to_string())).await
    }

    /// Sends a binary frame.
    ///
    /// # Errors
    /// If the client has left or does not read.
    pub async fn send_binary(&mut self, bytes: impl Into<Bytes>) -> Result<(), SocketClose> {
        self.send_message(Message::binary(bytes)).await
    }

    async fn send_message(&mut self, message: Message) -> Result<(), SocketClose> {
        match timeout(self.idle_timeout, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(SocketClose::normal()),
        }
    }

    /// Sends the last frame and the close frame, and waits until the client closes its side. If the
    /// connection were cut while the client is sending, the last frames could be lost.
    pub async fn close(mut self, close: SocketClose) {
        if let Some(frame) = &close.last_frame
            && self.send(frame).await.is_err()
        {
            return;
        }
        let mut reason = close.reason;
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        let close_frame = CloseFrame {
            code: CloseCode::from(close.code),
            reason: reason.into(),
        };
        let closing = async {
            // This also answers the close frame of a client that closed first.
            let _ = self.stream.close(Some(close_frame)).await;
            if self.is_broken {
                let _ = tokio::io::copy(self.stream.get_mut(), &mut tokio::io::sink()).await;
            } else {
                while let Some(Ok(_)) = self.stream.next().await {}
            }
        };
        let _ = timeout(CLOSE_TIMEOUT, closing).await;
    }
}
