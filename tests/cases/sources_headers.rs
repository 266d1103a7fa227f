//! Every event source: repeated headers, headers in both members or in only one, and header names
//! in any case.

use serde_json::{Value, json};
use voicemint_tests::{Event, EventSource, Function, ORIGIN, SESSION_COOKIE, TestEnv};

use crate::support::{CaseReport, status_and_code};

const EVIL: &str = "https://evil.example";
const DENIED: &str = "403 origin_not_allowed";
pub const MALFORMED: &str = "400 request_malformed";
/// The sources whose events have `multiValueHeaders`.
pub const MULTI_VALUE: [EventSource; 3] = [
    EventSource::RestApi,
    EventSource::RestApiBasePath,
    EventSource::AlbMultiValue,
];

/// The event with a change to its JSON.
pub fn changed(event: &Event, change: impl FnOnce(&mut Value)) -> Event {
    let mut event = event.json().clone();
    change(&mut event);
    event.into()
}

pub async fn invoke_status(function: &Function, event: &Event) -> String {
    status_and_code(&function.invoke(event).await)
}

#[tokio::test]
async fn a_repeated_single_value_header_is_malformed() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let (ada, bob) = (
        format!("Bearer {}", env.issuer.token("ada")),
        format!("Bearer {}", env.issuer.token("bob")),
    );
    let good = Event::post("cartesia").header("authorization", &ada);
    let mut report = CaseReport::default();
    // A load balancer that passes only the last value makes the last value decide.
    for (name, values, last) in [
        ("origin", [ORIGIN, ORIGIN], "200"),
        ("origin", [ORIGIN, EVIL], DENIED),
        ("origin", [EVIL, ORIGIN], "200"),
        ("authorization", [&ada, &ada], "200"),
        ("authorization", [&ada, &bob], "200"),
        ("authorization", [&ada, "Basic YTpi"], "401 session_missing"),
        ("sec-fetch-site", ["same-origin", "same-origin"], "200"),
        ("sec-fetch-mode", ["cors", "cors"], "200"),
        ("sec-fetch-mode", ["cors", "navigate"], DENIED),
        ("sec-fetch-dest", ["empty", "empty"], "200"),
        ("sec-fetch-dest", ["document", "empty"], "200"),
    ] {
        for source in EventSource::ALL {
            let want = if source.passes_repeated_headers() {
                MALFORMED
            } else {
                last
            };
            let event = good.via(source).repeated_header(name, &values);
            report.check_eq(
                &format!("{name} {values:?} from {source:?}"),
                invoke_status(&function, &event).await,
                want,
            );
        }
        for source in MULTI_VALUE {
            // Two spellings are the same name.
            let two_spellings = changed(&good.via(source).without_header(name), |event| {
                event["multiValueHeaders"][name] = json!([values[0]]);
                event["multiValueHeaders"][name.to_ascii_uppercase()] = json!([values[1]]);
            });
            report.check_eq(
                &format!("{name} {values:?} in two spellings, {source:?}"),
                invoke_status(&function, &two_spellings).await,
                MALFORMED,
            );
            // `headers` contains only one of the values.
            let one = changed(&good.via(source).repeated_header(name, &values), |event| {
                event["headers"][name] = json!(values[0])
            });
            report.check_eq(
                &format!("{name} {values:?} and the first, {source:?}"),
                invoke_status(&function, &one).await,
                MALFORMED,
            );
        }
    }
    // A header that may be repeated is accepted.
    for source in EventSource::ALL {
        let event = good
            .via(source)
            .repeated_header("x-forwarded-for", &["192.0.2.10", "192.0.2.11"]);
        report.check_eq(
            &format!("x-forwarded-for from {source:?}"),
            invoke_status(&function, &event).await,
            "200",
        );
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

#[tokio::test]
async fn header_names_are_case_insensitive() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let upper = |event: &Event| {
        changed(event, |event| {
            for member in ["headers", "multiValueHeaders"] {
                let Some(headers) = event[member].as_object().cloned() else {
                    continue;
                };
                event[member] = headers
                    .into_iter()
                    .map(|(name, value)| (name.to_ascii_uppercase(), value))
                    .collect();
            }
        })
    };
    let good = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let cookie = Event::post("cartesia").cookie(SESSION_COOKIE, &env.issuer.token("ada"));
    let mut report = CaseReport::default();
    for source in EventSource::ALL {
        for (case, event, want) in [
            ("Bearer", good.clone(), "200"),
            ("cookie", cookie.clone(), "200"),
            ("evil", good.clone().origin(EVIL), DENIED),
            (
                "navigation",
                good.clone().header("sec-fetch-mode", "navigate"),
                DENIED,
            ),
            (
                "text",
                good.clone().header("content-type", "text/plain"),
                "415 media_type_not_supported",
            ),
        ] {
            let got = invoke_status(&function, &upper(&event.via(source))).await;
            report.check_eq(&format!("{case} from {source:?}"), got, want);
        }
    }
    report.finish();
}

/// AWS sends each header in both members, or in the only member of the source. A header that is
/// missing in one member is read from the other, so that no header is overlooked.
#[tokio::test]
async fn a_header_in_only_one_member_counts() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let bearer = format!("Bearer {}", env.issuer.token("ada"));
    let good = Event::post("cartesia").header("authorization", &bearer);
    let mut report = CaseReport::default();
    for source in MULTI_VALUE {
        let base = good.via(source);
        let only = |member: &'static str, name: &'static str, value: &str| {
            changed(&base.clone().without_header(name), |event| {
                event[member][name] = if member == "headers" {
                    json!(value)
                } else {
                    json!([value])
                };
            })
        };
        for member in ["headers", "multiValueHeaders"] {
            for (name, value, want) in [
                ("authorization", bearer.as_str(), "200"),
                ("origin", ORIGIN, "200"),
                ("origin", EVIL, DENIED),
                ("sec-fetch-mode", "navigate", DENIED),
            ] {
                let got = invoke_status(&function, &only(member, name, value)).await;
                report.check_eq(
                    &format!("{name} {value} only in {member}, {source:?}"),
                    got,
                    want,
                );
            }
        }
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

/// In events from AWS, both members have the same value of a header. If they differ, the header has
/// two values.
#[tokio::test]
async fn members_that_differ_are_two_values() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let bearer = format!("Bearer {}", env.issuer.token("ada"));
    let good = Event::post("cartesia").header("authorization", &bearer);
    let mut report = CaseReport::default();
    for source in MULTI_VALUE {
        for (name, single, several, want) in [
            ("origin", ORIGIN, ORIGIN, "200"),
            ("origin", EVIL, ORIGIN, MALFORMED),
            ("origin", ORIGIN, EVIL, MALFORMED),
            ("sec-fetch-mode", "navigate", "cors", MALFORMED),
            ("authorization", &bearer, "Bearer x", MALFORMED),
        ] {
            let event = changed(&good.via(source).without_header(name), |event| {
                event["headers"][name] = json!(single);
                event["multiValueHeaders"][name] = json!([several]);
            });
            report.check_eq(
                &format!("{name}: {single}, [{several}], {source:?}"),
                invoke_status(&function, &event).await,
                want,
            );
        }
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}
