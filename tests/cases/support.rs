//! Shared assertions: status and code of a response, the headers of every response, the metrics of
//! a log line.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;
use voicemint_tests::{Event, Function, ORIGIN, Reply, Response, ScriptedServer, TestEnv};

/// The headers of every response.
pub const COMMON_HEADERS: [(&str, &str); 6] = [
    ("cache-control", "no-store"),
    ("vary", "Origin"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("strict-transport-security", "max-age=63072000"),
];

/// An event file with a session in place of its placeholder.
pub fn event_file(name: &str, session: &str) -> Event {
    let text = Event::file(name)
        .to_string()
        .replace("REPLACE_WITH_A_SESSION", session);
    Event::from(serde_json::from_str::<Value>(&text).unwrap_or_default())
}

/// The status and code of a response, such as `200` or `401 session_missing`.
pub fn status_and_code(response: &Response) -> String {
    match response.code() {
        Some(code) => format!("{} {code}", response.status),
        None => response.status.to_string(),
    }
}

/// Collects the failures of many cases on one function and reports all of them, not only the first.
#[derive(Default)]
pub struct CaseReport(Vec<String>);

impl CaseReport {
    pub fn check_eq<T: PartialEq<U> + Debug, U: Debug>(&mut self, case: &str, got: T, want: U) {
        if got != want {
            self.0.push(format!("{case}: {got:?} instead of {want:?}"));
        }
    }

    pub fn check(&mut self, case: &str, passed: bool) {
        if !passed {
            self.0.push(case.to_owned());
        }
    }

    #[track_caller]
    pub fn finish(self) {
        assert!(
            self.0.is_empty(),
            "{} cases differ:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

#[track_caller]
pub fn assert_common_headers(response: &Response) {
    for (name, value) in COMMON_HEADERS {
        assert_eq!(response.header(name), value, "{name} of {response:?}");
    }
}

/// Asserts the headers that let the allowed page read a response.
#[track_caller]
pub fn assert_readable(response: &Response) {
    assert_eq!(
        response.header("access-control-allow-origin"),
        ORIGIN,
        "{response:?}"
    );
    assert_eq!(
        response.header("access-control-allow-credentials"),
        "true",
        "{response:?}"
    );
    let exposed = list(response.header("access-control-expose-headers"));
    assert_eq!(
        exposed,
        ["retry-after", "server-timing", "voicemint-source"],
        "{response:?}"
    );
    assert_eq!(
        response.header("cross-origin-resource-policy"),
        "cross-origin",
        "{response:?}"
    );
}

/// Asserts a complete problem document with this status and code.
#[track_caller]
pub fn assert_problem(response: &Response, status: u16, code: &str) {
    assert_eq!(
        status_and_code(response),
        format!("{status} {code}"),
        "{response:?}"
    );
    assert_common_headers(response);
    assert_eq!(response.header("content-type"), "application/problem+json");
    assert!(
        response.cookies.is_empty(),
        "a refusal sets no cookie: {response:?}"
    );
    let problem = response.json();
    assert_eq!(problem["status"], status, "{problem}");
    let kind = problem["type"].as_str().unwrap_or_default();
    assert!(
        kind.contains("://") || kind.starts_with("urn:") || kind.starts_with("tag:"),
        "type is a URI: {problem}"
    );
    for member in ["title", "detail", "request_id"] {
        assert!(
            problem[member]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{member} of {problem}"
        );
    }
}

/// The fields that a 422 response reports.
pub fn fields(response: &Response) -> Vec<String> {
    let problem = response.json();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .filter(|error| {
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        })
        .map(|error| error["field"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// A comma-separated list, in lower case and sorted.
pub fn list(text: &str) -> Vec<String> {
    let mut items: Vec<_> = text
        .split(',')
        .map(|item| item.trim().to_ascii_lowercase())
        .collect();
    items.retain(|item| !item.is_empty());
    items.sort();
    items
}

/// The Unix time of `expires_at`, which is in UTC and has whole seconds.
#[track_caller]
pub fn expires_at(response: &Response) -> i64 {
    let body = response.json();
    let text = body["expires_at"].as_str().unwrap_or_default().to_owned();
    assert!(
        text.len() == "2026-11-22T10:01:00Z".len() && text.ends_with('Z'),
        "expires_at of {body}"
    );
    OffsetDateTime::parse(&text, &Rfc3339)
        .unwrap_or_else(|error| panic!("expires_at of {body}: {error}"))
        .unix_timestamp()
}

/// The value of a metric and its sets of dimensions, from a line in CloudWatch's embedded metric
/// format.
pub fn metric(line: &Value, name: &str) -> Option<(f64, Vec<Vec<String>>)> {
    let directives = line["_aws"]["CloudWatchMetrics"].as_array()?;
    let names = |directive: &Value, name: &str| {
        directive["Metrics"]
            .as_array()
            .is_some_and(|all| all.iter().any(|metric| metric["Name"] == name))
    };
    let directive = directives.iter().find(|directive| names(directive, name))?;
    let timestamp = line["_aws"]["Timestamp"].as_u64()?;
    assert!(
        timestamp > 1_700_000_000_000,
        "the metric's time is in milliseconds: {line}"
    );
    assert_eq!(directive["Namespace"], "Voicemint", "{line}");
    let mut sets: Vec<Vec<String>> = Vec::new();
    for set in directive["Dimensions"].as_array()? {
        sets.push(
            set.as_array()?
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
        );
    }
    assert!(
        sets.iter()
            .flatten()
            .all(|dimension| line[dimension].is_string()),
        "each dimension is a member of the line: {line}"
    );
    Some((line[name].as_f64()?, sets))
}

pub fn base64url(text: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

/// Waits for concurrent cases, and fails if one of them fails.
pub async fn join_all(mut cases: JoinSet<()>) {
    while let Some(done) = cases.join_next().await {
        done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
}

/// A case name, a faulty reply, the number of calls that it causes, and the time limit for the
/// response in milliseconds.
pub type FaultCase = (&'static str, Reply, usize, u64);

/// Asserts that a fault of a service that verifies sessions causes a 503 in time, and that the next
/// request calls the service again and succeeds with the reply `good`. Returns `Retry-After`.
pub async fn assert_fault_is_503(
    env: &TestEnv,
    service: &ScriptedServer,
    function: &Function,
    good: Reply,
    (case, _, calls, max_millis): FaultCase,
) -> u64 {
    assert_eq!(
        status_and_code(&function.invoke(&Event::post("elevenlabs")).await),
        "401 session_missing"
    );
    let event = Event::post("elevenlabs").bearer("an-opaque-token");
    let begin = Instant::now();
    let response = function.invoke(&event).await;
    let took = begin.elapsed();
    assert_problem(&response, 503, "session_unavailable");
    let wait: u64 = response.header("retry-after").parse().unwrap_or_default();
    assert!(
        (1..=60).contains(&wait) && !response.has_header("www-authenticate"),
        "{case}: {response:?}"
    );
    assert_eq!(service.requests().len(), calls, "{case}");
    assert!(took < Duration::from_millis(max_millis), "{case}: {took:?}");
    assert!(
        service
            .requests()
            .iter()
            .all(|request| request.target == "/"),
        "{case}: no redirect is followed"
    );
    assert_eq!(env.mints("elevenlabs"), 0, "{case}");
    service.set_script([good]);
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "200",
        "{case}\n{}",
        function.logs()
    );
    assert_eq!(service.requests().len(), calls + 1, "{case}");
    wait
}
