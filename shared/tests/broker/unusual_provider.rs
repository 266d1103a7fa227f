//! The broker with a provider that behaves in ways that no real provider does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;
use voicemint::internals::{
    Broker, Clock, Invocation, LoadFuture, Memory, Outcome, RequestLog, SecretStore, SecretValue,
    Transport,
};
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, Mint, MintContext, MintError, MintedToken, NoProfile, Provider, TokenRequest,
    TokenResponse,
};
use voicemint::settings::Reader;

const SECRET: &str = "a secret of thirty-two bytes or so";
const NOW: u64 = 1_800_000_000;

struct Odd {
    base_url: BaseUrl,
    panics: bool,
}

impl Provider for Odd {
    const NAME: &'static str = "odd";
    type Options = ();
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        let base_url = reader.base_url("PROVIDER_BASE_URL", "https://odd.test");
        Self {
            base_url,
            panics: reader.optional("PANICS").is_some(),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, fields: Fields) -> Result<TokenRequest, Problem> {
        assert!(!self.panics, "sk_key_in_a_panic");
        fields.finish()?;
        Ok(TokenRequest::new(60).with_grants(["tts"]))
    }

    fn mint(&self, _context: &MintContext<'_>) -> Result<Mint, MintError> {
        let url = format!("{}/token", self.base_url.as_str());
        Ok(Request::get(url).body(Bytes::new())?.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        TokenResponse::parse(response.body())?
            .token("token")
            .map(MintedToken::new)
    }
}

/// Returns a newer version at each load.
#[derive(Default)]
struct RotatingStore(AtomicUsize);

impl SecretStore for RotatingStore {
    fn load<'a>(&'a self, _id: &'a str) -> LoadFuture<'a> {
        let version = self.0.fetch_add(1, Ordering::SeqCst).to_string();
        Box::pin(async { Ok(SecretValue::new(SECRET.replace(' ', "-"), version)) })
    }
}

fn broker(more: &[(&str, &str)]) -> Broker<Odd> {
    let base = [
        ("API_KEY_SECRET_ID", "id"),
        ("SESSION_KIND", "secret"),
        ("SESSION_SECRET_ID", "id"),
        ("SESSION_ISSUER", "app"),
        ("SESSION_AUDIENCE", "*"),
    ];
    let variables = [base.as_slice(), more].concat();
    let clock = Clock::new(|| UNIX_EPOCH + Duration::from_secs(NOW));
    let (store, table) = (
        Arc::new(RotatingStore::default()),
        Arc::new(Memory::new(16)),
    );
    Broker::from_settings(
        &variables.as_slice(),
        store,
        table,
        Transport::new().unwrap(),
        clock,
    )
    .unwrap()
}

fn session() -> String {
    let encode = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iss": "app", "sub": "ada", "exp": NOW + 60});
    let signed = format!("{}.{}", encode(json!({"alg": "HS256"})), encode(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.replace(' ', "-").as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, signed.as_bytes()))
    )
}

async fn mint(broker: &Broker<Odd>, left: Duration) -> (Response<Bytes>, RequestLog) {
    let request = Request::post("/")
        .header("authorization", format!("Bearer {}", session()))
        .body(Bytes::new())
        .unwrap();
    broker
        .respond(
            request,
            Invocation {
                request_id: "r-1".to_owned(),
                deadline: Instant::now() + left,
            },
        )
        .await
}

fn code(response: &Response<Bytes>) -> Value {
    serde_json::from_slice::<Value>(response.body()).unwrap()["code"].clone()
}

async fn serve_token(token: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router =
        axum::Router::new().fallback(move || async move { json!({"token": token}).to_string() });
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn a_panic_fails_one_request_with_500_and_the_next_one_is_handled() {
    let broker = broker(&[("PANICS", "yes")]);
    for _ in 0..2 {
        let (response, request_log) = mint(&broker, Duration::from_secs(10)).await;
        assert_eq!(
            (response.status().as_u16(), code(&response)),
            (500, json!("internal"))
        );
        assert!(
            !request_log.line().contains("sk_key"),
            "{}",
            request_log.line()
        );
    }
}

#[tokio::test]
async fn a_token_that_is_too_long_for_a_cookie_is_returned_without_a_cookie() {
    for (length, has_cookie) in [(2000, true), (4000, false)] {
        let url = serve_token("t".repeat(length)).await;
        let (response, request_log) = mint(
            &broker(&[("PROVIDER_BASE_URL", &url)]),
            Duration::from_secs(10),
        )
        .await;
        assert_eq!(
            (response.status().as_u16(), request_log.outcome),
            (200, Outcome::Minted)
        );
        assert_eq!(
            response.headers().contains_key("set-cookie"),
            has_cookie,
            "{length}"
        );
        assert_eq!(
            request_log.line().contains("no cookie"),
            !has_cookie,
            "{length}"
        );
    }
}

#[tokio::test]
async fn the_invocations_deadline_takes_precedence_over_the_providers_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let started = Instant::now();
    let (response, _) = mint(
        &broker(&[("PROVIDER_BASE_URL", &url)]),
        Duration::from_millis(600),
    )
    .await;
    assert_eq!(
        (response.status().as_u16(), code(&response)),
        (504, json!("provider_timeout"))
    );
    assert!(
        started.elapsed() < Duration::from_millis(2500),
        "well before the 3 s that one attempt may take"
    );
}

#[tokio::test]
async fn a_mint_makes_at_most_one_retry_and_one_attempt_with_a_newer_key() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let router = axum::Router::new().fallback(move || {
        let call = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            [503_u16, 401, 503, 200].map(|status| http::StatusCode::from_u16(status).unwrap())[call]
        }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (response, _) = mint(
        &broker(&[("PROVIDER_BASE_URL", &url)]),
        Duration::from_secs(10),
    )
    .await;
    assert_eq!(
        (response.status().as_u16(), code(&response)),
        (503, json!("provider_unavailable"))
    );
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}
