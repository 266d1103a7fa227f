//! Serves several listeners, with HTTP, HTTPS, or both on one port.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::serve::Listener;
use http::header;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use voicemint_stand_in::request::OverTls;

/// The time limit for a TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum number of connections that wait to be served.
const BACKLOG: usize = 64;

/// The first byte of a TLS connection: the content type of handshake records (RFC 8446 section
/// 5.1). No HTTP method begins with it.
const HANDSHAKE_RECORD: u8 = 22;

/// The protocol of a port.
#[derive(Clone)]
pub enum Protocol {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https(TlsAcceptor),
    /// HTTP or HTTPS, as the client chooses.
    Either(TlsAcceptor),
}

/// Serves a router until the process ends.
///
/// # Errors
/// If the address of a listener cannot be read.
pub async fn serve(
    listeners: Vec<TcpListener>,
    protocol: Protocol,
    router: Router,
) -> io::Result<()> {
    let Some(address) = listeners.first().map(TcpListener::local_addr).transpose()? else {
        return Ok(());
    };
    let (http_sender, http) = mpsc::channel(BACKLOG);
    let (https_sender, https) = mpsc::channel(BACKLOG);
    for listener in listeners {
        tokio::spawn(accept(
            listener,
            protocol.clone(),
            http_sender.clone(),
            https_sender.clone(),
        ));
    }
    // Only the accept tasks keep the channels open.
    drop((http_sender, https_sender));
    let https_router = router
        .clone()
        .layer(axum::Extension(OverTls))
        .layer(axum::middleware::map_response(without_hsts));
    let (plain, secure) = tokio::join!(
        axum::serve(
            AcceptedConnections {
                accepted: http,
                address
            },
            router
        ),
        axum::serve(
            AcceptedConnections {
                accepted: https,
                address
            },
            https_router
        ),
    );
    plain.and(secure)
}

/// Removes Strict-Transport-Security. Browsers apply it to all ports of a host, so for two years
/// they would use TLS for everything that the developer runs on localhost. Over plain HTTP they
/// ignore the header (RFC 6797 section 8.1).
async fn without_hsts(mut response: Response) -> Response {
    response
        .headers_mut()
        .remove(header::STRICT_TRANSPORT_SECURITY);
    response
}

type Sender<S> = mpsc::Sender<(S, SocketAddr)>;
type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

/// Accepts connections. Each has its own task, so that one that hangs does not delay others.
async fn accept(
    mut listener: TcpListener,
    protocol: Protocol,
    http: Sender<TcpStream>,
    https: Sender<TlsStream>,
) {
    loop {
        let (stream, address) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = http.closed() => return,
        };
        let (protocol, http, https) = (protocol.clone(), http.clone(), https.clone());
        tokio::spawn(async move {
            // WebSocket frames are small and must not be delayed.
            let _ = stream.set_nodelay(true);
            let acceptor = match protocol {
                Protocol::Http => None,
                Protocol::Https(acceptor) => Some(acceptor),
                Protocol::Either(acceptor) => {
                    begins_with_handshake(&stream).await.then_some(acceptor)
                }
            };
            let Some(acceptor) = acceptor else {
                let _ = http.send((stream, address)).await;
                return;
            };
            // A client that does not trust the authority ends the handshake.
            if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
                let _ = https.send((stream, address)).await;
            }
        });
    }
}

async fn begins_with_handshake(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok_and(|read| read == 1) && first == [HANDSHAKE_RECORD]
}

/// The connections that are ready to be served.
struct AcceptedConnections<S> {
    accepted: mpsc::Receiver<(S, SocketAddr)>,
    address: SocketAddr,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Listener for AcceptedConnections<S> {
    type Io = S;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (S, SocketAddr) {
        match self.accepted.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
