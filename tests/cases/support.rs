//! What several themes assert: the short form of an answer, the headers of every answer, the
//! metrics of a line.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use base64::Engine;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::task::JoinSet;
use voicemint_tests::{Answer, Event, FaultyService, Function, ORIGIN, Reply, World};

/// The headers that every answer has, word for word.
pub const EVERY_ANSWER: [(&str, &str); 6] = [
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

/// Status and code of an answer, such as `200` or `401 session_missing`.
pub fn said(answer: &Answer) -> String {
    match answer.code() {
        Some(code) => format!("{} {code}", answer.status),
        None => answer.status.to_string(),
    }
}

/// Many like cases on one function: all that differ are told, not the first alone.
#[derive(Default)]
pub struct Tally(Vec<String>);

impl Tally {
    pub fn is<T: PartialEq<U> + Debug, U: Debug>(&mut self, case: &str, got: T, want: U) {
        if got != want {
            self.0.push(format!("{case}: {got:?} instead of {want:?}"));
        }
    }

    pub fn holds(&mut self, case: &str, what: bool) {
        if !what {
            self.0.push(case.to_owned());
        }
    }

    #[track_caller]
    pub fn done(self) {
        assert!(
            self.0.is_empty(),
            "{} cases differ:\n{}",
            self.0.len(),
            self.0.join("\n")
        );
    }
}

#[track_caller]
pub fn assert_every_answer(answer: &Answer) {
    for (name, value) in EVERY_ANSWER {
        assert_eq!(answer.header(name), value, "{name} of {answer:?}");
    }
}

/// The headers that let the allowed page read an answer.
#[track_caller]
pub fn assert_readable(answer: &Answer) {
    assert_eq!(
        answer.header("access-control-allow-origin"),
        ORIGIN,
        "{answer:?}"
    );
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        "true",
        "{answer:?}"
    );
    let exposed = list(answer.header("access-control-expose-headers"));
    assert_eq!(
        exposed,
        ["retry-after", "server-timing", "voicemint-source"],
        "{answer:?}"
    );
    assert_eq!(
        answer.header("cross-origin-resource-policy"),
        "cross-origin",
        "{answer:?}"
    );
}

/// A full problem document of that status and code.
#[track_caller]
pub fn assert_problem(answer: &Answer, status: u16, code: &str) {
    assert_eq!(said(answer), format!("{status} {code}"), "{answer:?}");
    assert_every_answer(answer);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(
        answer.cookies.is_empty(),
        "a refusal sets no cookie: {answer:?}"
    );
    let problem = answer.json();
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

/// The fields that a 422 complains about.
pub fn fields(answer: &Answer) -> Vec<String> {
    let problem = answer.json();
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

/// A comma-separated list in lower case and in order.
pub fn list(text: &str) -> Vec<String> {
    let mut items: Vec<_> = text
        .split(',')
        .map(|item| item.trim().to_ascii_lowercase())
        .collect();
    items.retain(|item| !item.is_empty());
    items.sort();
    items
}

/// Unix time of `expires_at`, which has whole seconds and is in UTC.
#[track_caller]
pub fn expires_at(answer: &Answer) -> i64 {
    let body = answer.json();
    let text = body["expires_at"].as_str().unwrap_or_default().to_owned();
    assert!(
        text.len() == "2026-11-22T10:01:00Z".len() && text.ends_with('Z'),
        "expires_at of {body}"
    );
    OffsetDateTime::parse(&text, &Rfc3339)
        .unwrap_or_else(|error| panic!("expires_at of {body}: {error}"))
        .unix_timestamp()
}

/// A metric's value and its sets of dimensions, out of a line in CloudWatch's embedded metric
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

/// Waits for cases that run side by side, and fails as they do.
pub async fn all(mut cases: JoinSet<()>) {
    while let Some(done) = cases.join_next().await {
        done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    }
}

/// A reply that is trouble, how often the service is asked because of it, and within how many
/// milliseconds that is over.
pub type Trouble = (&'static str, Reply, usize, u64);

/// Whether a service that is asked about sessions, and is in trouble, leads to 503 in time and is
/// asked again by the next request, which it answers with `good`. Gives the seconds to wait.
pub async fn trouble_is_503(
    world: &World,
    service: &FaultyService,
    function: &Function,
    good: Reply,
    (case, _, tries, within): Trouble,
) -> u64 {
    assert_eq!(
        said(&function.invoke(&Event::post("elevenlabs")).await),
        "401 session_missing"
    );
    let event = Event::post("elevenlabs").bearer("an-opaque-token");
    let begin = Instant::now();
    let answer = function.invoke(&event).await;
    let took = begin.elapsed();
    assert_problem(&answer, 503, "session_unavailable");
    let wait: u64 = answer.header("retry-after").parse().unwrap_or_default();
    assert!(
        (1..=60).contains(&wait) && !answer.has_header("www-authenticate"),
        "{case}: {answer:?}"
    );
    assert_eq!(service.requests().len(), tries, "{case}");
    assert!(took < Duration::from_millis(within), "{case}: {took:?}");
    assert!(
        service
            .requests()
            .iter()
            .all(|request| request.target == "/"),
        "{case}: no redirect is followed"
    );
    assert_eq!(world.mints("elevenlabs"), 0, "{case}");
    service.set([good]);
    assert_eq!(
        said(&function.invoke(&event).await),
        "200",
        "{case}\n{}",
        function.logs()
    );
    assert_eq!(service.requests().len(), tries + 1, "{case}");
    wait
}
