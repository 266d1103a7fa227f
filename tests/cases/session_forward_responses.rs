//! The meaning of the app's responses (`SESSION_KIND=forward`): a session, no session, or
//! temporarily unavailable.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use voicemint_tests::{ClosedPort, Event, Reply, ScriptedServer, Server, TestEnv};

use crate::support::{
    CaseReport, FaultCase, assert_fault_is_503, assert_problem, join_all, status_and_code,
};

const INVALID: &str = "401 session_invalid";

fn ada() -> Reply {
    Reply::json(200, &json!({ "sub": "ada" }))
}

fn text(text: &str) -> Reply {
    Reply::new(200, "application/json", text)
}

#[tokio::test]
async fn success_with_a_subject_is_a_session() {
    let env = TestEnv::start().await;
    let app = ScriptedServer::start([]).await;
    let function = env.forward("elevenlabs", &app.url()).start().await;
    let mut report = CaseReport::default();
    let mut minted = 0;
    for (case, reply, want) in [
        ("200", ada(), "200"),
        ("201", ada().status(201), "200"),
        ("202", ada().status(202), "200"),
        ("299", ada().status(299), "200"),
        (
            "additional members",
            text(r#"{"email":"ada@example.com","sub":"ada","roles":["x"]}"#),
            "200",
        ),
        (
            "another media type",
            Reply::new(200, "text/plain", r#"{"sub":"ada"}"#),
            "200",
        ),
        ("a number", text(r#"{"sub":4711}"#), "200"),
        ("zero", text(r#"{"sub":0}"#), "200"),
        ("a negative number", text(r#"{"sub":-1}"#), "200"),
        ("a fraction", text(r#"{"sub":1.5}"#), INVALID),
        ("true", text(r#"{"sub":true}"#), INVALID),
        ("null", text(r#"{"sub":null}"#), INVALID),
        ("an empty string", text(r#"{"sub":""}"#), INVALID),
        ("an array", text(r#"{"sub":["ada"]}"#), INVALID),
        ("an object", text(r#"{"sub":{"id":"ada"}}"#), INVALID),
        ("another name", text(r#"{"user":"ada"}"#), INVALID),
        ("another case", text(r#"{"Sub":"ada"}"#), INVALID),
        (
            "a repeated member",
            text(r#"{"sub":"ada","sub":"bob"}"#),
            INVALID,
        ),
        ("no user: an empty object", text("{}"), INVALID),
        ("no user: null", text("null"), INVALID),
        ("no user: false", text("false"), INVALID),
        ("no user: an empty body", text(""), INVALID),
        ("no user: 204", Reply::new(204, "text/plain", ""), INVALID),
        ("an array of users", text(r#"[{"sub":"ada"}]"#), INVALID),
        ("a bare name", text(r#""ada""#), INVALID),
        ("truncated JSON", text(r#"{"sub":"ada""#), INVALID),
        (
            "two JSON values",
            text(r#"{"sub":"ada"}{"sub":"bob"}"#),
            INVALID,
        ),
        (
            "a sign-in page",
            Reply::new(200, "text/html", "<!doctype html><title>Sign in</title>"),
            INVALID,
        ),
        ("401", ada().status(401), INVALID),
        ("403", ada().status(403), INVALID),
        ("400", ada().status(400), INVALID),
        ("404", ada().status(404), INVALID),
        ("422", ada().status(422), INVALID),
    ] {
        app.set_script([reply]);
        let before = app.requests().len();
        let response = function
            .invoke(&Event::post("elevenlabs").bearer("a-session"))
            .await;
        report.check_eq(case, status_and_code(&response), want);
        report.check_eq(
            &format!("{case}: challenge"),
            response.has_header("www-authenticate"),
            want == INVALID,
        );
        report.check_eq(&format!("{case}: calls"), app.requests().len() - before, 1);
        minted += usize::from(want == "200");
        report.check_eq(
            &format!("{case}: tokens minted"),
            env.mints("elevenlabs"),
            minted,
        );
    }
    report.finish();
}

#[tokio::test]
async fn the_subject_is_read_at_the_pointer() {
    let env = TestEnv::start().await;
    let app = ScriptedServer::start([]).await;
    let mut report = CaseReport::default();
    for (pointer, response, want) in [
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
        app.set_script([Reply::json(200, &response)]);
        let function = env
            .forward("elevenlabs", &app.url())
            .env("SESSION_SUBJECT_POINTER", pointer)
            .start()
            .await;
        let event = Event::post("elevenlabs").bearer("a-session");
        report.check_eq(
            &format!("{pointer} in {response}"),
            status_and_code(&function.invoke(&event).await),
            want,
        );
    }
    let required = "plan=paid,verified=true";
    let function = env
        .forward("elevenlabs", &app.url())
        .env("SESSION_REQUIRED_CLAIMS", required)
        .start()
        .await;
    for (response, want) in [
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
        app.set_script([Reply::json(200, &response)]);
        let event = Event::post("elevenlabs").bearer("a-session");
        report.check_eq(
            &format!("{required} in {response}"),
            status_and_code(&function.invoke(&event).await),
            want,
        );
    }
    report.finish();
}

#[tokio::test]
async fn a_redirect_to_a_sign_in_page_is_not_a_session_and_is_not_followed() {
    let env = TestEnv::start().await;
    let elsewhere = Server::start(|_| Reply::json(200, &json!({ "sub": "mallory" }))).await;
    let app = ScriptedServer::start([]).await;
    let function = env
        .forward("elevenlabs", &format!("{}/me", app.url()))
        .start()
        .await;
    for status in [302, 303, 307] {
        for location in ["/login", &elsewhere.url()] {
            app.set_script([
                Reply::json(status, &json!({ "sub": "ada" })).header("location", location)
            ]);
            let response = function
                .invoke(&Event::post("elevenlabs").bearer("a-session"))
                .await;
            assert_problem(&response, 401, "session_invalid");
        }
    }
    assert!(app.requests().iter().all(|request| request.target == "/me"));
    assert_eq!(
        (
            app.requests().len(),
            elsewhere.requests().len(),
            env.mints("elevenlabs")
        ),
        (6, 0, 0)
    );
}

/// The faults: every response that is neither a session nor a refusal.
fn fault_cases() -> Vec<FaultCase> {
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
            "429 for 45 seconds",
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
        ("late", ada().delayed(Duration::from_secs(6)), 1, 4000),
        ("a drip", ada().drip(Duration::from_millis(200)), 1, 4000),
        ("silence", Reply::silence(), 1, 4000),
        ("a reset", ada().reset_after(0), 2, 1500),
        ("a reset in the middle", ada().reset_after(80), 2, 1500),
    ]
}

#[tokio::test]
async fn every_other_response_is_503_and_the_next_request_calls_the_app_again() {
    let mut cases = JoinSet::new();
    for fault_case in fault_cases() {
        cases.spawn(async move {
            let env = TestEnv::start().await;
            let app = ScriptedServer::start([fault_case.1.clone()]).await;
            let function = env.forward("elevenlabs", &app.url()).start().await;
            let case = fault_case.0;
            let wait = assert_fault_is_503(&env, &app, &function, ada(), fault_case).await;
            assert!(
                !case.ends_with("45 seconds") || wait == 45,
                "{case}: {wait}"
            );
        });
    }
    join_all(cases).await;
}

#[tokio::test]
async fn a_transient_failure_is_retried_once_and_the_second_response_counts() {
    let env = TestEnv::start().await;
    for (script, want, calls) in [
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
        let app = ScriptedServer::start(script).await;
        let function = env.forward("elevenlabs", &app.url()).start().await;
        let response = function
            .invoke(&Event::post("elevenlabs").bearer("a-session"))
            .await;
        assert_eq!(
            (status_and_code(&response), app.requests().len()),
            (want.to_owned(), calls),
            "{}",
            function.logs()
        );
    }
}

#[tokio::test]
async fn a_refused_connection_is_503_and_reported_quickly() {
    let env = TestEnv::start().await;
    let closed_port = ClosedPort::reserve();
    let function = env.forward("elevenlabs", &closed_port.url()).start().await;
    for _ in 0..2 {
        let begin = Instant::now();
        let response = function
            .invoke(&Event::post("elevenlabs").bearer("a-session"))
            .await;
        assert_problem(&response, 503, "session_unavailable");
        assert!(
            response.has_header("retry-after") && begin.elapsed() < Duration::from_secs(4),
            "{:?}",
            begin.elapsed()
        );
    }
}
