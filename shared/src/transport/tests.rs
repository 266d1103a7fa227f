//! The client with servers on loopback.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// A server that counts connections and requests, and keeps connections open.
#[derive(Clone, Default)]
struct Server {
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> (String, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Self::default();
        let counted = server.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.connections.fetch_add(1, Ordering::SeqCst);
                let requests = Arc::clone(&counted.requests);
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                        requests.fetch_add(1, Ordering::SeqCst);
                        let head = buffer[..count].starts_with(b"HEAD ");
                        let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
                        let response = if head {
                            response.trim_end_matches("ok")
                        } else {
                            response
                        };
                        stream.write_all(response.as_bytes()).await.unwrap();
                    }
                });
            }
        });
        (url, server)
    }

    fn counts(&self) -> (usize, usize) {
        (
            self.connections.load(Ordering::SeqCst),
            self.requests.load(Ordering::SeqCst),
        )
    }
}

async fn get(transport: &Transport, url: &str) -> Result<Bytes, Failure> {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    transport
        .send(request, Duration::from_secs(3), 1024)
        .await
        .map(Response::into_body)
}

async fn clause(transport: &Transport, url: &str) -> &'static str {
    match get(transport, url).await {
        Err(Failure::NotConnected(clause) | Failure::Unreachable(clause)) => clause,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_warmed_connection_serves_the_next_request() {
    let (url, server) = Server::start().await;
    let transport = Transport::new().unwrap();
    transport.warm(&url).await;
    assert_eq!(server.counts(), (1, 1));
    assert_eq!(get(&transport, &url).await.unwrap(), "ok");
    assert_eq!(server.counts(), (1, 2), "one connection");
}

#[tokio::test]
async fn calls_to_different_urls_go_where_they_should() {
    let ((first, counts), (second, others)) = (Server::start().await, Server::start().await);
    let transport = Transport::new().unwrap();
    for url in [&first, &first, &second, &first, &second, &second] {
        assert_eq!(get(&transport, url).await.unwrap(), "ok");
    }
    assert_eq!((counts.counts(), others.counts()), ((1, 3), (1, 3)));
}

#[tokio::test]
async fn warming_an_unreachable_host_has_no_effect() {
    let transport = Transport::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = format!("http://{}", listener.local_addr().unwrap());
    let began = tokio::time::Instant::now();
    transport.warm(&silent).await;
    assert!(began.elapsed() < Duration::from_millis(1500));
    drop(listener);
    transport.warm(&silent).await;
    transport.warm("no URL").await;
}

#[tokio::test]
async fn connection_errors_are_distinguished() {
    let transport = Transport::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(
        clause(&transport, &closed).await,
        "the connection was refused"
    );
    assert_eq!(
        clause(&transport, "https://no-such-host.invalid/").await,
        "its name does not resolve"
    );
    let (plain, _) = Server::start().await;
    let no_tls = plain.replace("http:", "https:");
    assert_eq!(
        clause(&transport, &no_tls).await,
        "the TLS handshake failed"
    );
    let hangs_up = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", hangs_up.local_addr().unwrap());
    tokio::spawn(async move { while hangs_up.accept().await.is_ok() {} });
    assert_eq!(clause(&transport, &url).await, "the connection broke");
}

#[tokio::test]
async fn a_connection_that_takes_too_long_is_a_connection_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    // The operating system accepts TCP connections, but nothing speaks TLS.
    let began = tokio::time::Instant::now();
    assert_eq!(
        clause(&Transport::new().unwrap(), &url).await,
        "no connection within 1 s"
    );
    assert!(began.elapsed() < Duration::from_millis(1800));
}
