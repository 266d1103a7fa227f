//! TLS and proxies: which certificates the client trusts, and which requests go through the proxy.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use voicemint::internals::{Failure, Transport};
use voicemint::settings::{Reader, SettingsError};

/// No resolver knows this name (RFC 6761 section 6.2), only the proxy does.
const PROVIDER: &str = "provider.test";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// The TLS of a server with a certificate of this authority.
fn acceptor(authority: &Authority, change: impl Fn(&mut CertificateParams)) -> TlsAcceptor {
    let names = ["localhost", "127.0.0.1", "::1", PROVIDER].map(str::to_owned);
    let mut params = CertificateParams::new(names).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(
        vec![certificate.der().clone()],
        PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    )
    .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Serves `ok` over TLS, and returns the port.
async fn serve(authority: &Authority, change: impl Fn(&mut CertificateParams)) -> u16 {
    let acceptor = acceptor(authority, change);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate closes the connection.
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut buffer = [0; 1024];
                while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                        .await;
                }
            });
        }
    });
    port
}

/// A proxy that resolves every name to this machine. Returns its address and the requests that it
/// receives.
async fn proxy(response: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&requests);
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let port = head
                .split([':', ' '])
                .nth(2)
                .unwrap()
                .parse::<u16>()
                .unwrap();
            log.lock().unwrap().push(head);
            client.write_all(response.as_bytes()).await.unwrap();
            if response.starts_with("HTTP/1.1 200") {
                let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });
    (address, requests)
}

const CONNECTED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

fn transport(variables: &[(&str, &str)]) -> Result<Transport, SettingsError> {
    let mut reader = Reader::new(&variables);
    let transport = Transport::from_settings(&mut reader);
    reader.finish(transport)
}

/// The body of the response, or the error.
async fn get(transport: &Transport, url: &str) -> String {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    match transport
        .send(request, Duration::from_secs(3), 1024)
        .await
        .map(Response::into_body)
    {
        Ok(body) => String::from_utf8_lossy(&body).into_owned(),
        Err(Failure::NotConnected(clause) | Failure::Unreachable(clause)) => clause.to_owned(),
        Err(failure) => format!("{failure:?}"),
    }
}

/// Writes a file for these tests, and returns its path.
fn temporary_file(name: &str, content: impl AsRef<[u8]>) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn authorities_in_the_file_are_trusted_in_addition_to_the_built_in_ones() {
    let (known, unknown) = (authority(), authority());
    let odd = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\n*** no base64 ***\n-----END CERTIFICATE-----\n";
    let key = KeyPair::generate().unwrap().serialize_pem();
    let endless = "-----BEGIN CERTIFICATE-----\nAAAA\n";
    let bundle = format!(
        "\u{feff}a comment\n{odd}{broken}{key}{endless}{}{odd}",
        known.pem()
    );
    let (good, port) = (
        transport(&[("SSL_CERT_FILE", &temporary_file("bundle.pem", bundle))]).unwrap(),
        serve(&known, |_| ()).await,
    );
    for host in ["localhost", "127.0.0.1"] {
        assert_eq!(get(&good, &format!("https://{host}:{port}/")).await, "ok");
    }
    let untrusted = "its certificate is not trusted (SSL_CERT_FILE adds certificate authorities)";
    let url = format!("https://localhost:{port}/");
    assert_eq!(get(&Transport::new().unwrap(), &url).await, untrusted);
    let url = format!("https://localhost:{}/", serve(&unknown, |_| ()).await);
    assert_eq!(get(&good, &url).await, untrusted);
}

#[tokio::test]
async fn a_new_connection_resumes_the_tls_session_of_an_earlier_one() {
    let known = authority();
    let client = transport(&[("SSL_CERT_FILE", &temporary_file("resumed.pem", known.pem()))]);
    let acceptor = acceptor(&known, |_| ());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let handshakes = tokio::spawn(async move {
        let mut handshakes = Vec::new();
        while handshakes.len() < 3 {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            handshakes.push(stream.get_ref().1.handshake_kind().unwrap());
            assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
            let closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(closing).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        handshakes
    });
    let client = client.unwrap();
    for _ in 0..3 {
        assert_eq!(get(&client, &url).await, "ok");
    }
    assert_eq!(
        handshakes.await.unwrap(),
        [
            HandshakeKind::Full,
            HandshakeKind::Resumed,
            HandshakeKind::Resumed
        ]
    );
}

#[tokio::test]
async fn certificate_errors_are_distinguished() {
    let known = authority();
    let client = transport(&[("SSL_CERT_FILE", &temporary_file("one.pem", known.pem()))]).unwrap();
    let port = serve(&known, |params| {
        params.not_after = date_time_ymd(2020, 1, 1)
    })
    .await;
    assert_eq!(
        get(&client, &format!("https://localhost:{port}/")).await,
        "its certificate has expired"
    );
    let port = serve(&known, |params| params.subject_alt_names.truncate(1)).await;
    assert_eq!(
        get(&client, &format!("https://127.0.0.1:{port}/")).await,
        "its certificate is for another name"
    );
}

#[test]
fn a_file_without_a_certificate_is_a_settings_error() {
    let missing = temporary_file("missing.pem", "");
    std::fs::remove_file(&missing).unwrap();
    let folder = env!("CARGO_TARGET_TMPDIR").to_owned();
    let key = temporary_file("key.pem", KeyPair::generate().unwrap().serialize_pem());
    for path in [
        missing,
        folder,
        temporary_file("empty.pem", ""),
        temporary_file("junk.pem", b"\xff\x00junk"),
        key,
    ] {
        let error = transport(&[("SSL_CERT_FILE", &path)])
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("SSL_CERT_FILE must") && !error.contains(&path),
            "{error}"
        );
    }
}

#[tokio::test]
async fn only_https_goes_through_the_proxy() {
    let known = authority();
    let ca = temporary_file("proxied.pem", known.pem());
    let port = serve(&known, |_| ()).await;
    let (address, requests) = proxy(CONNECTED).await;
    let url = format!("https://{PROVIDER}:{port}/");
    for value in [format!("http://{address}"), address.clone()] {
        let client = transport(&[("SSL_CERT_FILE", &ca), ("HTTPS_PROXY", &value)]).unwrap();
        assert_eq!(get(&client, &url).await, "ok");
        assert!(
            requests
                .lock()
                .unwrap()
                .pop()
                .unwrap()
                .starts_with(&format!("CONNECT {PROVIDER}:{port} "))
        );
        assert_eq!(get(&client, &url).await, "ok", "on the same connection");
        // Requests to loopback and requests over plain HTTP never use the proxy.
        for local in [
            "https://localhost",
            "https://127.0.0.1",
            "https://127.3.2.1",
            "https://[::1]",
            "https://a.localhost",
            "https://localhost.",
            "https://[::ffff:127.0.0.1]",
            "http://provider.test",
        ] {
            let _ = get(&client, &format!("{local}:{port}/")).await;
        }
        assert_eq!(*requests.lock().unwrap(), [""; 0]);
    }
    // Other variables do not set a proxy.
    let proxy = format!("http://{address}");
    for name in ["HTTP_PROXY", "ALL_PROXY", "http_proxy"] {
        let client = transport(&[("SSL_CERT_FILE", &ca), (name, &proxy)]).unwrap();
        assert_eq!(
            get(&client, &url).await,
            "its name does not resolve",
            "{name}"
        );
    }
    for except in [
        PROVIDER,
        "test",
        ".test",
        "*.test",
        "provider.test.",
        "provider.test:443",
        "a.example, provider.test",
        "*",
    ] {
        let client = transport(&[
            ("SSL_CERT_FILE", &ca),
            ("HTTPS_PROXY", &proxy),
            ("NO_PROXY", except),
        ])
        .unwrap();
        assert_eq!(
            get(&client, &url).await,
            "its name does not resolve",
            "{except}"
        );
    }
    let client = transport(&[
        ("SSL_CERT_FILE", &ca),
        ("HTTPS_PROXY", &proxy),
        ("NO_PROXY", "vider.test,other.test"),
    ])
    .unwrap();
    assert_eq!(get(&client, &url).await, "ok");
}

#[tokio::test]
async fn the_proxy_password_is_sent_only_to_the_proxy() {
    let known = authority();
    let port = serve(&known, |_| ()).await;
    let (address, requests) = proxy(CONNECTED).await;
    let ca = temporary_file("password.pem", known.pem());
    let proxy = format!("http://user:obviously-secret@{address}");
    let client = transport(&[("SSL_CERT_FILE", &ca), ("HTTPS_PROXY", &proxy)]).unwrap();
    assert_eq!(
        get(&client, &format!("https://{PROVIDER}:{port}/")).await,
        "ok"
    );
    let head = requests.lock().unwrap().pop().unwrap().to_ascii_lowercase();
    assert!(head.contains("proxy-authorization: basic "), "{head}");
    assert!(!format!("{client:?}").contains("secret"));
    for bad in [
        "ftp://user:obviously-secret@proxy",
        "http://",
        "http://user:obviously-secret@",
        "https://[",
        "socks5://a",
    ] {
        let error = transport(&[("HTTPS_PROXY", bad)]).unwrap_err().to_string();
        assert!(
            error.contains("HTTPS_PROXY must") && !error.contains("secret"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn proxy_errors_are_reported_as_such() {
    let password = "the proxy rejected the user name or password of HTTPS_PROXY";
    for (response, wanted) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
            password,
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\n\r\n",
            "the proxy refused the connection",
        ),
    ] {
        let (address, _) = proxy(response).await;
        let client = transport(&[("HTTPS_PROXY", &address)]).unwrap();
        assert_eq!(get(&client, "https://provider.test:1/").await, wanted);
    }
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = closed.local_addr().unwrap().to_string();
    drop(closed);
    let client = transport(&[("HTTPS_PROXY", &address)]).unwrap();
    assert_eq!(
        TcpStream::connect(&address).await.unwrap_err().kind(),
        ErrorKind::ConnectionRefused
    );
    assert_eq!(
        get(&client, "https://provider.test:1/").await,
        "the proxy refused the connection"
    );
}
