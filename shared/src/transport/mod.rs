//! HTTP to the outside: one client, one pool of connections and one set of TLS roots for the provider, the issuer and AWS.

mod connector;

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;

use connector::Connector;

/// Connections die unnoticed while a function is frozen, so they are not trusted for long.
const IDLE_FOR: Duration = Duration::from_secs(20);
const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("voicemint/", env!("CARGO_PKG_VERSION")));
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// Why there is no answer.
#[derive(Debug)]
pub enum Failure {
    /// None in the time allowed.
    Timeout,
    /// It is longer than what is read.
    TooLarge,
    /// No connection, or it broke; a clause for the log.
    Unreachable(&'static str),
}

/// The HTTP client. Follows no redirects and asks no proxy: no variable may lead calls, or the keys in them, astray. Cheap to
/// clone.
#[derive(Clone, Debug)]
pub struct Transport {
    client: Client<Connector, Full<Bytes>>,
    connector: Connector,
}

impl Transport {
    /// Builds the client.
    ///
    /// # Errors
    /// Where the TLS library refuses its own defaults, which no setting can cause.
    pub fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let connector = Connector::new()?;
        let client = Client::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_FOR).build(connector.clone());
        Ok(Self { client, connector })
    }

    /// Connects to a URL's host, so that the next request there need not. Best effort, and nothing is sent.
    pub async fn open(&self, url: &str) {
        if let Ok(uri) = Uri::try_from(url) {
            self.connector.open(uri).await;
        }
    }

    /// Sends a request and reads the whole answer, of at most `most_bytes`, within `timeout`.
    ///
    /// # Errors
    /// See [`Failure`]. An answer of any status is no failure.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        most_bytes: usize,
    ) -> Result<Response<Bytes>, Failure> {
        let mut request = request.map(Full::new);
        request.headers_mut().entry(header::USER_AGENT).or_insert(USER_AGENT);
        request.headers_mut().entry(header::ACCEPT).or_insert(ANYTHING);
        let exchange = async {
            let (parts, mut body) = self.client.request(request).await.map_err(failure)?.into_parts();
            let mut read = BytesMut::new();
            while let Some(frame) = body.frame().await {
                // Trailers are nothing to us.
                let Ok(data) = frame.map_err(|_| Failure::Unreachable("the connection broke"))?.into_data() else {
                    continue;
                };
                if read.len() + data.len() > most_bytes {
                    return Err(Failure::TooLarge);
                }
                read.extend_from_slice(&data);
            }
            Ok(Response::from_parts(parts, read.freeze()))
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(Failure::Timeout))
    }
}

/// Names a failure without the URL or anything that came over the wire.
fn failure(error: Error) -> Failure {
    Failure::Unreachable(if error.is_connect() { "no connection" } else { "the connection broke" })
}
