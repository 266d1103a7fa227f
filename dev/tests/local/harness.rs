//! Runs the local command on free ports, and acts as a browser with a cookie jar.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use bytes::Bytes;
use http::request::Builder;
use http::{Request, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use voicemint::internals::{Clock, Transport};
use voicemint_dev::app::App;
use voicemint_dev::cli::Arguments;
use voicemint_dev::providers;
use voicemint_stand_in::{Account, Standins};

pub struct Local {
    pub app: String,
    pub standins_url: String,
    pub standins: Standins,
    /// How far the clock of the stand-ins is ahead, in seconds.
    pub ahead: Arc<AtomicU64>,
    /// The browser's cookies.
    pub session: String,
}

impl Local {
    pub async fn start(set: &[&str]) -> Self {
        Self::with_session_kind("jwt", set).await
    }

    pub async fn with_session_kind(kind: &str, set: &[&str]) -> Self {
        let set = set.iter().flat_map(|setting| ["--set", *setting]);
        Self::with_flags(
            &["--session", kind]
                .into_iter()
                .chain(set)
                .collect::<Vec<_>>(),
        )
        .await
    }

    pub async fn with_flags(more: &[&str]) -> Self {
        let (app_listener, standins_listener) = (bind().await, bind().await);
        let arguments = flags(&app_listener, &standins_listener, more);
        let ahead = Arc::new(AtomicU64::new(0));
        let seconds = Arc::clone(&ahead);
        let now = move || {
            UNIX_EPOCH + Clock::system().now() + Duration::from_secs(seconds.load(Ordering::SeqCst))
        };
        let standins = providers::standins(&Clock::new(now));
        let app = App::new(&arguments, &|_| None).unwrap();
        serve(app_listener, app.router);
        serve(
            standins_listener,
            standins.router().merge(app.secrets_manager),
        );
        let (app, standins_url) = (arguments.app_origin(), arguments.standins_url());
        let mut local = Self {
            app,
            standins_url,
            standins,
            ahead,
            session: String::new(),
        };
        local.session = local.sign_in("user=ada").await;
        local
    }

    /// The account at a provider's stand-in.
    pub fn account(&self, provider: &str) -> &Account {
        self.standins.account(provider).unwrap()
    }

    pub async fn sign_in(&self, form: &str) -> String {
        let request =
            Request::post(format!("{}/sign-in", self.app)).header("cookie", &self.session);
        let signed_in = send(request, form).await;
        assert_eq!(signed_in.status(), 200);
        cookies(&signed_in).join("; ")
    }

    pub async fn ask(&self, provider: &str, session: &str, ask: Value) -> Response<Bytes> {
        let request =
            Request::post(format!("{}/{provider}/token", self.app)).header("origin", &self.app);
        send(
            request
                .header("content-type", "application/json")
                .header("cookie", session),
            &ask.to_string(),
        )
        .await
    }

    pub async fn mint(&self, provider: &str, ask: Value) -> Value {
        let response = self.ask(provider, &self.session, ask).await;
        assert_eq!(response.status(), 200, "{provider}");
        let cookie = cookie(&response);
        assert!(
            cookie.starts_with(&format!("__Host-{provider}-token=")),
            "{cookie}"
        );
        json_of(&response)
    }

    pub async fn transcribe(&self, path: &str, token: Option<&Value>) -> u16 {
        let form = "--b\r\ncontent-disposition: form-data; name=\"model_id\"\r\n\r\nscribe_v2\r\n\
                    --b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nink-whisper\r\n\
                    --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nsound\r\n--b--\r\n";
        let request = Request::post(format!("{}{path}", self.standins_url));
        let mut request = request.header("content-type", "multipart/form-data; boundary=b");
        if let Some(token) = token {
            let bearer = format!("Bearer {}", token.as_str().unwrap());
            request = request
                .header("authorization", bearer)
                .header("cartesia-version", "2026-03-01");
        }
        send(request, form).await.status().as_u16()
    }
}

pub async fn send(request: Builder, body: &str) -> Response<Bytes> {
    let request = request
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap();
    Transport::new()
        .unwrap()
        .send(request, Duration::from_secs(10), 1 << 20)
        .await
        .unwrap()
}

pub async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

pub fn arguments(app: &TcpListener, standins: &TcpListener, set: &[&str]) -> Arguments {
    flags(
        app,
        standins,
        &set.iter()
            .flat_map(|setting| ["--set", *setting])
            .collect::<Vec<_>>(),
    )
}

pub fn flags(app: &TcpListener, standins: &TcpListener, more: &[&str]) -> Arguments {
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
    let (app, standins) = (port(app), port(standins));
    let ports = [
        "voicemint-dev",
        "--port",
        &app,
        "--standins-port",
        &standins,
    ];
    clap::Parser::try_parse_from(ports.into_iter().chain(more.iter().copied())).unwrap()
}

/// An environment with an API key of each real provider.
pub fn all_keys(key: &str) -> impl Fn(&str) -> Option<String> {
    move |name| match name {
        "LIVEKIT_URL" => Some("wss://project.livekit.test".to_owned()),
        _ if name.ends_with("_API_KEY") || name.ends_with("_API_SECRET") => Some(key.to_owned()),
        _ => None,
    }
}

pub fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

pub fn cookie(response: &Response<Bytes>) -> String {
    cookies(response).into_iter().next().unwrap()
}

pub fn cookies(response: &Response<Bytes>) -> Vec<String> {
    let lines = response
        .headers()
        .get_all("set-cookie")
        .into_iter()
        .map(|line| line.to_str().unwrap());
    lines
        .map(|line| line.split(';').next().unwrap().to_owned())
        .collect()
}

pub fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}
