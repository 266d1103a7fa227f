//! Tests of the certificate, its authority and the listener.

use axum::routing::get;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::*;

async fn start(tls: Tls) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(tls.serve(listener, Router::new().route("/", get(async || "hello"))));
    address
}

/// Shakes hands with a server, by that name, trusting no authority but this.
async fn connect(
    address: SocketAddr,
    name: &'static str,
    authority: &str,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
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
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await
}

#[tokio::test]
async fn whoever_trusts_the_authority_is_served_by_each_of_the_names() {
    let tls = Tls::new().unwrap();
    let authority = tls.authority().to_owned();
    let address = start(tls).await;
    for name in ["localhost", "127.0.0.1", "::1", "host.docker.internal"] {
        let mut stream = connect(address, name, &authority).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello"), "{answer}");
    }
    for name in ["localhost.example.com", "192.0.2.1", "api.cartesia.ai"] {
        assert!(connect(address, name, &authority).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn whoever_does_not_trust_it_leaves_and_others_are_served() {
    let tls = Tls::new().unwrap();
    let authority = tls.authority().to_owned();
    let address = start(tls).await;
    let of_another_start = Tls::new().unwrap().authority().to_owned();
    let error = connect(address, "localhost", &of_another_start).await.err().unwrap();
    assert!(error.to_string().contains("invalid peer certificate"), "{error}");
    let _silent = TcpStream::connect(address).await.unwrap();
    TcpStream::connect(address).await.unwrap().write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(connect(address, "localhost", &authority).await.is_ok());
}

#[test]
fn authority_is_written_over_an_older_one_and_without_a_key() {
    let folder = std::env::temp_dir().join(format!("voicemint-dev-test-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("ca.pem");
    let elsewhere = folder.join("elsewhere");
    fs::write(&elsewhere, "mine").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    for _ in 0..2 {
        let tls = Tls::new().unwrap();
        tls.write_authority(&file).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, tls.authority());
        assert!(text.starts_with("-----BEGIN CERTIFICATE-----") && !text.contains("KEY"), "{text}");
        assert_eq!(text.matches("BEGIN").count(), 1);
    }
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "mine", "a link is replaced and not followed");
    assert!(Tls::new().unwrap().write_authority(&folder.join("missing/ca.pem")).is_err());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2, "nothing is left over");
    fs::remove_dir_all(&folder).unwrap();
}
