//! TLS in front of plain servers on loopback, with a certificate authority that clients trust only
//! through its file.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A certificate authority, and the TLS servers with certificates from it.
pub struct Tls {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
    servers: Vec<JoinHandle<()>>,
}

impl Tls {
    /// Creates a certificate authority. `name` is part of its file name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("random numbers");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let file =
            std::env::temp_dir().join(format!("voicemint-{name}-{}.pem", std::process::id()));
        std::fs::write(&file, issuer.pem()).expect("a file for the certificate authority");
        Self {
            issuer,
            file,
            servers: Vec::new(),
        }
    }

    /// The path for `SSL_CERT_FILE`.
    pub fn ca_file(&self) -> String {
        self.file.to_string_lossy().into_owned()
    }

    /// Serves `upstream` over TLS and returns the `https` URL.
    pub async fn serve(&mut self, upstream: SocketAddr) -> String {
        let key = KeyPair::generate().expect("random numbers");
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = certificate
            .signed_by(&key, &self.issuer)
            .expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .expect("the library's own versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .expect("a key for its certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free loopback port");
        let port = listener.local_addr().expect("a bound address").port();
        self.servers.push(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that does not trust the certificate closes the connection.
                    let mut down = acceptor.accept(stream).await?;
                    copy_bidirectional(&mut down, &mut TcpStream::connect(upstream).await?).await
                });
            }
        }));
        format!("https://localhost:{port}")
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.servers.iter().for_each(JoinHandle::abort);
        let _ = std::fs::remove_file(&self.file);
    }
}
