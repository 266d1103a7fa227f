//! Tests of the certificate and its authority.

use std::path::PathBuf;
use std::{fs, io};

use axum::Router;
use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use super::*;
use crate::serve::{Protocol, serve};

type Stream = tokio_rustls::client::TlsStream<TcpStream>;

async fn start(authority: &Authority, hosts: &[&str]) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let names = HostNames::new(
        &hosts
            .iter()
            .map(|host| (*host).to_owned())
            .collect::<Vec<_>>(),
    );
    let router = Router::new().route(
        "/",
        get(async || ([("strict-transport-security", "max-age=9")], "hello")),
    );
    tokio::spawn(serve(
        vec![listener],
        Protocol::Either(acceptor(authority, &names).unwrap()),
        router,
    ));
    address
}

/// Connects to a server by this name and trusts this authority only.
async fn connect(
    address: std::net::SocketAddr,
    name: &'static str,
    authority: &str,
) -> io::Result<Stream> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(name).unwrap(), stream)
        .await
}

async fn get_root(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin) -> String {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_can_use_each_local_name() {
    let authority = Authority::new().unwrap();
    let address = start(
        &authority,
        &["192.168.1.20", "my-mac.local", "app.example.com"],
    )
    .await;
    for name in [
        "localhost",
        "127.0.0.1",
        "::1",
        "host.docker.internal",
        "192.168.1.20",
        "my-mac.local",
    ] {
        let stream = connect(address, name, authority.certificate()).await;
        let response = get_root(stream.unwrap_or_else(|error| panic!("{name}: {error}"))).await;
        assert!(
            response.starts_with("HTTP/1.1 200 ") && response.ends_with("hello"),
            "{response}"
        );
    }
    for name in [
        "localhost.example.com",
        "192.0.2.1",
        "192.168.1.21",
        "api.cartesia.ai",
        "app.example.com",
    ] {
        assert!(
            connect(address, name, authority.certificate())
                .await
                .is_err(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn one_port_serves_both_protocols_and_only_plain_responses_have_hsts() {
    let authority = Authority::new().unwrap();
    let address = start(&authority, &[]).await;
    let plain = get_root(TcpStream::connect(address).await.unwrap()).await;
    assert!(
        plain.ends_with("hello") && plain.contains("strict-transport-security"),
        "{plain}"
    );
    let secure = get_root(
        connect(address, "localhost", authority.certificate())
            .await
            .unwrap(),
    )
    .await;
    assert!(
        secure.ends_with("hello") && !secure.contains("strict-transport-security"),
        "{secure}"
    );
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_does_not_affect_others() {
    let authority = Authority::new().unwrap();
    let address = start(&authority, &[]).await;
    let another = Authority::new().unwrap();
    let error = connect(address, "localhost", another.certificate())
        .await
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
    let _silent = TcpStream::connect(address).await.unwrap();
    TcpStream::connect(address)
        .await
        .unwrap()
        .write_all(&[22, 3, 1])
        .await
        .unwrap();
    assert!(
        connect(address, "localhost", authority.certificate())
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn certificates_for_other_names_are_invalid() {
    let authority = Authority::new().unwrap();
    // Signed without the check, as anyone with the key could do.
    for name in [
        "api.cartesia.ai",
        "8.8.8.8",
        "evil-localhost",
        "docker.internal",
        "2001:db8::1",
        "172.32.0.1",
    ] {
        assert!(!is_local(name), "{name}");
        let (certificate, key) = authority.sign_any(vec![name.to_owned()]).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key.into())
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let protocol = Protocol::Https(TlsAcceptor::from(Arc::new(config)));
        tokio::spawn(serve(vec![listener], protocol, Router::new()));
        let error = connect(address, name, authority.certificate())
            .await
            .err()
            .unwrap();
        assert!(
            error.to_string().contains("NameConstraintViolation"),
            "{name}: {error}"
        );
    }
    for name in [
        "app.localhost",
        "my-mac.local",
        "a.b.test",
        "10.9.8.7",
        "172.31.0.1",
        "fd00::20",
        "fe80::1",
    ] {
        assert!(is_local(name), "{name}");
    }
}

/// A temporary folder for one test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("voicemint-dev-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_authority_is_reused_by_later_starts_and_for_other_names() {
    let folder = Folder::new("kept");
    let file = folder.0.join("ca.pem");
    let first = Authority::load_or_create(&file)
        .unwrap()
        .certificate()
        .to_owned();
    let second = Authority::load_or_create(&file).unwrap();
    assert_eq!(first, second.certificate());
    assert_eq!(first, fs::read_to_string(&file).unwrap());
    let address = start(&second, &["192.168.1.20"]).await;
    assert!(connect(address, "192.168.1.20", &first).await.is_ok());
}

#[test]
fn concurrent_starts_share_one_authority_also_after_it_has_expired() {
    let folder = Folder::new("race");
    let file = folder.0.join("ca.pem");
    for _ in 0..20 {
        let certificates: Vec<_> = std::thread::scope(|scope| {
            let start = || {
                Authority::load_or_create(&file).map(|authority| authority.certificate().to_owned())
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap().unwrap())
                .collect()
        });
        assert!(
            certificates
                .iter()
                .all(|certificate| *certificate == certificates[0])
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), certificates[0]);
        expire(&folder.0.join("ca.pem.key"));
    }
}

#[test]
fn the_key_is_private_and_a_readable_or_expired_authority_is_replaced() {
    let folder = Folder::new("private");
    let (file, key) = (folder.0.join("ca.pem"), folder.0.join("ca.pem.key"));
    let mut known = Authority::load_or_create(&file)
        .unwrap()
        .certificate()
        .to_owned();
    assert!(
        known.starts_with("-----BEGIN CERTIFICATE-----") && !known.contains("KEY"),
        "{known}"
    );
    assert_eq!(known.matches("BEGIN").count(), 1);
    let invalidate: [&dyn Fn(); 3] = [
        &|| expire(&key),
        &|| {
            expire(&key);
            fs::remove_file(&file).unwrap();
        },
        &|| {
            #[cfg(unix)]
            fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        },
    ];
    for (case, invalidate) in invalidate.into_iter().enumerate() {
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::MetadataExt::mode(&fs::metadata(&key).unwrap()) & 0o777,
            0o600
        );
        invalidate();
        let next = Authority::load_or_create(&file)
            .unwrap()
            .certificate()
            .to_owned();
        assert_ne!(next, known, "{case}");
        assert_eq!(fs::read_to_string(&file).unwrap(), next);
        known = next;
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(
        Authority::load_or_create(&file).unwrap().certificate(),
        known,
        "the certificate is restored from the key file"
    );
    assert!(Authority::load_or_create(&folder.0.join("missing/ca.pem")).is_err());
    assert_eq!(
        fs::read_dir(&folder.0).unwrap().count(),
        2,
        "no temporary files remain"
    );
}

/// Makes a stored authority expire.
fn expire(key: &std::path::Path) {
    let text = fs::read_to_string(key).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let (rules, _) = first.rsplit_once(' ').unwrap();
    fs::write(key, format!("{rules} 0\n{rest}")).unwrap();
}
