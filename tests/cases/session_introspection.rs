//! Opaque tokens (`SESSION_KIND=introspection`): what the authorization server is sent, and for how
//! long its response is cached. The cases for the response are in
//! `session_introspection_responses`.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::sleep;
use voicemint_tests::{
    Event, Function, ORIGIN, Reply, SESSION_COOKIE, ScriptedServer, TestEnv, now,
};

use crate::support::{CaseReport, status_and_code};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";
const UNAVAILABLE: &str = "503 session_unavailable";
const MALFORMED: &str = "400 request_malformed";
const CLIENT: &str = r#"{"client_id":"voicemint","client_secret":"a-client-secret-that-is-fake"}"#;

/// The introspection response for a valid token of a user.
pub fn active(subject: &str) -> Value {
    json!({ "active": true, "sub": subject, "exp": now() + 300 })
}

/// Starts a function with additional settings, and the server that it calls.
pub async fn start(env: &TestEnv, settings: &[(&str, &str)]) -> (Function, ScriptedServer) {
    let server = ScriptedServer::start([Reply::json(200, &active("ada"))]).await;
    let client = env.secret("introspection", CLIENT).await;
    let mut builder = env.introspection(
        "elevenlabs",
        &format!("{}/introspect", server.url()),
        &client,
    );
    for (name, value) in settings {
        builder = builder.env(name, *value);
    }
    (builder.start().await, server)
}

pub fn event(token: &str) -> Event {
    Event::post("elevenlabs").bearer(token)
}

#[tokio::test]
async fn the_server_is_sent_only_the_token_and_the_client_credentials() {
    let env = TestEnv::start().await;
    let (function, server) = start(&env, &[]).await;
    let caller = Event::get("elevenlabs")
        .query("token_type=realtime_scribe&expires_in=900")
        .header("x-custom", "of-the-caller")
        .header(
            "cookie",
            &format!("{SESSION_COOKIE}=a-cookie-beside; other=one"),
        )
        .bearer("an+opaque/token=with&signs%~");
    assert_eq!(status_and_code(&function.invoke(&caller).await), "200");
    let requests = server.requests();
    let [request] = requests.as_slice() else {
        panic!("one call: {requests:?}")
    };
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/introspect")
    );
    assert_eq!(
        request.text(),
        "token=an%2Bopaque%2Ftoken%3Dwith%26signs%25%7E&token_type_hint=access_token"
    );
    let names = [
        "accept",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ];
    assert_eq!(request.header_names(), names, "{request:?}");
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(
        request.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let basic = STANDARD.encode("voicemint:a-client-secret-that-is-fake");
    assert_eq!(
        request.header("authorization"),
        Some(format!("Basic {basic}").as_str())
    );
    let everything = format!("{request:?}").to_lowercase();
    for caller_text in [
        ORIGIN,
        "mozilla",
        "192.0.2.10",
        "of-the-caller",
        "a-cookie-beside",
        "realtime",
        "expires",
    ] {
        assert!(
            !everything.contains(&caller_text.to_lowercase()),
            "{caller_text} in {request:?}"
        );
    }
}

#[tokio::test]
async fn client_credentials_are_sent_as_basic_or_bearer() {
    let env = TestEnv::start().await;
    let basic = |pair: &str| Some(format!("Basic {}", STANDARD.encode(pair)));
    let mut report = CaseReport::default();
    for (secret, want) in [
        (CLIENT, basic("voicemint:a-client-secret-that-is-fake")),
        // RFC 6749 section 2.3.1: both parts are form-encoded first.
        (
            r#"{"client_id":"voice mint:1","client_secret":"a b+c%d&e=f:g/hü"}"#,
            basic("voice+mint%3A1:a+b%2Bc%25d%26e%3Df%3Ag%2Fh%C3%BC"),
        ),
        (
            r#"{"client_secret":"x-y_z.0","client_id":"i","more":[1]}"#,
            basic("i:x-y_z.0"),
        ),
        (
            "a-long-lived-token-that-is-fake",
            Some("Bearer a-long-lived-token-that-is-fake".to_owned()),
        ),
        (
            "a-long-lived-token-with-a-line-end\n",
            Some("Bearer a-long-lived-token-with-a-line-end".to_owned()),
        ),
        // Anything else is not sent to the server.
        (r#"{"client_id":"voicemint"}"#, None),
        (r#"{"client_id":"voicemint","client_secret":""}"#, None),
        (r#"{"client_id":"voicemint","client_secret":7}"#, None),
        (
            r#"{"client_id":"a","client_id":"b","client_secret":"c"}"#,
            None,
        ),
        (r#"{"client_id":"voicemint","client_secret":"cut-o"#, None),
        ("two\nlines-of-a-token", None),
        (" ", None),
    ] {
        let server = ScriptedServer::start([Reply::json(200, &active("ada"))]).await;
        let client = env.secret("introspection", secret).await;
        let function = env
            .introspection("elevenlabs", &server.url(), &client)
            .start()
            .await;
        let response = function.invoke(&event("a-token")).await;
        report.check_eq(
            &format!("{secret:?}"),
            status_and_code(&response),
            if want.is_some() { "200" } else { UNAVAILABLE },
        );
        let sent: Vec<_> = server
            .requests()
            .iter()
            .map(|request| request.header("authorization").map(str::to_owned))
            .collect();
        report.check_eq(
            &format!("{secret:?}, sent"),
            sent,
            want.map(Some).into_iter().collect::<Vec<_>>(),
        );
    }
    report.finish();
}

#[tokio::test]
async fn active_tokens_are_cached_for_a_minute_and_refusals_for_five_seconds() {
    let env = TestEnv::start().await;
    let (function, server) = start(&env, &[]).await;
    let calls = || server.requests().len();
    let mint = async |token: &str| status_and_code(&function.invoke(&event(token)).await);
    for _ in 0..5 {
        assert_eq!(mint("token-of-ada").await, "200");
    }
    assert_eq!(calls(), 1);
    for token in [
        "token-of-bob",
        "Token-of-ada",
        "token-of-ada0",
        "token-of-ad",
    ] {
        assert_eq!(mint(token).await, "200");
    }
    assert_eq!(calls(), 5, "each token is introspected separately");

    server.set_script([Reply::json(200, &json!({ "active": false }))]);
    let begin = Instant::now();
    for _ in 0..5 {
        assert_eq!(mint("token-of-eve").await, INVALID);
        assert_eq!(mint("token-of-ada").await, "200", "cached");
    }
    if begin.elapsed() < Duration::from_secs(5) {
        assert_eq!(calls(), 6);
    }
    server.set_script([Reply::json(200, &active("eve"))]);
    sleep(Duration::from_millis(5200).saturating_sub(begin.elapsed())).await;
    let before = calls();
    assert_eq!(mint("token-of-eve").await, "200", "introspected again");
    assert_eq!(mint("token-of-ada").await, "200");
    assert_eq!(calls(), before + 1);
}

#[tokio::test]
async fn values_that_cannot_be_tokens_are_refused_without_introspection() {
    let env = TestEnv::start().await;
    let (function, server) = start(&env, &[]).await;
    let mut report = CaseReport::default();
    for (case, token, want) in [
        ("an empty token", String::new(), INVALID),
        ("a space", "a token".to_owned(), INVALID),
        ("a tab", "a\ttoken".to_owned(), INVALID),
        ("not ASCII", "a-tökén".to_owned(), INVALID),
        ("more than 8 KiB", "t".repeat(8193), INVALID),
        // HTTP headers cannot contain these characters.
        ("a control character", "a\u{1}token".to_owned(), MALFORMED),
        ("a line end", "a\r\nx-other: token".to_owned(), MALFORMED),
        ("a DEL character", "a\u{7f}token".to_owned(), MALFORMED),
    ] {
        report.check_eq(
            case,
            status_and_code(&function.invoke(&event(&token)).await),
            want,
        );
        let cookie = Event::post("elevenlabs").cookie(SESSION_COOKIE, &token);
        let want = if token.is_empty() { MISSING } else { want };
        report.check_eq(
            &format!("{case}, in a cookie"),
            status_and_code(&function.invoke(&cookie).await),
            want,
        );
    }
    report.check_eq("calls", server.requests().len(), 0);
    report.check_eq(
        "8 KiB",
        status_and_code(&function.invoke(&event(&"t".repeat(8192))).await),
        "200",
    );
    report.check_eq("calls", server.requests().len(), 1);
    report.check_eq("tokens minted", env.mints("elevenlabs"), 1);
    report.finish();
}

#[tokio::test]
async fn a_cookie_may_contain_the_token() {
    let env = TestEnv::start().await;
    let (function, server) = start(&env, &[]).await;
    let post = Event::post("elevenlabs");
    let cookie = post
        .clone()
        .cookie("other", "one")
        .cookie(SESSION_COOKIE, "token-in-a-cookie");
    assert_eq!(status_and_code(&function.invoke(&cookie).await), "200");
    assert_eq!(
        server.requests()[0].text(),
        "token=token-in-a-cookie&token_type_hint=access_token"
    );
    assert_eq!(
        status_and_code(
            &function
                .invoke(&post.clone().cookie("other", "token"))
                .await
        ),
        MISSING
    );
    // The request has no origin, so the server is not called.
    let without_origin = post
        .clone()
        .cookie(SESSION_COOKIE, "another-token")
        .no_origin();
    assert_eq!(
        status_and_code(&function.invoke(&without_origin).await),
        "403 origin_not_allowed"
    );
    assert_eq!(server.requests().len(), 1);
    // An invalid Bearer never falls back to the cookie.
    server.set_script([Reply::json(200, &json!({ "active": false }))]);
    assert_eq!(
        status_and_code(&function.invoke(&cookie.bearer("bad-token")).await),
        INVALID
    );
    assert_eq!(
        server.requests()[1].text(),
        "token=bad-token&token_type_hint=access_token"
    );
    let (function, server) = start(&env, &[]).await;
    assert_eq!(
        status_and_code(
            &function
                .invoke(&post.bearer("a b").cookie(SESSION_COOKIE, "token"))
                .await
        ),
        INVALID
    );
    assert_eq!(server.requests().len(), 0);
}
