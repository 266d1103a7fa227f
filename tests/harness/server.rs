//! A raw HTTP server on loopback that can also misbehave: drip, stall, reset or close connections.
//! It records every request and counts connections, so that a case can assert what was sent, and
//! how often.

use std::io::Result;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::http;
use crate::provider::mint_response;

/// How long a silent server holds a connection: longer than any client under test waits.
const STALL: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// The path and query, as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: SystemTime,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        http::find(&self.headers, name)
    }

    /// The body as JSON, or null.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The sorted names of the headers. A repeated header is listed as often as it was sent.
    pub fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

#[derive(Clone, Debug)]
enum Delivery {
    Immediate,
    Delayed(Duration),
    /// One byte of the whole response per interval.
    Drip(Duration),
    /// This many bytes of the whole response, then a TCP reset.
    Reset(usize),
    /// The whole response, then the connection is closed without `Connection: close`, as servers
    /// close idle connections.
    Close,
    Silence,
}

/// How a server replies to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    delivery: Delivery,
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".into(), content_type.into())];
        Self {
            status,
            headers,
            body: body.into(),
            delivery: Delivery::Immediate,
        }
    }

    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    pub fn token(token: &str) -> Self {
        Self::json(
            200,
            &serde_json::json!({ "token": token, "expires_in_seconds": 60 }),
        )
    }

    /// A token in the provider's format, for its smallest request.
    pub fn minted(provider: &str, token: &str) -> Self {
        Self::json(200, &mint_response(provider, token))
    }

    pub fn silence() -> Self {
        Self::delivery(Self::new(200, "text/plain", ""), Delivery::Silence)
    }

    /// A reset before the first byte.
    pub fn reset() -> Self {
        Self::token("never-sent").reset_after(0)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub fn delayed(self, pause: Duration) -> Self {
        self.delivery(Delivery::Delayed(pause))
    }

    pub fn drip(self, pause: Duration) -> Self {
        self.delivery(Delivery::Drip(pause))
    }

    pub fn reset_after(self, bytes: usize) -> Self {
        self.delivery(Delivery::Reset(bytes))
    }

    pub fn then_close(self) -> Self {
        self.delivery(Delivery::Close)
    }

    fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "HTTP/1.1 {} Scripted\r\ncontent-length: {}\r\n",
            self.status,
            self.body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        [head.as_bytes(), &self.body].concat()
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

#[derive(Default)]
struct Received {
    requests: Mutex<Vec<Request>>,
    preconnects: Mutex<Vec<Request>>,
    connections: AtomicUsize,
}

pub struct Server {
    address: SocketAddr,
    received: Arc<Received>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let address = listener.local_addr().expect("a bound address");
        let received = Arc::new(Received::default());
        let task = tokio::spawn(accept(listener, Arc::new(handler), received.clone()));
        Self {
            address,
            received,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.received
            .requests
            .lock()
            .expect("an unpoisoned lock")
            .clone()
    }

    /// The `HEAD` requests with which functions preconnect. They are not calls, so the handler does
    /// not see them.
    pub fn preconnects(&self) -> Vec<Request> {
        self.received
            .preconnects
            .lock()
            .expect("an unpoisoned lock")
            .clone()
    }

    pub fn connections(&self) -> usize {
        self.received.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, handler: Arc<Handler>, received: Arc<Received>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        received.connections.fetch_add(1, Ordering::SeqCst);
        let (handler, received) = (handler.clone(), received.clone());
        // Some cases disconnect in the middle of a response, so an I/O error is not a failure here.
        connections.spawn(async move {
            serve(stream, &*handler, &received)
                .await
                .unwrap_or_default()
        });
    }
}

async fn serve(mut stream: TcpStream, handler: &Handler, received: &Received) -> Result<()> {
    stream.set_nodelay(true)?;
    while let Some(head) = http::read_head(&mut stream).await? {
        let mut body = head.rest.clone();
        while body.len() < head.content_length() {
            if stream.read_buf(&mut body).await? == 0 {
                return Ok(());
            }
        }
        let mut words = head.first_line.split(' ').map(str::to_owned);
        let (method, target) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let request = Request {
            method,
            target,
            headers: head.headers,
            body,
            at: SystemTime::now(),
        };
        if request.method == "HEAD" {
            received
                .preconnects
                .lock()
                .expect("an unpoisoned lock")
                .push(request);
            stream
                .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n")
                .await?;
            continue;
        }
        let reply = handler(&request);
        received
            .requests
            .lock()
            .expect("an unpoisoned lock")
            .push(request);
        let bytes = reply.bytes();
        match reply.delivery {
            Delivery::Immediate => stream.write_all(&bytes).await?,
            Delivery::Delayed(pause) => {
                sleep(pause).await;
                stream.write_all(&bytes).await?;
            }
            Delivery::Drip(pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    sleep(pause).await;
                }
            }
            Delivery::Reset(sent) => {
                stream.write_all(&bytes[..sent.min(bytes.len())]).await?;
                // The bytes must arrive first: a reset discards data that is still in transit.
                sleep(Duration::from_millis(50)).await;
                return stream.set_zero_linger();
            }
            Delivery::Close => return stream.write_all(&bytes).await,
            Delivery::Silence => sleep(STALL).await,
        }
    }
    Ok(())
}
