//! Every event source: cookies in every possible place, and members that are null or absent.

use serde_json::{Value, json};
use voicemint_tests::{Event, EventSource, Response, SESSION_COOKIE, TestEnv};

use crate::sources_headers::{MALFORMED, MULTI_VALUE, changed, invoke_status};
use crate::support::{CaseReport, status_and_code};

#[tokio::test]
async fn cookies_are_found_wherever_a_source_puts_them() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let ours = format!("{SESSION_COOKIE}={}", env.issuer.token("ada"));
    let bare = Event::post("cartesia");
    let mut report = CaseReport::default();
    for source in EventSource::ALL {
        for (case, text, want) in [
            ("the only cookie", ours.clone(), "200"),
            ("first", format!("{ours}; theme=dark"), "200"),
            ("last", format!("theme=dark;{ours}"), "200"),
            (
                "another cookie",
                "theme=dark".to_owned(),
                "401 session_missing",
            ),
        ] {
            for name in ["cookie", "Cookie", "COOKIE"] {
                let event = bare.via(source).repeated_header(name, &[&text]);
                report.check_eq(
                    &format!("{case} in {name} from {source:?}"),
                    invoke_status(&function, &event).await,
                    want,
                );
            }
        }
    }
    for source in MULTI_VALUE {
        let several = |values: &[&str]| bare.via(source).repeated_header("Cookie", values);
        let only = |member: &'static str, value: Value| {
            changed(&bare.via(source), |event| {
                event[member]["Cookie"] = value;
            })
        };
        // HTTP/2 allows a browser to send each cookie in its own header.
        for (case, event, want) in [
            (
                "the first of several",
                several(&[&ours, "theme=dark"]),
                "200",
            ),
            (
                "the last of several",
                several(&["theme=dark", &ours]),
                "200",
            ),
            (
                "several others",
                several(&["theme=dark", "a=b"]),
                "401 session_missing",
            ),
            ("after an empty one", several(&["", &ours]), "200"),
            ("only in headers", only("headers", json!(ours)), "200"),
            (
                "only in multiValueHeaders",
                only("multiValueHeaders", json!([ours])),
                "200",
            ),
            (
                "only in multiValueHeaders, the last",
                only("multiValueHeaders", json!(["a=b", ours])),
                "200",
            ),
        ] {
            report.check_eq(
                &format!("{case}, {source:?}"),
                invoke_status(&function, &event).await,
                want,
            );
        }
    }
    for source in [EventSource::HttpApi, EventSource::FunctionUrl] {
        let with = |cookies: Value, header: Option<&str>| {
            changed(&bare.via(source), |event| {
                event["cookies"] = cookies;
                if let Some(header) = header {
                    event["headers"]["cookie"] = json!(header);
                }
            })
        };
        for (case, event, want) in [
            ("in the array", with(json!(["a=b", ours]), None), "200"),
            (
                "in the array and the header",
                with(json!([ours]), Some(&ours)),
                "200",
            ),
            (
                "in the header with an empty array",
                with(json!([]), Some(&ours)),
                "200",
            ),
            (
                "in the header with null cookies",
                with(Value::Null, Some(&ours)),
                "200",
            ),
            (
                "nowhere, with an empty array",
                with(json!([]), None),
                "401 session_missing",
            ),
            (
                "after a control character",
                with(json!(["a=\u{1}", ours]), None),
                MALFORMED,
            ),
            (
                "after a line break",
                with(json!(["a=b\r\nx: y", ours]), None),
                MALFORMED,
            ),
        ] {
            report.check_eq(
                &format!("{case}, {source:?}"),
                invoke_status(&function, &event).await,
                want,
            );
        }
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

/// Members that AWS never sends as null. `lambda_http` rejects an event in which one of them is
/// null.
const NEVER_NULL: [(EventSource, &str); 4] = [
    (EventSource::HttpApi, "isBase64Encoded"),
    (EventSource::FunctionUrl, "isBase64Encoded"),
    (EventSource::Alb, "queryStringParameters"),
    (
        EventSource::AlbMultiValue,
        "multiValueQueryStringParameters",
    ),
];

#[tokio::test]
async fn null_members_count_as_absent() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let good = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let mut report = CaseReport::default();
    for source in EventSource::ALL {
        let event = good.via(source).into_json();
        let members: Vec<_> = event
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .cloned()
            .collect();
        // Without these members, it is an event of another source.
        let needed = ["requestContext", "httpMethod", "version"];
        for member in members
            .iter()
            .filter(|member| !needed.contains(&member.as_str()))
        {
            let only = ["headers", "multiValueHeaders"]
                .into_iter()
                .filter(|name| event[name].is_object())
                .count()
                == 1;
            let without_session = member.ends_with("eaders") && only;
            let want = if without_session {
                "401 session_missing"
            } else {
                "200"
            };
            let null = changed(&good.via(source), |event| event[member] = Value::Null);
            let case = format!("{member} of {source:?} is null");
            if NEVER_NULL.contains(&(source, member.as_str())) {
                let (_, bytes) = function.invoke_raw(null.to_string().as_bytes()).await;
                let rejected = Response::parse(&bytes)
                    .is_some_and(|response| status_and_code(&response) == MALFORMED);
                report.check(
                    &case,
                    rejected
                        || Response::parse_from(source, &bytes)
                            .is_ok_and(|response| response.status == 200),
                );
            } else {
                report.check_eq(&case, invoke_status(&function, &null).await, want);
            }
            let absent = changed(&good.via(source), |event| {
                event.as_object_mut().map(|members| members.remove(member));
            });
            report.check_eq(
                &format!("{member} of {source:?} is absent"),
                invoke_status(&function, &absent).await,
                want,
            );
        }
        let more = [
            "cookies",
            "queryStringParameters",
            "multiValueQueryStringParameters",
            "pathParameters",
            "stageVariables",
        ];
        let all = changed(&good.via(source), |event| {
            more.iter().for_each(|member| event[*member] = Value::Null)
        });
        report.check_eq(
            &format!("{more:?} of {source:?}"),
            invoke_status(&function, &all).await,
            "200",
        );
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}
