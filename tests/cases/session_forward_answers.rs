//! What the app's answers mean (`SESSION_KIND=forward`): a session, none, or that it cannot be said
//! just now.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use voicemint_tests::{ClosedPort, Event, FaultyService, Reply, Server, World};

use crate::support::{Tally, Trouble, all, assert_problem, said, trouble_is_503};

const INVALID: &str = "401 session_invalid";

fn ada() -> Reply {
    Reply::json(200, &json!({ "sub": "ada" }))
}

fn text(text: &str) -> Reply {
    Reply::new(200, "application/json", text)
}

#[tokio::test]
async fn success_with_a_subject_is_a_session() {
    let world = World::start().await;
    let app = FaultyService::start([]).await;
    let function = world.forward("elevenlabs", &app.url()).start().await;
    let mut tally = Tally::default();
    let mut minted = 0;
    for (case, reply, want) in [
        ("200", ada(), "200"),
        ("201", ada().status(201), "200"),
        ("202", ada().status(202), "200"),
        ("299", ada().status(299), "200"),
        (
            "more beside",
            text(r#"{"email":"ada@example.com","sub":"ada","roles":["x"]}"#),
            "200",
        ),
        (
            "another media type",
            Reply::new(200, "text/plain", r#"{"sub":"ada"}"#),
            "200",
        ),
        ("a number", text(r#"{"sub":4711}"#), "200"),
        ("naught", text(r#"{"sub":0}"#), "200"),
        ("a number below naught", text(r#"{"sub":-1}"#), "200"),
        ("a part of a number", text(r#"{"sub":1.5}"#), INVALID),
        ("true", text(r#"{"sub":true}"#), INVALID),
        ("null", text(r#"{"sub":null}"#), INVALID),
        ("an empty text", text(r#"{"sub":""}"#), INVALID),
        ("an array", text(r#"{"sub":["ada"]}"#), INVALID),
        ("an object", text(r#"{"sub":{"id":"ada"}}"#), INVALID),
        ("another name", text(r#"{"user":"ada"}"#), INVALID),
        ("another case", text(r#"{"Sub":"ada"}"#), INVALID),
        ("twice", text(r#"{"sub":"ada","sub":"bob"}"#), INVALID),
        ("nobody, as an empty object", text("{}"), INVALID),
        ("nobody, as null", text("null"), INVALID),
        ("nobody, as false", text("false"), INVALID),
        ("nobody, as nothing", text(""), INVALID),
        ("nobody, as 204", Reply::new(204, "text/plain", ""), INVALID),
        ("an array of users", text(r#"[{"sub":"ada"}]"#), INVALID),
        ("a bare name", text(r#""ada""#), INVALID),
        ("half an answer", text(r#"{"sub":"ada""#), INVALID),
        (
            "two answers",
            text(r#"{"sub":"ada"}{"sub":"bob"}"#),
            INVALID,
        ),
        (
            "a page for signing in",
            Reply::new(200, "text/html", "<!doctype html><title>Sign in</title>"),
            INVALID,
        ),
        ("401", ada().status(401), INVALID),
        ("403", ada().status(403), INVALID),
        ("400", ada().status(400), INVALID),
        ("404", ada().status(404), INVALID),
        ("422", ada().status(422), INVALID),
    ] {
        app.set([reply]);
        let before = app.requests().len();
        let answer = function
            .invoke(&Event::post("elevenlabs").bearer("a-session"))
            .await;
        tally.is(case, said(&answer), want);
        tally.is(
            &format!("{case}: challenge"),
            answer.has_header("www-authenticate"),
            want == INVALID,
        );
        tally.is(
            &format!("{case}: questions"),
            app.requests().len() - before,
            1,
        );
        minted += usize::from(want == "200");
        tally.is(
            &format!("{case}: tokens minted"),
            world.mints("elevenlabs"),
            minted,
        );
    }
    tally.done();
}

#[tokio::test]
async fn the_subject_is_where_the_pointer_says() {
    let world = World::start().await;
    let app = FaultyService::start([]).await;
    let mut tally = Tally::default();
    for (pointer, answer, want) in [
        ("/user/id", json!({ "user": { "id": "ada" } }), "200"),
        ("/user/id", json!({ "user": { "id": 7 } }), "200"),
        ("/user/id", json!({ "user": { "id": "" } }), INVALID),
        ("/user/id", json!({ "user": Value::Null }), INVALID),
        ("/user/id", json!({ "user": "ada" }), INVALID),
        ("/user/id", json!({ "user/id": "ada" }), INVALID),
        ("/user/id", json!({ "sub": "ada" }), INVALID),
        (
            "/data/0/user/id",
            json!({ "data": [{ "user": { "id": "ada" } }] }),
            "200",
        ),
        (
            "/data/1/user/id",
            json!({ "data": [{ "user": { "id": "ada" } }] }),
            INVALID,
        ),
        (
            "/https:~1~1app.example~1id",
            json!({ "https://app.example/id": "ada" }),
            "200",
        ),
        ("/m~0n", json!({ "m~n": "ada" }), "200"),
    ] {
        app.set([Reply::json(200, &answer)]);
        let function = world
            .forward("elevenlabs", &app.url())
            .env("SESSION_SUBJECT_POINTER", pointer)
            .start()
            .await;
        let event = Event::post("elevenlabs").bearer("a-session");
        tally.is(
            &format!("{pointer} in {answer}"),
            said(&function.invoke(&event).await),
            want,
        );
    }
    let required = "plan=paid,verified=true";
    let function = world
        .forward("elevenlabs", &app.url())
        .env("SESSION_REQUIRED_CLAIMS", required)
        .start()
        .await;
    for (answer, want) in [
        (
            json!({ "sub": "ada", "plan": "paid", "verified": true }),
            "200",
        ),
        (
            json!({ "sub": "ada", "plan": "free", "verified": true }),
            INVALID,
        ),
        (json!({ "sub": "ada", "plan": "paid" }), INVALID),
    ] {
        app.set([Reply::json(200, &answer)]);
        let event = Event::post("elevenlabs").bearer("a-session");
        tally.is(
            &format!("{required} of {answer}"),
            said(&function.invoke(&event).await),
            want,
        );
    }
    tally.done();
}

#[tokio::test]
async fn a_redirect_to_a_page_for_signing_in_is_no_session_and_is_not_followed() {
    let world = World::start().await;
    let elsewhere = Server::start(|_| Reply::json(200, &json!({ "sub": "mallory" }))).await;
    let app = FaultyService::start([]).await;
    let function = world
        .forward("elevenlabs", &format!("{}/me", app.url()))
        .start()
        .await;
    for status in [302, 303, 307] {
        for location in ["/login", &elsewhere.url()] {
            app.set([Reply::json(status, &json!({ "sub": "ada" })).header("location", location)]);
            let answer = function
                .invoke(&Event::post("elevenlabs").bearer("a-session"))
                .await;
            assert_problem(&answer, 401, "session_invalid");
        }
    }
    assert!(app.requests().iter().all(|request| request.target == "/me"));
    assert_eq!(
        (
            app.requests().len(),
            elsewhere.requests().len(),
            world.mints("elevenlabs")
        ),
        (6, 0, 0)
    );
}

/// Every other answer, how often the app is asked for one session, and within how many milliseconds
/// that is over.
fn troubles() -> Vec<Trouble> {
    let moved = |status| ada().status(status).header("location", "/elsewhere");
    let long = format!("{{\"sub\":\"ada\",\"pad\":\"{}\"}}", "p".repeat(64 * 1024));
    vec![
        ("300", moved(300), 1, 1000),
        ("301", moved(301), 1, 1000),
        ("304", Reply::new(304, "text/plain", ""), 1, 1000),
        ("308", moved(308), 1, 1000),
        ("402", ada().status(402), 1, 1000),
        ("405", ada().status(405), 1, 1000),
        ("410", ada().status(410), 1, 1000),
        ("408", ada().status(408), 2, 1500),
        ("429", ada().status(429), 2, 1500),
        (
            "429 for long",
            ada().status(429).header("retry-after", "45"),
            1,
            1000,
        ),
        ("500", ada().status(500), 2, 1500),
        ("502", ada().status(502), 2, 1500),
        ("503", ada().status(503), 2, 1500),
        ("504", ada().status(504), 2, 1500),
        (
            "more than 64 KiB",
            Reply::new(200, "application/json", long),
            1,
            1000,
        ),
        ("late", ada().after(Duration::from_secs(6)), 1, 4000),
        ("a drip", ada().drip(Duration::from_millis(200)), 1, 4000),
        ("silence", Reply::silence(), 1, 4000),
        ("a reset", ada().reset_after(0), 2, 1500),
        ("a reset in the middle", ada().reset_after(80), 2, 1500),
    ]
}

#[tokio::test]
async fn every_other_answer_is_503_and_over_as_soon_as_it_is_over() {
    let mut cases = JoinSet::new();
    for trouble in troubles() {
        cases.spawn(async move {
            let world = World::start().await;
            let app = FaultyService::start([trouble.1.clone()]).await;
            let function = world.forward("elevenlabs", &app.url()).start().await;
            let case = trouble.0;
            let wait = trouble_is_503(&world, &app, &function, ada(), trouble).await;
            assert!(!case.ends_with("for long") || wait == 45, "{case}: {wait}");
        });
    }
    all(cases).await;
}

#[tokio::test]
async fn a_slip_is_mended_by_one_more_try_and_the_second_answer_counts() {
    let world = World::start().await;
    for (slips, want, tries) in [
        (vec![ada().status(500), ada()], "200", 2),
        (vec![ada().status(429), ada()], "200", 2),
        (vec![Reply::reset(), ada()], "200", 2),
        (vec![ada().reset_after(80), ada()], "200", 2),
        (vec![ada().status(500), ada().status(401)], INVALID, 2),
        (
            vec![Reply::reset(), ada().status(500), ada()],
            "503 session_unavailable",
            2,
        ),
        (vec![ada().status(401), ada()], INVALID, 1),
    ] {
        let app = FaultyService::start(slips).await;
        let function = world.forward("elevenlabs", &app.url()).start().await;
        let answer = function
            .invoke(&Event::post("elevenlabs").bearer("a-session"))
            .await;
        assert_eq!(
            (said(&answer), app.requests().len()),
            (want.to_owned(), tries),
            "{}",
            function.logs()
        );
    }
}

#[tokio::test]
async fn nobody_there_is_503_and_told_soon() {
    let world = World::start().await;
    let nobody = ClosedPort::reserve();
    let function = world.forward("elevenlabs", &nobody.url()).start().await;
    for _ in 0..2 {
        let begin = Instant::now();
        let answer = function
            .invoke(&Event::post("elevenlabs").bearer("a-session"))
            .await;
        assert_problem(&answer, 503, "session_unavailable");
        assert!(
            answer.has_header("retry-after") && begin.elapsed() < Duration::from_secs(4),
            "{:?}",
            begin.elapsed()
        );
    }
}
