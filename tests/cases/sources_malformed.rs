//! Every event source: events as nobody should send them. None ends the function, and a good one
//! after it is answered.

use serde_json::json;
use voicemint_tests::{Answer, Event, EventSource, Function, World};

use crate::sources_shapes::{Want, out_of_shape};
use crate::support::{Tally, said};

const MALFORMED: &str = "400 request_malformed";

/// Sends an event, and a good one after it.
async fn survives(
    tally: &mut Tally,
    function: &Function,
    good: &Event,
    event: &[u8],
    source: EventSource,
    want: Want,
) {
    let case: String = String::from_utf8_lossy(event).chars().take(2500).collect();
    let (_, bytes) = function.invoke_raw(event).await;
    let in_2_0 = Answer::parse(&bytes).map(|answer| said(&answer));
    match want {
        Want::Malformed => tally.is(
            &format!("{source:?} {case}"),
            in_2_0.as_deref(),
            Some(MALFORMED),
        ),
        Want::Good => {
            let answer = Answer::parse_from(source, &bytes).map(|answer| said(&answer));
            tally.is(&format!("{source:?} {case}"), answer, Ok("200".to_owned()));
        }
        Want::Answered if in_2_0.as_deref() == Some(MALFORMED) => (),
        Want::Answered => match Answer::parse_from(source, &bytes) {
            Ok(answer) => {
                tally.holds(
                    &format!("{source:?} {}: {case}", said(&answer)),
                    (200..500).contains(&answer.status),
                );
                tally.holds(
                    &format!("{source:?} has a code: {case}"),
                    answer.status < 300 || answer.code().is_some(),
                );
            }
            Err(why) => tally.holds(
                &format!(
                    "{source:?} {why}, {}: {case}",
                    String::from_utf8_lossy(&bytes)
                ),
                false,
            ),
        },
    }
    let (_, bytes) = function.invoke_raw(good.to_string().as_bytes()).await;
    let after = Answer::parse_from(good.source(), &bytes).map(|answer| said(&answer));
    tally.is(
        &format!("{source:?}, a good one after {case}"),
        after,
        Ok("200".to_owned()),
    );
}

#[tokio::test]
async fn no_event_of_any_source_however_malformed_ends_a_function() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    let mut tally = Tally::default();
    for source in EventSource::ALL {
        let good = Event::post("cartesia").bearer(&session).via(source);
        let get = Event::get("cartesia")
            .bearer(&session)
            .query("expires_in=30")
            .via(source);
        let events = out_of_shape(source, good.json(), get.json());
        for (event, want) in events {
            survives(
                &mut tally,
                &function,
                &good,
                event.to_string().as_bytes(),
                source,
                want,
            )
            .await;
        }
    }
    // What panics is the map of `http` with more headers than it has room for, a query of 64 KiB,
    // and a query parameter with an empty array of values: in crates, on what AWS does not send,
    // and caught.
    let logs = function.logs();
    let ours = logs
        .lines()
        .filter(|line| line.contains("panicked") && line.contains("shared/src"));
    tally.is(
        "panics of ours",
        ours.collect::<Vec<_>>(),
        Vec::<&str>::new(),
    );
    tally.is("starts", function.starts(), 1);
    tally.done();
}

#[tokio::test]
async fn an_event_of_no_source_is_malformed_in_payload_format_2_0() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let good = Event::post("cartesia")
        .bearer(&world.issuer.token("ada"))
        .via(EventSource::RestApi);
    let lattice = json!({
        "version": "2.0", "path": "/", "method": "POST", "headers": { "host": ["x"] }, "body": "{}",
        "requestContext": { "serviceNetworkArn": "arn:aws:vpc-lattice:x", "region": "eu-central-1" },
    });
    let mut tally = Tally::default();
    for event in [
        json!({}),
        json!([]),
        json!(null),
        json!(7),
        json!(true),
        json!("event"),
        json!([good.json()]),
        json!({ "body": good.to_string() }),
        json!({ "httpMethod": "POST", "headers": {}, "body": "{}" }),
        json!({ "Records": [{ "eventSource": "aws:sqs", "body": "x" }] }),
        json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} }),
        json!({ "requestContext": { "routeKey": "$connect", "eventType": "CONNECT", "connectionId": "x" } }),
        json!({ "type": "REQUEST", "methodArn": "arn:aws:execute-api:x", "headers": {}, "requestContext": {} }),
        lattice,
    ] {
        let text = event.to_string();
        survives(
            &mut tally,
            &function,
            &good,
            text.as_bytes(),
            EventSource::HttpApi,
            Want::Malformed,
        )
        .await;
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}

/// Lambda sends JSON alone: what is not may be answered by the runtime, with its own error.
#[tokio::test]
async fn bytes_that_are_no_json_end_no_function() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let mut tally = Tally::default();
    for source in EventSource::ALL {
        let good = Event::post("cartesia")
            .bearer(&world.issuer.token("ada"))
            .via(source);
        let torn = good.to_string().into_bytes();
        let not_text = good.to_string().replace("cartesia", "\u{1}").into_bytes();
        let mut raw = vec![
            b"".to_vec(),
            b"{".to_vec(),
            b"\xff\xfe".to_vec(),
            b"\x00".to_vec(),
            vec![b'['; 100_000],
        ];
        raw.push(torn[..torn.len() / 2].to_vec());
        raw.push(
            not_text
                .into_iter()
                .map(|byte| if byte == 1 { 0xff } else { byte })
                .collect(),
        );
        for event in raw {
            let (_, bytes) = function.invoke_raw(&event).await;
            let answer = Answer::parse(&bytes).map(|answer| said(&answer));
            tally.holds(
                &format!("{source:?}: {answer:?}"),
                answer.is_none_or(|answer| answer == MALFORMED),
            );
            let after = function.invoke(&good).await;
            tally.is(
                &format!("{source:?}, a good one after"),
                said(&after),
                "200",
            );
        }
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}
