//! Resuming a token from its sealed cookie: for whom, with how much time left, and without the
//! provider.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::sleep;
use voicemint_tests::{Answer, Event, FaultyService, Function, Reply, World};

use crate::support::{assert_readable, expires_at, metric};

pub const COOKIE: &str = "__Host-cartesia-token";

/// Mints with that ask; the answer and the cookie's value.
pub async fn minted(function: &Function, session: &str, ask: &Value) -> (Answer, String) {
    let answer = function
        .invoke(&Event::post("cartesia").bearer(session).json_body(ask))
        .await;
    assert_eq!(
        answer.header("voicemint-source"),
        "minted",
        "{answer:?}\n{}",
        function.logs()
    );
    let (name, value, _) = answer
        .cookie()
        .unwrap_or_else(|| panic!("one cookie: {answer:?}"));
    assert_eq!(name, COOKIE);
    (answer, value)
}

pub fn with_cookie(session: &str, ask: &Value, value: &str) -> Event {
    Event::post("cartesia")
        .bearer(session)
        .json_body(ask)
        .cookie(COOKIE, value)
}

#[track_caller]
pub fn assert_minted_anew(answer: &Answer, first: &Answer) {
    assert_eq!(
        (answer.status, answer.header("voicemint-source")),
        (200, "minted"),
        "{answer:?}"
    );
    assert_ne!(answer.token(), first.token());
}

#[tokio::test]
async fn the_same_ask_of_the_same_caller_gets_the_same_token_with_the_time_it_has_left() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
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
        "the cookie is there already: {again:?}"
    );
    assert_readable(&again);
    assert_eq!(again.token(), first.token());
    assert_eq!(again.cookies, [""; 0], "the one that it came with stays");
    assert_eq!(expires_at(&again), expires_at(&first));
    let left = again.json()["expires_in"].as_i64().unwrap_or_default();
    assert!((55..=59).contains(&left), "{again:?}");
    for member in ["provider", "single_use", "base_url"] {
        assert_eq!(again.json()[member], first.json()[member]);
    }
    assert_eq!(world.mints("cartesia"), 1);
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
    let world = World::start().await;
    let (first, cookie) = {
        let function = world.function("cartesia").start().await;
        minted(&function, &world.issuer.token("ada"), &json!({})).await
    };
    let function = world.function("cartesia").start().await;
    let mut claims = world.issuer.claims("ada");
    claims["sid"] = json!("another-session");
    let session = world.issuer.sign(&claims);
    // The same grants in other words, and with other cookies around.
    let ask = json!({ "expires_in": 60, "grants": { "stt": true, "tts": true, "agent": false } });
    let event = Event::post("cartesia").bearer(&session).json_body(&ask);
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
        let answer = function.invoke(&event).await;
        assert_eq!(
            (answer.header("voicemint-source"), answer.token()),
            ("resumed", first.token()),
            "{answer:?}"
        );
    }
    assert_eq!(world.mints("cartesia"), 1);
}

#[tokio::test]
async fn resuming_needs_no_provider() {
    let world = World::start().await;
    let standin = FaultyService::start([
        Reply::token("a-token-of-the-provider"),
        Reply::json(500, &json!({})),
    ])
    .await;
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", standin.url())
        .start()
        .await;
    let session = world.issuer.token("ada");
    let (_, cookie) = minted(&function, &session, &json!({})).await;
    let answer = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_eq!(
        (answer.status, answer.header("voicemint-source")),
        (200, "resumed")
    );
    assert_eq!(standin.requests().len(), 1);
}

/// Waits for that part of a second of the wall clock.
async fn second_and(part: Duration) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let begun = Duration::from_nanos(now.subsec_nanos().into());
    sleep((Duration::from_secs(1) + part).saturating_sub(begun)).await;
}

#[tokio::test]
async fn no_more_time_is_promised_than_the_token_has_not_by_a_part_of_a_second() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    function.invoke(&Event::post("cartesia")).await;
    // Minted at the beginning of one second and resumed at the end of another: whole seconds must
    // be rounded down.
    second_and(Duration::from_millis(20)).await;
    let (_, cookie) = minted(&function, &session, &json!({})).await;
    let minted_before = Instant::now();
    second_and(Duration::from_millis(850)).await;
    let resumed_after = minted_before.elapsed();
    let answer = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_eq!(answer.header("voicemint-source"), "resumed", "{answer:?}");
    let left = answer.json()["expires_in"].as_f64().unwrap_or_default();
    let most = 60.0 - resumed_after.as_secs_f64();
    assert!(
        left <= most,
        "{left} s are promised where at most {most} are left"
    );
}

#[tokio::test]
async fn signing_in_as_another_and_back_keeps_tokens_apart() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let (ada, bob) = (world.issuer.token("ada"), world.issuer.token("bob"));
    let (of_ada, cookie_of_ada) = minted(&function, &ada, &json!({})).await;
    let (of_bob, cookie_of_bob) = minted(&function, &bob, &json!({})).await;
    for (session, cookie, token) in [
        (&ada, &cookie_of_ada, &of_ada),
        (&bob, &cookie_of_bob, &of_bob),
    ] {
        let answer = function
            .invoke(&with_cookie(session, &json!({}), cookie))
            .await;
        assert_eq!(answer.token(), token.token());
    }
    assert_minted_anew(
        &function
            .invoke(&with_cookie(&ada, &json!({}), &cookie_of_bob))
            .await,
        &of_bob,
    );
}
