//! Connections, plain and TLS: made when they are needed, or ahead of that.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::{Authority, Scheme};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tower::Service;

type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;
type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Within which a connection must stand.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// How long one that was made ahead may wait for its request: servers hang up on those who say nothing.
const WAITS_FOR: Duration = Duration::from_secs(5);

/// Makes connections.
#[derive(Clone)]
pub struct Connector {
    https: HttpsConnector<HttpConnector>,
    ahead: Arc<Mutex<Vec<Ahead>>>,
}

/// A connection that nothing was sent on yet.
struct Ahead {
    to: (Option<Scheme>, Option<Authority>),
    stream: Stream,
    since: Instant,
}

impl Connector {
    /// A connector with the TLS roots that are compiled in.
    ///
    /// # Errors
    /// Where the TLS library refuses its own defaults.
    pub fn new() -> Result<Self, BoxError> {
        // Reading the system's roots takes milliseconds of each cold start.
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        // Requests are small and wait for nothing.
        http.set_nodelay(true);
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Ok(Self { https: https.wrap_connector(http), ahead: Arc::default() })
    }

    /// Makes a connection for the next one who wants one to that host.
    pub async fn open(&self, uri: Uri) {
        let to = host(&uri);
        if let Ok(stream) = connect(self.https.clone(), uri).await {
            let since = Instant::now();
            self.ahead.lock().unwrap_or_else(PoisonError::into_inner).push(Ahead { to, stream, since });
        }
    }

    fn take(&self, uri: &Uri) -> Option<Stream> {
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        ahead.retain(|one| one.since.elapsed() < WAITS_FOR);
        let wanted = host(uri);
        let place = ahead.iter().position(|one| one.to == wanted)?;
        Some(ahead.swap_remove(place).stream)
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        match self.take(&uri) {
            Some(stream) => Box::pin(std::future::ready(Ok(stream))),
            None => Box::pin(connect(self.https.clone(), uri)),
        }
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

async fn connect(mut https: HttpsConnector<HttpConnector>, uri: Uri) -> Result<Stream, BoxError> {
    timeout(CONNECT_WITHIN, https.call(uri)).await?
}

fn host(uri: &Uri) -> (Option<Scheme>, Option<Authority>) {
    (uri.scheme().cloned(), uri.authority().cloned())
}

#[cfg(test)]
mod tests {
    use super::super::Transport;
    use super::*;
    use bytes::Bytes;
    use http::Request;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A server that counts connections, and those on which something was said.
    async fn server() -> (String, Arc<AtomicUsize>, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let counted = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                counted.0.fetch_add(1, Ordering::SeqCst);
                let requests = Arc::clone(&counted.1);
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                        requests.fetch_add(1, Ordering::SeqCst);
                        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
                    }
                });
            }
        });
        (url, connections, requests)
    }

    async fn ask(transport: &Transport, url: &str) -> Bytes {
        let request = Request::get(format!("{url}/path")).body(Bytes::new()).unwrap();
        transport.send(request, Duration::from_secs(1), 1024).await.unwrap().into_body()
    }

    #[tokio::test]
    async fn a_connection_that_was_made_ahead_serves_the_next_request_to_its_host() {
        let ((url, connections, requests), (other, others, _)) = (server().await, server().await);
        let transport = Transport::new().unwrap();
        transport.open(&format!("{url}/base")).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!((connections.load(Ordering::SeqCst), requests.load(Ordering::SeqCst)), (1, 0), "nothing is sent");
        assert_eq!(ask(&transport, &other).await, "ok");
        assert_eq!(others.load(Ordering::SeqCst), 1, "another host has its own");
        for number in 1..3 {
            assert_eq!(ask(&transport, &url).await, "ok");
            assert_eq!((connections.load(Ordering::SeqCst), requests.load(Ordering::SeqCst)), (1, number));
        }
    }

    #[tokio::test]
    async fn one_that_waited_too_long_is_not_used() {
        let (url, connections, _) = server().await;
        let transport = Transport::new().unwrap();
        transport.open(&url).await;
        for one in transport.connector.ahead.lock().unwrap().iter_mut() {
            one.since -= WAITS_FOR;
        }
        assert_eq!(ask(&transport, &url).await, "ok");
        assert_eq!(connections.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_host_that_is_not_there_is_no_trouble_ahead_of_time() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let transport = Transport::new().unwrap();
        transport.open(&url).await;
        transport.open("no URL").await;
        assert!(transport.connector.ahead.lock().unwrap().is_empty());
    }
}
