//! A raw HTTP server on loopback that can also do what well-behaved servers cannot: drip, stall,
//! reset, hang up. It records every request and counts connections, so that a case can say what was
//! sent, and how often.

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

/// Longer than any client under test waits; a server never holds a connection beyond it.
const STALL: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: SystemTime,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        http::find(&self.headers, name)
    }

    /// The body as JSON, null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The headers' names in order, each as often as it was sent.
    pub fn header_names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

#[derive(Clone, Debug)]
enum Manner {
    AtOnce,
    After(Duration),
    /// One byte of the whole answer in each such time.
    Drip(Duration),
    /// This many bytes of the whole answer, then a TCP reset.
    Reset(usize),
    /// The whole answer, then the connection is closed without a word, as idle pools find it.
    Close,
    Silence,
}

/// What a server does with one request.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    manner: Manner,
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".into(), content_type.into())];
        Self {
            status,
            headers,
            body: body.into(),
            manner: Manner::AtOnce,
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

    pub fn silence() -> Self {
        Self::manner(Self::new(200, "text/plain", ""), Manner::Silence)
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

    pub fn after(self, pause: Duration) -> Self {
        self.manner(Manner::After(pause))
    }

    pub fn drip(self, pause: Duration) -> Self {
        self.manner(Manner::Drip(pause))
    }

    pub fn reset_after(self, bytes: usize) -> Self {
        self.manner(Manner::Reset(bytes))
    }

    pub fn then_close(self) -> Self {
        self.manner(Manner::Close)
    }

    fn manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
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
struct Seen {
    requests: Mutex<Vec<Request>>,
    warm_ups: Mutex<Vec<Request>>,
    connections: AtomicUsize,
}

pub struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Server {
    pub async fn start(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let address = listener.local_addr().expect("a bound address");
        let seen = Arc::new(Seen::default());
        let task = tokio::spawn(accept(listener, Arc::new(handler), seen.clone()));
        Self {
            address,
            seen,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen
            .requests
            .lock()
            .expect("an unpoisoned record")
            .clone()
    }

    /// The `HEAD`s by which functions warm their connection: no calls, so they are answered past
    /// the handler.
    pub fn warm_ups(&self) -> Vec<Request> {
        self.seen
            .warm_ups
            .lock()
            .expect("an unpoisoned record")
            .clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, handler: Arc<Handler>, seen: Arc<Seen>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let (handler, seen) = (handler.clone(), seen.clone());
        // A client that goes away mid-answer is what some cases are about, and no error here.
        connections.spawn(async move { serve(stream, &*handler, &seen).await.unwrap_or_default() });
    }
}

async fn serve(mut stream: TcpStream, handler: &Handler, seen: &Seen) -> Result<()> {
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
            seen.warm_ups
                .lock()
                .expect("an unpoisoned record")
                .push(request);
            stream
                .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n")
                .await?;
            continue;
        }
        let reply = handler(&request);
        seen.requests
            .lock()
            .expect("an unpoisoned record")
            .push(request);
        let bytes = reply.bytes();
        match reply.manner {
            Manner::AtOnce => stream.write_all(&bytes).await?,
            Manner::After(pause) => {
                sleep(pause).await;
                stream.write_all(&bytes).await?;
            }
            Manner::Drip(pause) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    sleep(pause).await;
                }
            }
            Manner::Reset(sent) => {
                stream.write_all(&bytes[..sent.min(bytes.len())]).await?;
                // Let the part arrive: a reset overtakes what is still under way.
                sleep(Duration::from_millis(50)).await;
                return stream.set_zero_linger();
            }
            Manner::Close => return stream.write_all(&bytes).await,
            Manner::Silence => sleep(STALL).await,
        }
    }
    Ok(())
}
