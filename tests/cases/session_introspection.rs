//! Opaque tokens (`SESSION_KIND=introspection`): what the authorization server is asked, and for
//! how long its answer is remembered. What the answer must say is in
//! `session_introspection_answers`.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::time::sleep;
use voicemint_tests::{Event, FaultyService, Function, ORIGIN, Reply, SESSION_COOKIE, World, now};

use crate::support::{Tally, said};

const MISSING: &str = "401 session_missing";
const INVALID: &str = "401 session_invalid";
const UNAVAILABLE: &str = "503 session_unavailable";
const MALFORMED: &str = "400 request_malformed";
const CLIENT: &str = r#"{"client_id":"voicemint","client_secret":"a-client-secret-that-is-fake"}"#;

/// What is said of a good token of that user.
pub fn active(subject: &str) -> Value {
    json!({ "active": true, "sub": subject, "exp": now() + 300 })
}

/// A function with those settings beside, and the server that it asks.
pub async fn start(world: &World, settings: &[(&str, &str)]) -> (Function, FaultyService) {
    let server = FaultyService::start([Reply::json(200, &active("ada"))]).await;
    let client = world.secret("introspection", CLIENT).await;
    let mut builder = world.introspection(
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
async fn the_question_is_the_token_and_our_own_credentials_and_nothing_else() {
    let world = World::start().await;
    let (function, server) = start(&world, &[]).await;
    let caller = Event::get("elevenlabs")
        .query("token_type=realtime_scribe&expires_in=900")
        .header("x-custom", "of-the-caller")
        .header(
            "cookie",
            &format!("{SESSION_COOKIE}=a-cookie-beside; other=one"),
        )
        .bearer("an+opaque/token=with&signs%~");
    assert_eq!(said(&function.invoke(&caller).await), "200");
    let requests = server.requests();
    let [request] = requests.as_slice() else {
        panic!("one question: {requests:?}")
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
    for of_the_caller in [
        ORIGIN,
        "mozilla",
        "192.0.2.10",
        "of-the-caller",
        "a-cookie-beside",
        "realtime",
        "expires",
    ] {
        assert!(
            !everything.contains(&of_the_caller.to_lowercase()),
            "{of_the_caller} in {request:?}"
        );
    }
}

#[tokio::test]
async fn our_own_credentials_go_by_basic_or_bearer() {
    let world = World::start().await;
    let basic = |pair: &str| Some(format!("Basic {}", STANDARD.encode(pair)));
    let mut tally = Tally::default();
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
        // What is neither is nobody's to see.
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
        let server = FaultyService::start([Reply::json(200, &active("ada"))]).await;
        let client = world.secret("introspection", secret).await;
        let function = world
            .introspection("elevenlabs", &server.url(), &client)
            .start()
            .await;
        let answer = function.invoke(&event("a-token")).await;
        tally.is(
            &format!("{secret:?}"),
            said(&answer),
            if want.is_some() { "200" } else { UNAVAILABLE },
        );
        let sent: Vec<_> = server
            .requests()
            .iter()
            .map(|request| request.header("authorization").map(str::to_owned))
            .collect();
        tally.is(
            &format!("{secret:?}, sent"),
            sent,
            want.map(Some).into_iter().collect::<Vec<_>>(),
        );
    }
    tally.done();
}

#[tokio::test]
async fn an_answer_is_remembered_a_minute_and_a_refusal_five_seconds() {
    let world = World::start().await;
    let (function, server) = start(&world, &[]).await;
    let asked = || server.requests().len();
    let ask = async |token: &str| said(&function.invoke(&event(token)).await);
    for _ in 0..5 {
        assert_eq!(ask("token-of-ada").await, "200");
    }
    assert_eq!(asked(), 1);
    for token in [
        "token-of-bob",
        "Token-of-ada",
        "token-of-ada0",
        "token-of-ad",
    ] {
        assert_eq!(ask(token).await, "200");
    }
    assert_eq!(asked(), 5, "each token is asked about by itself");

    server.set([Reply::json(200, &json!({ "active": false }))]);
    let begin = Instant::now();
    for _ in 0..5 {
        assert_eq!(ask("token-of-eve").await, INVALID);
        assert_eq!(ask("token-of-ada").await, "200", "remembered");
    }
    if begin.elapsed() < Duration::from_secs(5) {
        assert_eq!(asked(), 6);
    }
    server.set([Reply::json(200, &active("eve"))]);
    sleep(Duration::from_millis(5200).saturating_sub(begin.elapsed())).await;
    let before = asked();
    assert_eq!(ask("token-of-eve").await, "200", "asked again");
    assert_eq!(ask("token-of-ada").await, "200");
    assert_eq!(asked(), before + 1);
}

#[tokio::test]
async fn what_can_be_no_token_is_refused_without_a_question() {
    let world = World::start().await;
    let (function, server) = start(&world, &[]).await;
    let mut tally = Tally::default();
    for (case, token, want) in [
        ("nothing", String::new(), INVALID),
        ("a space", "a token".to_owned(), INVALID),
        ("a tab", "a\ttoken".to_owned(), INVALID),
        ("not ASCII", "a-tökén".to_owned(), INVALID),
        ("more than 8 KiB", "t".repeat(8193), INVALID),
        // No header in HTTP can have these.
        ("a control character", "a\u{1}token".to_owned(), MALFORMED),
        ("a line end", "a\r\nx-other: token".to_owned(), MALFORMED),
        ("a delete", "a\u{7f}token".to_owned(), MALFORMED),
    ] {
        tally.is(case, said(&function.invoke(&event(&token)).await), want);
        let cookie = Event::post("elevenlabs").cookie(SESSION_COOKIE, &token);
        let want = if token.is_empty() { MISSING } else { want };
        tally.is(
            &format!("{case}, in a cookie"),
            said(&function.invoke(&cookie).await),
            want,
        );
    }
    tally.is("questions", server.requests().len(), 0);
    tally.is(
        "8 KiB",
        said(&function.invoke(&event(&"t".repeat(8192))).await),
        "200",
    );
    tally.is("questions", server.requests().len(), 1);
    tally.is("tokens minted", world.mints("elevenlabs"), 1);
    tally.done();
}

#[tokio::test]
async fn a_cookie_may_hold_the_token() {
    let world = World::start().await;
    let (function, server) = start(&world, &[]).await;
    let post = Event::post("elevenlabs");
    let cookie = post
        .clone()
        .cookie("other", "one")
        .cookie(SESSION_COOKIE, "token-in-a-cookie");
    assert_eq!(said(&function.invoke(&cookie).await), "200");
    assert_eq!(
        server.requests()[0].text(),
        "token=token-in-a-cookie&token_type_hint=access_token"
    );
    assert_eq!(
        said(
            &function
                .invoke(&post.clone().cookie("other", "token"))
                .await
        ),
        MISSING
    );
    // No page behind it, so nobody is asked.
    let from_nowhere = post
        .clone()
        .cookie(SESSION_COOKIE, "another-token")
        .no_origin();
    assert_eq!(
        said(&function.invoke(&from_nowhere).await),
        "403 origin_not_allowed"
    );
    assert_eq!(server.requests().len(), 1);
    // A bad Bearer never falls back to the cookie.
    server.set([Reply::json(200, &json!({ "active": false }))]);
    assert_eq!(
        said(&function.invoke(&cookie.bearer("bad-token")).await),
        INVALID
    );
    assert_eq!(
        server.requests()[1].text(),
        "token=bad-token&token_type_hint=access_token"
    );
    let (function, server) = start(&world, &[]).await;
    assert_eq!(
        said(
            &function
                .invoke(&post.bearer("a b").cookie(SESSION_COOKIE, "token"))
                .await
        ),
        INVALID
    );
    assert_eq!(server.requests().len(), 0);
}
