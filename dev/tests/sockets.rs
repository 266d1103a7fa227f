//! Tests of the stand-ins' WebSockets over real connections, with and without TLS, with tokens from
//! the broker's endpoints.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that fails may panic"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{Request, Response};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use voicemint::internals::{Clock, Transport};
use voicemint_dev::app::App;
use voicemint_dev::cli::Arguments;
use voicemint_dev::cli::banner;
use voicemint_dev::providers;
use voicemint_dev::serve::{self, Protocol};
use voicemint_dev::tls::{self, Authority};

struct Local {
    app: String,
    session: String,
    plain: SocketAddr,
    tls: SocketAddr,
    authority: String,
}

impl Local {
    async fn start() -> Self {
        let (app, plain, tls_listener) = (bind().await, bind().await, bind().await);
        let (plain_at, tls_at) = (
            plain.local_addr().unwrap(),
            tls_listener.local_addr().unwrap(),
        );
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
        let flags = [
            "voicemint-dev",
            "--port",
            &port(&app),
            "--standins-port",
            &port(&plain),
            "--tls-port",
            &port(&tls_listener),
        ];
        let arguments: Arguments = clap::Parser::try_parse_from(flags).unwrap();
        let router = providers::standins(&Clock::system()).router();
        let authority = Authority::new().unwrap();
        let acceptor = tls::acceptor(&authority, &arguments.host_names()).unwrap();
        serve(app, App::new(&arguments, &|_| None).unwrap().router);
        serve(plain, router.clone());
        tokio::spawn(serve::serve(
            vec![tls_listener],
            Protocol::Https(acceptor),
            router,
        ));
        let authority = authority.certificate().to_owned();
        let mut local = Self {
            app: arguments.app_origin(),
            session: String::new(),
            plain: plain_at,
            tls: tls_at,
            authority,
        };
        let signed_in = send(Request::post(format!("{}/sign-in", local.app)), "user=ada").await;
        let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
        local.session = cookie.split(';').next().unwrap().to_owned();
        local
    }

    async fn mint(&self, provider: &str, ask: Value) -> String {
        let request =
            Request::post(format!("{}/{provider}/token", self.app)).header("origin", &self.app);
        let request = request
            .header("content-type", "application/json")
            .header("cookie", &self.session);
        let response = send(request, &ask.to_string()).await;
        assert_eq!(response.status(), 200, "{provider}");
        let response: Value = serde_json::from_slice(response.body()).unwrap();
        response["token"].as_str().unwrap().to_owned()
    }

    async fn trusting(&self, authority: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            roots.add(certificate.unwrap()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, TcpStream::connect(self.tls).await?)
            .await
    }

    async fn wss(&self, path: &str) -> Client<TlsStream<TcpStream>> {
        open(path, self.trusting(&self.authority).await.unwrap())
            .await
            .unwrap()
    }

    async fn ws(&self, path: &str) -> Client<TcpStream> {
        open(path, TcpStream::connect(self.plain).await.unwrap())
            .await
            .unwrap()
    }
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn send(request: http::request::Builder, body: &str) -> Response<Bytes> {
    let request = request
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    Transport::new()
        .unwrap()
        .send(request, Duration::from_secs(10), 1 << 20)
        .await
        .unwrap()
}

/// A client on a connection with or without TLS.
struct Client<S>(WebSocketStream<S>);

/// Opens a socket. The error is the status of a rejected upgrade.
async fn open<S: AsyncRead + AsyncWrite + Unpin>(path: &str, stream: S) -> Result<Client<S>, u16> {
    let request = format!("ws://localhost{path}")
        .into_client_request()
        .unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(Client(socket)),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    async fn send(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn audio(&mut self, bytes: usize) {
        self.0.send(Message::binary(vec![0; bytes])).await.unwrap();
    }

    async fn frame(&mut self) -> Value {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn close_code(&mut self) -> u16 {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(_))) => {}
                Some(Ok(Message::Close(Some(close)))) => return close.code.into(),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn the_banner_names_the_address_and_the_file() {
    let flags = [
        "voicemint-dev",
        "--tls-port",
        "4443",
        "--ca-file",
        "/somewhere/ca.pem",
    ];
    let text = banner::text(&clap::Parser::try_parse_from(flags).unwrap(), &|_| None);
    assert!(
        text.contains("https://localhost:4443") && text.contains("/somewhere/ca.pem"),
        "{text}"
    );
}

#[tokio::test]
async fn tls_requires_trust_in_the_authority() {
    let local = Local::start().await;
    assert!(local.trusting(&local.authority).await.is_ok());
    assert!(local.trusting("").await.is_err());
    assert!(
        local
            .trusting(Authority::new().unwrap().certificate())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_cartesia_token_works_within_its_grants() {
    let local = Local::start().await;
    let token = local
        .mint("cartesia", json!({ "grants": { "tts": true } }))
        .await;
    let path = format!("/tts/websocket?cartesia_version=2026-08-14&access_token={token}");
    let format = json!({ "container": "raw", "encoding": "pcm_f32le", "sample_rate": 44_100 });
    let ask = json!({ "model_id": "sonic-3", "voice": "v", "transcript": "Hi", "output_format": format, "context_id": "a" });
    let mut client = local.wss(&path).await;
    client.send(ask.clone()).await;
    let chunk = client.frame().await;
    assert_eq!(
        STANDARD
            .decode(chunk["data"].as_str().unwrap())
            .unwrap()
            .len(),
        2 * 3_675 * 4
    );
    assert_eq!(client.frame().await["type"], "done");
    let mut client = local.ws(&path).await;
    client.send(ask).await;
    assert_eq!(
        client.frame().await["type"],
        "chunk",
        "again, and without TLS"
    );
    let query = "model=ink-2&encoding=pcm_s16le&sample_rate=16000&cartesia_version=2026-08-14";
    let refused = |token: String| {
        let local = &local;
        async move {
            let stream = local.trusting(&local.authority).await.unwrap();
            open(
                &format!("/stt/websocket?{query}&access_token={token}"),
                stream,
            )
            .await
            .err()
        }
    };
    assert_eq!(refused(token).await, Some(403));
    assert_eq!(refused("guess".to_owned()).await, Some(401));
    let token = local
        .mint("cartesia", json!({ "grants": { "stt": true } }))
        .await;
    let mut client = local
        .wss(&format!("/stt/websocket?{query}&access_token={token}"))
        .await;
    client.audio(9_600).await;
    assert_eq!(client.frame().await["text"], "Hello");
}

#[tokio::test]
async fn elevenlabs_tokens_open_one_socket_each() {
    let local = Local::start().await;
    let token = local
        .mint("elevenlabs", json!({ "token_type": "realtime_scribe" }))
        .await;
    let path = format!("/v1/speech-to-text/realtime?model_id=scribe_v2_realtime&token={token}");
    assert_eq!(
        local.wss(&path).await.frame().await["message_type"],
        "session_started"
    );
    let mut again = local.ws(&path).await;
    assert_eq!(again.frame().await["message_type"], "auth_error");
    assert_eq!(again.close_code().await, 1008);
    let token = local
        .mint("elevenlabs", json!({ "token_type": "tts_websocket" }))
        .await;
    let path = format!(
        "/v1/text-to-speech/a/stream-input?output_format=pcm_24000&single_use_token={token}"
    );
    let mut client = local.wss(&path).await;
    for text in [" ", "Hi ", ""] {
        client.send(json!({ "text": text })).await;
    }
    assert_eq!(
        STANDARD
            .decode(client.frame().await["audio"].as_str().unwrap())
            .unwrap()
            .len(),
        3 * 2_000 * 2
    );
    assert_eq!(client.frame().await["isFinal"], true);
    assert_eq!(client.close_code().await, 1000);
    assert_eq!(local.ws(&path).await.close_code().await, 1008);
}

#[tokio::test]
async fn an_assemblyai_token_opens_one_session() {
    let local = Local::start().await;
    let token = local
        .mint("assemblyai", json!({ "expires_in_seconds": 60 }))
        .await;
    let path = format!("/v3/ws?sample_rate=16000&token={token}");
    let mut client = local.wss(&path).await;
    assert_eq!(client.frame().await["type"], "Begin");
    client.audio(9_600).await;
    assert_eq!(client.frame().await["transcript"], "hello");
    client.send(json!({ "type": "Terminate" })).await;
    assert_eq!(client.frame().await["end_of_turn"], true);
    assert_eq!(client.frame().await["type"], "Termination");
    assert_eq!(client.close_code().await, 1000);
    let mut again = local.ws(&path).await;
    assert_eq!(again.frame().await["error_code"], 1008);
    assert_eq!(again.close_code().await, 1008);
}
