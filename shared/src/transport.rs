//! HTTP to the outside: one client, one pool of connections and one set of TLS roots for the provider, the issuer and AWS.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use rustls::{ClientConfig, RootCertStore};

/// Within which a connection must stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Connections die unnoticed while a function is frozen, so they are not trusted for long.
const IDLE_FOR: Duration = Duration::from_secs(20);

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

/// The HTTP client. Follows no redirects. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Transport(reqwest::Client);

impl Transport {
    /// Builds the client.
    ///
    /// # Errors
    /// Where the TLS library refuses its own defaults, which no setting can cause.
    pub fn new() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        // Compiled-in roots: reading the system's takes milliseconds of each cold start.
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // No variable may lead calls to this machine, or the key in them, astray.
            .no_proxy()
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_FOR)
            .user_agent(concat!("voicemint/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
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
        let request =
            reqwest::Request::try_from(request).map_err(|_| Failure::Unreachable("the URL cannot be called"))?;
        let exchange = async {
            let mut response = self.0.execute(request).await.map_err(failure)?;
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await.map_err(failure)? {
                if body.len() + chunk.len() > most_bytes {
                    return Err(Failure::TooLarge);
                }
                body.extend_from_slice(&chunk);
            }
            let mut answer = Response::new(body.freeze());
            *answer.status_mut() = response.status();
            *answer.headers_mut() = std::mem::take(response.headers_mut());
            Ok(answer)
        };
        tokio::time::timeout(timeout, exchange).await.unwrap_or(Err(Failure::Timeout))
    }
}

/// Names a failure without the URL or anything that came over the wire.
fn failure(error: reqwest::Error) -> Failure {
    match () {
        () if error.is_connect() => Failure::Unreachable("no connection"),
        () if error.is_timeout() => Failure::Timeout,
        () => Failure::Unreachable("the connection broke"),
    }
}
