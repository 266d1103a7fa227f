//! Support for the tests of stand-ins: a manual clock, calls to the router, and a WebSocket client.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "only tests use this module"
)]

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use std::io;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, Request, StatusCode};
use axum::serve::Listener;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::DuplexStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tower::ServiceExt;

use voicemint::internals::Clock;

use crate::{Account, Standin, Standins};

/// The content type of [`multipart_body`].
pub const MULTIPART_TYPE: &str = "multipart/form-data; boundary=----stand-in";

/// A clock that only `advance` moves.
pub struct TestClock(Arc<AtomicU64>);

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(1_800_000_000)))
    }
}

impl TestClock {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn clock(&self) -> Clock {
        let seconds = self.0.clone();
        Clock::new(move || UNIX_EPOCH + Duration::from_secs(seconds.load(Ordering::Relaxed)))
    }
}

/// The stand-in of one provider, with its account.
pub struct TestStandin {
    standins: Standins,
    account: Account,
}

impl TestStandin {
    /// Starts a stand-in with a clock that only `advance` moves.
    pub fn start(standin: &'static dyn Standin) -> (Self, TestClock) {
        let time = TestClock::new();
        let standins = Standins::new(&[standin], &time.clock());
        let account = standins.account(standin.name()).unwrap().clone();
        (Self { standins, account }, time)
    }
}

impl Deref for TestStandin {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl AsRef<Standins> for TestStandin {
    fn as_ref(&self) -> &Standins {
        &self.standins
    }
}

impl AsRef<Standins> for Standins {
    fn as_ref(&self) -> &Standins {
        self
    }
}

/// A response, with its whole body.
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl TestResponse {
    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The minted token.
    pub fn token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.json());
        self.json()["token"].as_str().unwrap().to_owned()
    }
}

/// Sends one request to the router.
pub async fn call(
    standins: &impl AsRef<Standins>,
    method: &str,
    uri: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> TestResponse {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = standins.as_ref().router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    TestResponse {
        status: parts.status,
        headers: parts.headers,
        body: to_bytes(body, usize::MAX).await.unwrap().to_vec(),
    }
}

/// A multipart body of these parts; the part named `file` is a file.
pub fn multipart_body(parts: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, content) in parts {
        let file = if *name == "file" {
            "; filename=\"a.wav\"\r\ncontent-type: audio/wav"
        } else {
            ""
        };
        body.push_str(&format!(
            "------stand-in\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
        ));
    }
    body + "------stand-in--\r\n"
}

/// A WebSocket client, and the subprotocol that the server selected. It is connected through memory,
/// so that tests can run with paused time.
pub struct SocketClient(pub WebSocketStream<DuplexStream>, pub Option<String>);

/// A message that a client received.
#[derive(Debug, PartialEq)]
pub enum Received {
    Frame(Value),
    Binary(Vec<u8>),
    Closed(u16, String),
}

impl SocketClient {
    /// Connects. The error is the status and the body of a rejected upgrade.
    pub async fn connect(
        standins: &impl AsRef<Standins>,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, (u16, Value)> {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let router = standins.as_ref().router();
        tokio::spawn(async move { axum::serve(SingleConnection(Some(theirs)), router).await });
        let mut request = format!("ws://localhost{path}")
            .into_client_request()
            .unwrap();
        for (name, value) in headers {
            request
                .headers_mut()
                .append(HeaderName::from_static(name), value.parse().unwrap());
        }
        match client_async(request, ours).await {
            Ok((stream, response)) => {
                let protocol = response.headers().get("sec-websocket-protocol");
                let protocol = protocol.map(|value| value.to_str().unwrap().to_owned());
                Ok(Self(stream, protocol))
            }
            Err(Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                Err((
                    response.status().as_u16(),
                    serde_json::from_slice(body).unwrap_or_default(),
                ))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn send(&mut self, message: Value) {
        self.text(&message.to_string()).await;
    }

    pub async fn text(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    pub async fn audio(&mut self, bytes: usize) {
        self.binary(vec![0; bytes]).await;
    }

    pub async fn binary(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::binary(bytes)).await.unwrap();
    }

    pub async fn next(&mut self) -> Received {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => Received::Frame(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Binary(bytes))) => Received::Binary(bytes.to_vec()),
            Some(Ok(Message::Close(Some(close)))) => {
                Received::Closed(close.code.into(), close.reason.to_string())
            }
            other => panic!("{other:?}"),
        }
    }

    pub async fn frame(&mut self) -> Value {
        match self.next().await {
            Received::Frame(frame) => frame,
            other => panic!("{other:?}"),
        }
    }

    /// All text frames until the close, with its code and reason.
    pub async fn rest(&mut self) -> (Vec<Value>, u16, String) {
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                Received::Frame(frame) => frames.push(frame),
                Received::Binary(_) => {}
                Received::Closed(code, reason) => return (frames, code, reason),
            }
        }
    }
}

/// A listener with one connection.
struct SingleConnection(Option<DuplexStream>);

impl Listener for SingleConnection {
    type Io = DuplexStream;
    type Addr = ();

    async fn accept(&mut self) -> (DuplexStream, ()) {
        match self.0.take() {
            Some(stream) => (stream, ()),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}
