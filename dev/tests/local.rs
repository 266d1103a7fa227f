//! The local command as a newcomer meets it: sign in, mint, use, for each provider, over real connections.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that fails may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use bytes::Bytes;
use http::request::Builder;
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use voicemint::clock::Clock;
use voicemint::transport::Transport;
use voicemint_dev::arguments::Arguments;
use voicemint_dev::identity::Kind;
use voicemint_dev::standins::{Standins, Vendor};
use voicemint_dev::{app, banner};

struct Local {
    app: String,
    standins_url: String,
    standins: Standins,
    /// How far the stand-ins' clock is ahead, in seconds.
    ahead: Arc<AtomicU64>,
    /// The browser's cookies.
    session: String,
}

impl Local {
    async fn start(set: &[&str]) -> Self {
        Self::of_kind("jwt", set).await
    }

    async fn of_kind(kind: &str, set: &[&str]) -> Self {
        let (app_listener, standins_listener) = (bind().await, bind().await);
        let mut arguments = arguments(&app_listener, &standins_listener, set);
        arguments.session = Kind::named(kind).unwrap();
        let ahead = Arc::new(AtomicU64::new(0));
        let seconds = Arc::clone(&ahead);
        let now = move || UNIX_EPOCH + Clock::system().now() + Duration::from_secs(seconds.load(Ordering::SeqCst));
        let standins = Standins::with_clock(Arc::new(now));
        serve(app_listener, app::router(&arguments, &|_| None).unwrap());
        serve(standins_listener, standins.router());
        let (app, standins_url) = (arguments.app_origin(), arguments.standins_url());
        let mut local = Self { app, standins_url, standins, ahead, session: String::new() };
        local.session = local.sign_in("user=ada").await;
        local
    }

    async fn sign_in(&self, form: &str) -> String {
        let request = Request::post(format!("{}/sign-in", self.app)).header("cookie", &self.session);
        let signed_in = send(request, form).await;
        assert_eq!(signed_in.status(), 200);
        cookies(&signed_in).join("; ")
    }

    async fn ask(&self, provider: &str, session: &str, ask: Value) -> Response<Bytes> {
        let request = Request::post(format!("{}/{provider}/token", self.app)).header("origin", &self.app);
        send(request.header("content-type", "application/json").header("cookie", session), &ask.to_string()).await
    }

    async fn mint(&self, provider: &str, ask: Value) -> Value {
        let response = self.ask(provider, &self.session, ask).await;
        assert_eq!(response.status(), 200, "{provider}");
        let cookie = cookie(&response);
        assert!(cookie.starts_with(&format!("__Host-{provider}-token=")), "{cookie}");
        json_of(&response)
    }

    async fn transcribe(&self, path: &str, token: Option<&Value>) -> u16 {
        let form = "--b\r\ncontent-disposition: form-data; name=\"model_id\"\r\n\r\nscribe_v2\r\n\
                    --b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nink-whisper\r\n\
                    --b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\nsound\r\n--b--\r\n";
        let request = Request::post(format!("{}{path}", self.standins_url));
        let mut request = request.header("content-type", "multipart/form-data; boundary=b");
        if let Some(token) = token {
            let bearer = format!("Bearer {}", token.as_str().unwrap());
            request = request.header("authorization", bearer).header("cartesia-version", "2026-03-01");
        }
        send(request, form).await.status().as_u16()
    }
}

async fn send(request: Builder, body: &str) -> Response<Bytes> {
    let request = request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    Transport::new().unwrap().send(request, Duration::from_secs(10), 1 << 20).await.unwrap()
}

async fn bind() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn arguments(app: &TcpListener, standins: &TcpListener, set: &[&str]) -> Arguments {
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
    let mut flags = vec!["voicemint-dev".to_owned(), "--port".to_owned(), port(app)];
    flags.extend(["--standins-port".to_owned(), port(standins)]);
    flags.extend(set.iter().flat_map(|setting| ["--set".to_owned(), (*setting).to_owned()]));
    clap::Parser::try_parse_from(flags).unwrap()
}

fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

fn cookie(response: &Response<Bytes>) -> String {
    cookies(response).into_iter().next().unwrap()
}

fn cookies(response: &Response<Bytes>) -> Vec<String> {
    let lines = response.headers().get_all("set-cookie").into_iter().map(|line| line.to_str().unwrap());
    lines.map(|line| line.split(';').next().unwrap().to_owned()).collect()
}

fn json_of(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

#[tokio::test]
async fn a_cartesia_token_works_within_its_grants_until_it_expires() {
    let local = Local::start(&[]).await;
    let minted = local.mint("cartesia", json!({"grants": {"stt": true}, "expires_in": 30})).await;
    assert_eq!((&minted["expires_in"], &minted["single_use"]), (&json!(30), &json!(false)));
    assert_eq!(minted["base_url"], local.standins_url);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 200);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 200, "until it expires");
    let speech_only = local.mint("cartesia", json!({"grants": {"tts": true}})).await;
    assert_eq!(local.transcribe("/stt", Some(&speech_only["token"])).await, 403);
    local.ahead.store(31, Ordering::SeqCst);
    assert_eq!(local.transcribe("/stt", Some(&minted["token"])).await, 401);
}

#[tokio::test]
async fn an_elevenlabs_token_works_once() {
    let local = Local::start(&[]).await;
    let minted = local.mint("elevenlabs", json!({"token_type": "batch_scribe"})).await;
    assert_eq!((&minted["expires_in"], &minted["single_use"]), (&json!(900), &json!(true)));
    let path = format!("/v1/speech-to-text?token={}", minted["token"].as_str().unwrap());
    assert_eq!(local.transcribe(&path, None).await, 200);
    assert_eq!(local.transcribe(&path, None).await, 401);
}

#[tokio::test]
async fn an_assemblyai_token_is_minted_with_its_own_lifetime() {
    let local = Local::start(&[]).await;
    let minted = local.mint("assemblyai", json!({"expires_in_seconds": 90})).await;
    assert_eq!((&minted["expires_in"], &minted["single_use"]), (&json!(90), &json!(true)));
    assert_eq!(local.standins.mints(Vendor::AssemblyAi), 1);
}

#[tokio::test]
async fn the_page_and_its_parts_are_served_under_a_strict_policy() {
    let local = Local::start(&[]).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/page");
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let paths = names.filter(|name| name != "index.html").map(|name| format!("/page/{name}"));
    for path in paths.chain(["/".to_owned(), "/voicemint.js".to_owned()]) {
        let part = send(Request::get(format!("{}{path}", local.app)), "").await;
        assert_eq!(part.status(), 200, "{path}");
        let media_type = match path.rsplit_once('.').map(|(_, ending)| ending) {
            None => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("wav") => "audio/wav",
            Some(ending) => panic!("what is {ending}?"),
        };
        assert_eq!(part.headers()["content-type"], media_type, "{path}");
        assert_eq!(part.headers()["x-content-type-options"], "nosniff", "{path}");
        let policy = part.headers()["content-security-policy"].to_str().unwrap();
        for directive in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.split("; ").any(|each| each == directive), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
}

#[tokio::test]
async fn the_page_has_nothing_inline_and_nothing_from_elsewhere() {
    let local = Local::start(&[]).await;
    let page = send(Request::get(format!("{}/", local.app)), "").await;
    let page = String::from_utf8(page.into_body().to_vec()).unwrap();
    for inline in ["<style", " style=", " onclick=", "javascript:", "src=\"http", "href=\"http"] {
        assert!(!page.contains(inline), "{inline}");
    }
    assert!(page.split("<script").skip(1).all(|script| script.starts_with(" src=\"/page/")));
}

#[tokio::test]
async fn the_page_may_talk_to_the_providers_in_use_alone() {
    let local = Local::start(&["cartesia:GRANTS_CLAIM=grants"]).await;
    let read = |path: &'static str, app: String| async move { send(Request::get(format!("{app}{path}")), "").await };
    let deployment = json_of(&read("/deployment.json", local.app.clone()).await);
    assert_eq!((&deployment["sessions"], &deployment["grants_claim"]), (&json!("jwt"), &json!(true)));
    let cartesia = json!({
        "cookie": "__Host-cartesia-token", "single_use": false, "base_url": local.standins_url, "standin": true,
    });
    assert_eq!(deployment["providers"]["cartesia"], cartesia);
    let sources = |response: &Response<Bytes>| {
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        policy.split("; ").find_map(|each| each.strip_prefix("connect-src ").map(str::to_owned)).unwrap()
    };
    let standins = local.standins_url.clone();
    let sockets = standins.replacen("http", "ws", 1);
    assert_eq!(sources(&read("/", local.app.clone()).await), format!("'self' {standins} {sockets}"));

    let (app_listener, standins_listener) = (bind().await, bind().await);
    let arguments = arguments(&app_listener, &standins_listener, &["assemblyai:PROVIDER_BASE_URL=https://eu.test/v0"]);
    serve(app_listener, app::router(&arguments, &|_| Some("key".to_owned())).unwrap());
    let real = sources(&read("/", arguments.app_origin()).await);
    let hosts = ["api.cartesia.ai", "api.elevenlabs.io", "eu.test"];
    let wanted: Vec<_> = ["https", "wss"].iter().flat_map(|way| hosts.map(|host| format!("{way}://{host}"))).collect();
    assert_eq!(real, format!("'self' {}", wanted.join(" ")));
    let deployment = json_of(&read("/deployment.json", arguments.app_origin()).await);
    assert_eq!(deployment["providers"]["assemblyai"]["standin"], false);
    assert!(!deployment.to_string().contains("key"), "a key is never shown");
}

#[tokio::test]
async fn sessions_are_verified_for_real() {
    let local = Local::start(&[]).await;
    let (start, signature) = local.session.rsplit_once('.').unwrap();
    let forged = format!("{start}.{}", signature.chars().rev().collect::<String>());
    for (session, code) in [("a=b", "session_missing"), (forged.as_str(), "session_invalid")] {
        let refused = local.ask("cartesia", session, json!({})).await;
        assert_eq!(refused.status(), 401);
        assert_eq!(json_of(&refused)["code"], code);
    }
    assert_eq!(local.standins.requests(Vendor::Cartesia), 0);
}

/// What everybody does with every kind of session.
async fn sign_in_mint_and_sign_out(kind: &str, grants_claim: &str) {
    let local = Local::of_kind(kind, &[&format!("cartesia:GRANTS_CLAIM={grants_claim}")]).await;
    local.mint("assemblyai", json!({})).await;
    let refusal = |session: String, ask: Value| {
        let local = &local;
        async move {
            let refused = local.ask("cartesia", &session, ask).await;
            (refused.status().as_u16(), json_of(&refused)["code"].as_str().unwrap_or_default().to_owned())
        }
    };
    let nobody = (401, "session_missing".to_owned());
    assert_eq!(refusal("other=x".to_owned(), json!({})).await, nobody);
    // Without the claim nothing is granted, and with it what it lists.
    let (nothing, minted) = ((403, "grant_not_allowed".to_owned()), (200, String::new()));
    assert_eq!(refusal(local.session.clone(), json!({"grants": {"tts": true}})).await, nothing);
    let speaker = local.sign_in("user=ada%40example.com&grants=tts+agent").await;
    assert_eq!(refusal(speaker.clone(), json!({"grants": {"tts": true}})).await, minted);
    assert_eq!(refusal(speaker.clone(), json!({"grants": {"stt": true}})).await, nothing);

    let signed_out = send(Request::post(format!("{}/sign-out", local.app)).header("cookie", &speaker), "").await;
    let expired = cookies(&signed_out);
    for pair in speaker.split("; ") {
        let (name, _) = pair.split_once('=').unwrap();
        assert!(expired.contains(&format!("{name}=")), "{name} in {expired:?}");
    }
}

macro_rules! kinds {
    ($($test:ident: $kind:literal, $grants_claim:literal;)*) => {$(
        #[tokio::test]
        async fn $test() {
            sign_in_mint_and_sign_out($kind, $grants_claim).await;
        }
    )*};
}

kinds! {
    sessions_with_published_keys: "jwt", "grants";
    sessions_with_a_shared_secret: "secret", "grants";
    sessions_of_clerk: "clerk", "grants";
    sessions_of_supabase: "supabase", "/app_metadata/grants";
    sessions_of_firebase: "firebase", "grants";
    sessions_of_cognito: "cognito", "grants";
    sessions_of_auth0: "auth0", "grants";
    sessions_of_workos: "workos", "grants";
    sessions_of_better_auth: "better-auth", "grants";
    sessions_of_auth_js: "authjs", "grants";
    sessions_by_introspection: "introspection", "grants";
    sessions_by_asking_the_app: "forward", "grants";
}

#[tokio::test]
async fn pieces_of_a_longer_session_do_not_outlive_it() {
    let local = Local::of_kind("jwt", &[]).await;
    let request =
        Request::post(format!("{}/sign-in", local.app)).header("cookie", "dev_session.0=x; dev_session.1=y; a=b");
    let names: Vec<_> = cookies(&send(request, "user=ada").await)
        .into_iter()
        .map(|pair| pair.split_once('=').unwrap().0.to_owned())
        .collect();
    assert_eq!(names, ["dev_session.0", "dev_session.1", "dev_session"]);
}

#[tokio::test]
async fn the_session_cookie_may_have_another_name() {
    let local = Local::of_kind("secret", &["SESSION_COOKIE=mine"]).await;
    assert!(local.session.starts_with("mine="), "{}", local.session);
    local.mint("assemblyai", json!({})).await;
}

#[tokio::test]
async fn sessions_of_ones_own_app_are_not_mixed_with_built_in_ones() {
    let arguments = arguments(&bind().await, &bind().await, &["SESSION_KIND=secret"]);
    let message = app::router(&arguments, &|_| None).err().unwrap().to_string();
    for name in ["SESSION_ISSUER", "SESSION_AUDIENCE", "SESSION_SECRET_ID"] {
        assert!(message.contains(name), "{message}");
    }
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_is_not_served() {
    let local = Local::start(&[]).await;
    for path in ["/", "/deployment.json", "/sign-in", "/cartesia/token"] {
        let request = Request::get(format!("{}{path}", local.app)).header("host", "evil.test");
        assert_eq!(send(request, "").await.status(), 421, "{path}");
    }
}

#[tokio::test]
async fn signing_in_takes_a_form_or_json_and_a_name() {
    let local = Local::start(&[]).await;
    let sign_in = |media_type: &'static str, body: &'static str| {
        let request = Request::post(format!("{}/sign-in", local.app)).header("content-type", media_type);
        async move { send(request, body).await.status().as_u16() }
    };
    assert_eq!(sign_in("application/json", r#"{"user":"ada"}"#).await, 200);
    assert_eq!(sign_in("application/x-www-form-urlencoded", "user=ada").await, 200);
    assert_eq!(sign_in("application/json", "user=ada").await, 422);
    assert_eq!(sign_in("application/x-www-form-urlencoded", "user=").await, 422);
    let signed_out = send(Request::post(format!("{}/sign-out", local.app)), "").await;
    assert_eq!((signed_out.status().as_u16(), cookie(&signed_out)), (204, "dev_session=".to_owned()));
}

#[tokio::test]
async fn settings_may_be_changed_by_flags_and_are_checked() {
    let local = Local::start(&["cartesia:DEFAULT_EXPIRES_IN=7"]).await;
    assert_eq!(local.mint("cartesia", json!({})).await["expires_in"], 7);
    for wrong in ["MAX_EXPIRES_IN=much", "MAX_EXPIRE_IN=9"] {
        let arguments = arguments(&bind().await, &bind().await, &[wrong]);
        let message = app::router(&arguments, &|_| None).err().unwrap().to_string();
        assert!(message.contains(wrong.split('=').next().unwrap()), "{message}");
    }
}

#[tokio::test]
async fn with_a_real_key_the_real_provider_is_called() {
    let arguments = arguments(&bind().await, &bind().await, &[]);
    let text = banner::text(&arguments, &|name| (name == "CARTESIA_API_KEY").then(|| "sk_car_real".to_owned()));
    assert!(text.contains("the real one, as CARTESIA_API_KEY is set"), "{text}");
    assert!(!text.contains("sk_car_real"), "a key is never shown");
    let lines = |text: &str| text.lines().filter(|line| line.starts_with("curl ")).count();
    assert_eq!(lines(&text), 2, "the third line is for the stand-ins: {text}");
    assert_eq!(lines(&banner::text(&arguments, &|_| None)), 3);
}
