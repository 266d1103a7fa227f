//! TLS for the stand-ins, as most SDKs open no socket without it: a certificate made at every start, by an authority that
//! clients are told to trust through a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use voicemint::clock::Clock;

/// The names by which this machine is called.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "host.docker.internal"];

/// How long the certificate is good: longer than anyone leaves the command running, shorter than any client allows.
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Clients whose clocks are behind by less are served all the same.
const BEFORE: Duration = Duration::from_secs(24 * 60 * 60);

/// A client that takes longer to shake hands is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Connections that shook hands and wait to be served.
const BACKLOG: usize = 64;

/// Why there is no TLS.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A certificate for this machine and the authority that signed it.
pub struct Tls {
    acceptor: TlsAcceptor,
    authority: String,
}

impl Tls {
    /// Makes both. The authority's key is dropped at once: whoever trusts it trusts this one certificate.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn new() -> Result<Self, Error> {
        let now = date_time_ymd(1970, 1, 1) + Clock::system().now();
        let valid = |mut params: CertificateParams, name: &str| {
            params.not_before = now - BEFORE;
            params.not_after = now + LIFETIME;
            params.distinguished_name.remove(DnType::CommonName);
            params.distinguished_name.push(DnType::CommonName, name);
            params
        };
        let mut authority =
            valid(CertificateParams::default(), "Voicemint's stand-ins: authority until the next start");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let mut leaf = valid(CertificateParams::new(NAMES.map(str::to_owned))?, "Voicemint's stand-ins");
        leaf.use_authority_key_identifier_extension = true;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let leaf = leaf.signed_by(&key, &authority)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A ticket that arrives while a client writes upsets Python's blocking sockets now and then; nobody resumes here.
        config.send_tls13_tickets = 0;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), authority: authority.pem() })
    }

    /// The authority's certificate, as PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Writes the authority's certificate, in the place of an older one.
    ///
    /// # Errors
    /// As the system says.
    pub fn write_authority(&self, file: &Path) -> io::Result<()> {
        // Made anew beside it and moved there: nobody reads half of it, and no link that somebody put there is followed.
        let mut beside = file.as_os_str().to_owned();
        beside.push(format!(".{}", std::process::id()));
        let beside = Path::new(&beside);
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(beside)
            .and_then(|mut file| file.write_all(self.authority.as_bytes()))
            .and_then(|()| fs::rename(beside, file));
        if written.is_err() {
            let _ = fs::remove_file(beside);
        }
        written
    }

    /// Serves over TLS, until the process ends.
    ///
    /// # Errors
    /// None that is known of.
    pub async fn serve(self, listener: TcpListener, router: Router) -> io::Result<()> {
        let address = listener.local_addr()?;
        let (sender, accepted) = mpsc::channel(BACKLOG);
        tokio::spawn(accept(listener, self.acceptor, sender));
        axum::serve(Accepted { accepted, address }, router).await
    }
}

/// Accepts connections; they shake hands side by side, so that one that hangs holds up no other.
async fn accept(mut listener: TcpListener, acceptor: TlsAcceptor, sender: mpsc::Sender<Connection>) {
    loop {
        let (stream, address) = tokio::select! {
            accepted = Listener::accept(&mut listener) => accepted,
            () = sender.closed() => return,
        };
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            // Frames are small and wanted at once.
            let _ = stream.set_nodelay(true);
            // A client that does not trust the authority is none of ours.
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                let _ = sender.send((stream, address)).await;
            }
        });
    }
}

type Connection = (TlsStream<TcpStream>, SocketAddr);

/// The connections that have shaken hands.
struct Accepted {
    accepted: mpsc::Receiver<Connection>,
    address: SocketAddr,
}

impl Listener for Accepted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Connection {
        match self.accepted.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

#[cfg(test)]
mod tests;
