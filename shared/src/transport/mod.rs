//! Outgoing HTTP: one client, one connection pool and one set of TLS roots for the provider, the
//! issuer and AWS.

mod failure;
mod proxy;
pub(crate) mod retry;
mod tls;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Uri};
use reqwest::{Client, redirect};
use url::Url;

pub use failure::Failure;

use crate::settings::{Reader, SettingsError};

/// The time limit of a connection: DNS, TCP and TLS.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_secs(1);
/// The time limit of the request that opens a connection in advance.
const WARM_WITHIN: Duration = Duration::from_secs(1);
/// How long an idle connection is kept. Connections can break unnoticed while a function is frozen.
const IDLE_FOR: Duration = Duration::from_secs(20);
const USER_AGENT: &str = concat!("voicemint/", env!("CARGO_PKG_VERSION"));

/// The HTTP client: HTTP/1.1, without redirects and automatic retries. Cloning it is cheap.
#[derive(Clone)]
pub struct Transport {
    client: Client,
    /// The last URL that was called, parsed. Most calls are mints to the same URL, and parsing it
    /// is a large part of what reqwest costs.
    last: Arc<Mutex<Option<(Uri, Url)>>>,
}

impl Transport {
    /// A client that trusts the compiled-in authorities and those of `SSL_CERT_FILE`, and uses the
    /// proxy of `HTTPS_PROXY`.
    pub fn from_settings(reader: &mut Reader) -> Option<Self> {
        let roots = tls::roots(reader);
        let proxy = proxy::from_settings(reader);
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config(roots?)?)
            .connect_timeout(CONNECT_WITHIN)
            .pool_idle_timeout(IDLE_FOR)
            // Requests are small, so they are sent at once.
            .tcp_nodelay(true)
            // A redirect could send API keys to another host.
            .redirect(redirect::Policy::none())
            .referer(false)
            // The callers decide about retries.
            .retry(reqwest::retry::never())
            .user_agent(USER_AGENT)
            // Otherwise reqwest would read proxy variables that are not settings.
            .no_proxy();
        let client = match proxy {
            Some(proxy) => client.proxy(proxy),
            None => client,
        };
        client.build().ok().map(|client| Self {
            client,
            last: Arc::default(),
        })
    }

    /// A client without settings: the compiled-in authorities and no proxy.
    ///
    /// # Errors
    /// If the libraries reject their own defaults, which does not happen.
    pub fn new() -> Result<Self, SettingsError> {
        let mut reader = Reader::new(&|_: &str| None);
        let transport = Self::from_settings(&mut reader);
        reader.finish(transport)
    }

    /// Opens a connection for the next request to a host, with a `HEAD` request without credentials.
    /// The response does not matter, and neither does a failure.
    pub async fn warm(&self, url: &str) {
        let _ = self.client.head(url).timeout(WARM_WITHIN).send().await;
    }

    /// Sends a request and reads the whole response, of at most `max_bytes`, within `timeout`.
    ///
    /// # Errors
    /// See [`Failure`]. A response of any status is a success.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        timeout: Duration,
        max_bytes: usize,
    ) -> Result<Response<Bytes>, Failure> {
        let exchange = async {
            let request = self
                .request(request)
                .ok_or(Failure::NotConnected("its URL is not valid"))?;
            let mut response = self.client.execute(request).await?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > max_bytes {
                    return Err(Failure::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            let mut read = Response::new(body.freeze());
            *read.status_mut() = response.status();
            *read.headers_mut() = std::mem::take(response.headers_mut());
            Ok(read)
        };
        tokio::time::timeout(timeout, exchange)
            .await
            .unwrap_or(Err(Failure::Timeout))
    }

    fn request(&self, request: Request<Bytes>) -> Option<reqwest::Request> {
        let (parts, body) = request.into_parts();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let url = match &*last {
            Some((uri, url)) if *uri == parts.uri => url.clone(),
            _ => {
                let url = Url::parse(&parts.uri.to_string()).ok()?;
                last.insert((parts.uri, url)).1.clone()
            }
        };
        drop(last);
        let mut request = reqwest::Request::new(parts.method, url);
        *request.headers_mut() = parts.headers;
        *request.body_mut() = (!body.is_empty()).then(|| body.into());
        Some(request)
    }
}

/// reqwest's implementation would print the proxy, whose URL may contain a password.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}
