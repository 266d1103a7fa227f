//! Serving several listeners at once, for HTTP, for HTTPS, or for both at one port.

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

/// A client that takes longer to shake hands is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections that wait to be served.
const BACKLOG: usize = 64;

/// The first byte of a TLS connection (RFC 8446 section 5.1: a record of the handshake). No HTTP
/// method begins with it.
const HANDSHAKE_RECORD: u8 = 22;

/// What is spoken at a port.
#[derive(Clone)]
pub enum Protocol {
    /// Plain HTTP.
    Http,
    /// HTTP over TLS.
    Https(TlsAcceptor),
    /// Whichever the client begins with.
    Either(TlsAcceptor),
}

/// Serves a router there, until the process ends.
///
/// # Errors
/// None that is known of.
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
    // The senders of the listeners alone keep them open.
    drop((http_sender, https_sender));
    let https_router = router
        .clone()
        .layer(axum::middleware::map_response(without_hsts));
    let (plain, secure) = tokio::join!(
        axum::serve(
            Accepted {
                accepted: http,
                address
            },
            router
        ),
        axum::serve(
            Accepted {
                accepted: https,
                address
            },
            https_router
        ),
    );
    plain.and(secure)
}

/// A browser keeps this for a name, whatever the port: it would call all that a developer runs on
/// localhost over TLS from then on, for two years. Over plain HTTP browsers do not heed it (RFC
/// 6797 section 8.1).
async fn without_hsts(mut response: Response) -> Response {
    response
        .headers_mut()
        .remove(header::STRICT_TRANSPORT_SECURITY);
    response
}

type Sender<S> = mpsc::Sender<(S, SocketAddr)>;
type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

/// Accepts connections; each is looked at by itself, so that one that hangs holds up no other.
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
            // The frames of sockets are small and wanted at once.
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
            // A client that does not trust the authority is none of ours.
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                let _ = https.send((stream, address)).await;
            }
        });
    }
}

async fn begins_with_handshake(stream: &TcpStream) -> bool {
    let mut first = [0];
    stream.peek(&mut first).await.is_ok_and(|read| read == 1) && first == [HANDSHAKE_RECORD]
}

/// The connections that are ready.
struct Accepted<S> {
    accepted: mpsc::Receiver<(S, SocketAddr)>,
    address: SocketAddr,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Listener for Accepted<S> {
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
