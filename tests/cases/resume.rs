//! Resuming a token from its sealed cookie: for which callers, with which remaining lifetime, and
//! without a call of the provider.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::sleep;
use voicemint_tests::{Event, Function, Reply, Response, ScriptedServer, TestEnv};

use crate::support::{assert_readable, expires_at, metric};

pub const COOKIE: &str = "__Host-cartesia-token";

/// Mints a token with this request body. Returns the response and the value of the cookie.
pub async fn minted(function: &Function, session: &str, body: &Value) -> (Response, String) {
    let response = function
        .invoke(&Event::post("cartesia").bearer(session).json_body(body))
        .await;
    assert_eq!(
        response.header("voicemint-source"),
        "minted",
        "{response:?}\n{}",
        function.logs()
    );
    let (name, value, _) = response
        .cookie()
        .unwrap_or_else(|| panic!("one cookie: {response:?}"));
    assert_eq!(name, COOKIE);
    (response, value)
}

pub fn with_cookie(session: &str, body: &Value, value: &str) -> Event {
    Event::post("cartesia")
        .bearer(session)
        .json_body(body)
        .cookie(COOKIE, value)
}

#[track_caller]
pub fn assert_new_token(response: &Response, first: &Response) {
    assert_eq!(
        (response.status, response.header("voicemint-source")),
        (200, "minted"),
        "{response:?}"
    );
    assert_ne!(response.token(), first.token());
}

#[tokio::test]
async fn the_same_request_of_the_same_caller_gets_the_same_token_with_its_remaining_lifetime() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({})).await;
    sleep(Duration::from_millis(1100)).await;
    let (again, line) = function
        .invoke_logged(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_eq!(
        (again.status, again.header("voicemint-source")),
        (200, "resumed"),
        "{again:?}"
    );
    assert!(
        again.cookies.is_empty(),
        "the browser already has the cookie: {again:?}"
    );
    assert_readable(&again);
    assert_eq!(again.token(), first.token());
    assert_eq!(
        again.cookies, [""; 0],
        "the existing cookie is not replaced"
    );
    assert_eq!(expires_at(&again), expires_at(&first));
    let left = again.json()["expires_in"].as_i64().unwrap_or_default();
    assert!((55..=59).contains(&left), "{again:?}");
    for member in ["provider", "single_use", "base_url"] {
        assert_eq!(again.json()[member], first.json()[member]);
    }
    assert_eq!(env.mints("cartesia"), 1);
    assert_eq!(
        (&line["outcome"], &line["source"]),
        (&json!("resumed"), &json!("resumed")),
        "{line}"
    );
    assert_eq!(
        metric(&line, "Resumed"),
        Some((1.0, vec![vec!["Provider".to_owned()]])),
        "{line}"
    );
    assert_eq!(metric(&line, "Minted"), None, "{line}");
}

#[tokio::test]
async fn another_environment_and_another_session_of_the_same_user_resume_too() {
    let env = TestEnv::start().await;
    let (first, cookie) = {
        let function = env.function("cartesia").start().await;
        minted(&function, &env.issuer.token("ada"), &json!({})).await
    };
    let function = env.function("cartesia").start().await;
    let mut claims = env.issuer.claims("ada");
    claims["sid"] = json!("another-session");
    let session = env.issuer.sign(&claims);
    // The same grants in another notation, and together with other cookies.
    let body = json!({ "expires_in": 60, "grants": { "stt": true, "tts": true, "agent": false } });
    let event = Event::post("cartesia").bearer(&session).json_body(&body);
    let in_array = event
        .clone()
        .cookie("theme", "dark")
        .cookie(COOKIE, &cookie)
        .cookie("z", "1");
    let in_header = event.header("cookie", &format!("theme=dark; {COOKIE}={cookie}; z=1"));
    let by_get = Event::get("cartesia")
        .bearer(&session)
        .cookie(COOKIE, &cookie);
    for event in [in_array, in_header, by_get] {
        let response = function.invoke(&event).await;
        assert_eq!(
            (response.header("voicemint-source"), response.token()),
            ("resumed", first.token()),
            "{response:?}"
        );
    }
    assert_eq!(env.mints("cartesia"), 1);
}

#[tokio::test]
async fn resuming_does_not_call_the_provider() {
    let env = TestEnv::start().await;
    let standin = ScriptedServer::start([
        Reply::token("a-token-of-the-provider"),
        Reply::json(500, &json!({})),
    ])
    .await;
    let function = env
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let session = env.issuer.token("ada");
    let (_, cookie) = minted(&function, &session, &json!({})).await;
    let response = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_eq!(
        (response.status, response.header("voicemint-source")),
        (200, "resumed")
    );
    assert_eq!(standin.requests().len(), 1);
}

/// Waits until the wall clock is at this fraction of the next second.
async fn next_second_plus(part: Duration) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let elapsed = Duration::from_nanos(now.subsec_nanos().into());
    sleep((Duration::from_secs(1) + part).saturating_sub(elapsed)).await;
}

#[tokio::test]
async fn expires_in_never_exceeds_the_remaining_lifetime() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    function.invoke(&Event::post("cartesia")).await;
    // The token is minted at the beginning of one second and resumed at the end of another, so that
    // the remaining seconds must be rounded down.
    next_second_plus(Duration::from_millis(20)).await;
    let (_, cookie) = minted(&function, &session, &json!({})).await;
    let minted_before = Instant::now();
    next_second_plus(Duration::from_millis(850)).await;
    let resumed_after = minted_before.elapsed();
    let response = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_eq!(
        response.header("voicemint-source"),
        "resumed",
        "{response:?}"
    );
    let left = response.json()["expires_in"].as_f64().unwrap_or_default();
    let max = 60.0 - resumed_after.as_secs_f64();
    assert!(
        left <= max,
        "expires_in is {left} s, but at most {max} s are left"
    );
}

#[tokio::test]
async fn tokens_of_two_users_in_one_browser_stay_separate() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let (ada, bob) = (env.issuer.token("ada"), env.issuer.token("bob"));
    let (of_ada, cookie_of_ada) = minted(&function, &ada, &json!({})).await;
    let (of_bob, cookie_of_bob) = minted(&function, &bob, &json!({})).await;
    for (session, cookie, token) in [
        (&ada, &cookie_of_ada, &of_ada),
        (&bob, &cookie_of_bob, &of_bob),
    ] {
        let response = function
            .invoke(&with_cookie(session, &json!({}), cookie))
            .await;
        assert_eq!(response.token(), token.token());
    }
    assert_new_token(
        &function
            .invoke(&with_cookie(&ada, &json!({}), &cookie_of_bob))
            .await,
        &of_bob,
    );
}
