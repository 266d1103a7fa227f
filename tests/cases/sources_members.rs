//! Every event source: cookies wherever they can be, and members that are null or absent.

use serde_json::{Value, json};
use voicemint_tests::{Answer, Event, EventSource, SESSION_COOKIE, World};

use crate::sources_headers::{MALFORMED, MULTI_VALUE, answered, changed};
use crate::support::{Tally, said};

#[tokio::test]
async fn cookies_are_found_wherever_a_source_puts_them() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let ours = format!("{SESSION_COOKIE}={}", world.issuer.token("ada"));
    let bare = Event::post("cartesia");
    let mut tally = Tally::default();
    for source in EventSource::ALL {
        for (case, text, want) in [
            ("alone", ours.clone(), "200"),
            ("first", format!("{ours}; theme=dark"), "200"),
            ("last", format!("theme=dark;{ours}"), "200"),
            ("of others", "theme=dark".to_owned(), "401 session_missing"),
        ] {
            for name in ["cookie", "Cookie", "COOKIE"] {
                let event = bare.via(source).repeated(name, &[&text]);
                tally.is(
                    &format!("{case} in {name} from {source:?}"),
                    answered(&function, &event).await,
                    want,
                );
            }
        }
    }
    for source in MULTI_VALUE {
        let several = |values: &[&str]| bare.via(source).repeated("Cookie", values);
        let only = |member: &'static str, value: Value| {
            changed(&bare.via(source), |event| {
                event[member]["Cookie"] = value;
            })
        };
        // HTTP/2 lets a browser send each cookie as a header.
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
            ("an empty one before", several(&["", &ours]), "200"),
            ("in headers alone", only("headers", json!(ours)), "200"),
            (
                "in multiValueHeaders alone",
                only("multiValueHeaders", json!([ours])),
                "200",
            ),
            (
                "in multiValueHeaders alone, the last",
                only("multiValueHeaders", json!(["a=b", ours])),
                "200",
            ),
        ] {
            tally.is(
                &format!("{case}, {source:?}"),
                answered(&function, &event).await,
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
                "in the header beside an empty array",
                with(json!([]), Some(&ours)),
                "200",
            ),
            (
                "in the header beside null",
                with(Value::Null, Some(&ours)),
                "200",
            ),
            (
                "nowhere, with an empty array",
                with(json!([]), None),
                "401 session_missing",
            ),
            (
                "beside a control character",
                with(json!(["a=\u{1}", ours]), None),
                MALFORMED,
            ),
            (
                "beside a line break",
                with(json!(["a=b\r\nx: y", ours]), None),
                MALFORMED,
            ),
        ] {
            tally.is(
                &format!("{case}, {source:?}"),
                answered(&function, &event).await,
                want,
            );
        }
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}

/// What AWS never sends as null. `lambda_http` does not read an event with one of these.
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
async fn nulls_are_as_good_as_nothing() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let good = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let mut tally = Tally::default();
    for source in EventSource::ALL {
        let event = good.via(source).into_json();
        let members: Vec<_> = event
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
            .cloned()
            .collect();
        // Without these it is another event.
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
            let lacks_session = member.ends_with("eaders") && only;
            let want = if lacks_session {
                "401 session_missing"
            } else {
                "200"
            };
            let null = changed(&good.via(source), |event| event[member] = Value::Null);
            let case = format!("{member} of {source:?} is null");
            if NEVER_NULL.contains(&(source, member.as_str())) {
                let (_, bytes) = function.invoke_raw(null.to_string().as_bytes()).await;
                let unread = Answer::parse(&bytes).is_some_and(|answer| said(&answer) == MALFORMED);
                tally.holds(
                    &case,
                    unread
                        || Answer::parse_from(source, &bytes)
                            .is_ok_and(|answer| answer.status == 200),
                );
            } else {
                tally.is(&case, answered(&function, &null).await, want);
            }
            let absent = changed(&good.via(source), |event| {
                event.as_object_mut().map(|members| members.remove(member));
            });
            tally.is(
                &format!("{member} of {source:?} is absent"),
                answered(&function, &absent).await,
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
        tally.is(
            &format!("{more:?} of {source:?}"),
            answered(&function, &all).await,
            "200",
        );
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}
