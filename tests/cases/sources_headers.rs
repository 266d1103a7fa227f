//! Every event source: headers that come twice, in two places, in one place alone, and in any case.

use serde_json::{Value, json};
use voicemint_tests::{Event, EventSource, Function, ORIGIN, SESSION_COOKIE, World};

use crate::support::{Tally, said};

const EVIL: &str = "https://evil.example";
const DENIED: &str = "403 origin_not_allowed";
pub const MALFORMED: &str = "400 request_malformed";
/// The sources whose events have `multiValueHeaders`.
pub const MULTI_VALUE: [EventSource; 3] = [
    EventSource::RestApi,
    EventSource::RestApiBasePath,
    EventSource::AlbMultiValue,
];

/// The event, changed by hand.
pub fn changed(event: &Event, change: impl FnOnce(&mut Value)) -> Event {
    let mut event = event.json().clone();
    change(&mut event);
    event.into()
}

pub async fn answered(function: &Function, event: &Event) -> String {
    said(&function.invoke(event).await)
}

#[tokio::test]
async fn a_header_that_must_be_one_and_comes_twice_is_malformed() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let (ada, bob) = (
        format!("Bearer {}", world.issuer.token("ada")),
        format!("Bearer {}", world.issuer.token("bob")),
    );
    let good = Event::post("cartesia").header("authorization", &ada);
    let mut tally = Tally::default();
    // The last one decides where a load balancer passes only that.
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
            let event = good.via(source).repeated(name, &values);
            tally.is(
                &format!("{name} {values:?} from {source:?}"),
                answered(&function, &event).await,
                want,
            );
        }
        for source in MULTI_VALUE {
            // Two spellings are one name.
            let spelt = changed(&good.via(source).without_header(name), |event| {
                event["multiValueHeaders"][name] = json!([values[0]]);
                event["multiValueHeaders"][name.to_ascii_uppercase()] = json!([values[1]]);
            });
            tally.is(
                &format!("{name} {values:?} spelt twice, {source:?}"),
                answered(&function, &spelt).await,
                MALFORMED,
            );
            // `headers` has room for one of them.
            let one = changed(&good.via(source).repeated(name, &values), |event| {
                event["headers"][name] = json!(values[0])
            });
            tally.is(
                &format!("{name} {values:?} and the first, {source:?}"),
                answered(&function, &one).await,
                MALFORMED,
            );
        }
    }
    // What may come twice does no harm.
    for source in EventSource::ALL {
        let event = good
            .via(source)
            .repeated("x-forwarded-for", &["192.0.2.10", "192.0.2.11"]);
        tally.is(
            &format!("x-forwarded-for from {source:?}"),
            answered(&function, &event).await,
            "200",
        );
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}

#[tokio::test]
async fn header_names_are_the_same_in_any_case() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
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
    let good = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let cookie = Event::post("cartesia").cookie(SESSION_COOKIE, &world.issuer.token("ada"));
    let mut tally = Tally::default();
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
            let got = answered(&function, &upper(&event.via(source))).await;
            tally.is(&format!("{case} from {source:?}"), got, want);
        }
    }
    tally.done();
}

/// AWS sends each header in both members, or in the only one that there is. Where one lacks a
/// header, the other's counts: nothing that an event says is overlooked.
#[tokio::test]
async fn a_header_of_one_member_counts() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let bearer = format!("Bearer {}", world.issuer.token("ada"));
    let good = Event::post("cartesia").header("authorization", &bearer);
    let mut tally = Tally::default();
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
                let got = answered(&function, &only(member, name, value)).await;
                tally.is(
                    &format!("{name} {value} in {member} alone, {source:?}"),
                    got,
                    want,
                );
            }
        }
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}

/// The values of a header that both members have are the same for AWS's own events. Where they
/// differ, they are two.
#[tokio::test]
async fn members_that_differ_are_two_values() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let bearer = format!("Bearer {}", world.issuer.token("ada"));
    let good = Event::post("cartesia").header("authorization", &bearer);
    let mut tally = Tally::default();
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
            tally.is(
                &format!("{name}: {single}, [{several}], {source:?}"),
                answered(&function, &event).await,
                want,
            );
        }
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}
