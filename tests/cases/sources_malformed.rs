//! Every event source: malformed events. None of them ends the function, and it handles a valid
//! event afterwards.

use serde_json::json;
use voicemint_tests::{Event, EventSource, Function, Response, TestEnv};

use crate::malformed_events::{Expected, malformed_events};
use crate::support::{CaseReport, status_and_code};

const MALFORMED: &str = "400 request_malformed";

/// Sends a malformed event and then a valid one, and checks both responses.
async fn check_event(
    report: &mut CaseReport,
    function: &Function,
    good: &Event,
    event: &[u8],
    source: EventSource,
    want: Expected,
) {
    let case: String = String::from_utf8_lossy(event).chars().take(2500).collect();
    let (_, bytes) = function.invoke_raw(event).await;
    let as_http_api = Response::parse(&bytes).map(|response| status_and_code(&response));
    match want {
        Expected::Malformed => report.check_eq(
            &format!("{source:?} {case}"),
            as_http_api.as_deref(),
            Some(MALFORMED),
        ),
        Expected::Success => {
            let response =
                Response::parse_from(source, &bytes).map(|response| status_and_code(&response));
            report.check_eq(
                &format!("{source:?} {case}"),
                response,
                Ok("200".to_owned()),
            );
        }
        Expected::Any if as_http_api.as_deref() == Some(MALFORMED) => (),
        Expected::Any => match Response::parse_from(source, &bytes) {
            Ok(response) => {
                report.check(
                    &format!("{source:?} {}: {case}", status_and_code(&response)),
                    (200..500).contains(&response.status),
                );
                report.check(
                    &format!("{source:?} has a code: {case}"),
                    response.status < 300 || response.code().is_some(),
                );
            }
            Err(error) => report.check(
                &format!(
                    "{source:?} {error}, {}: {case}",
                    String::from_utf8_lossy(&bytes)
                ),
                false,
            ),
        },
    }
    let (_, bytes) = function.invoke_raw(good.to_string().as_bytes()).await;
    let after =
        Response::parse_from(good.source(), &bytes).map(|response| status_and_code(&response));
    report.check_eq(
        &format!("{source:?}, a valid event after {case}"),
        after,
        Ok("200".to_owned()),
    );
}

#[tokio::test]
async fn no_malformed_event_of_any_source_ends_the_function() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let mut report = CaseReport::default();
    for source in EventSource::ALL {
        let good = Event::post("cartesia").bearer(&session).via(source);
        let get = Event::get("cartesia")
            .bearer(&session)
            .query("expires_in=30")
            .via(source);
        let events = malformed_events(source, good.json(), get.json());
        for (event, want) in events {
            check_event(
                &mut report,
                &function,
                &good,
                event.to_string().as_bytes(),
                source,
                want,
            )
            .await;
        }
    }
    // Dependencies panic on three events that AWS does not send: more headers than `http` supports,
    // a query of 64 KiB, and a query parameter with an empty array of values. These panics are
    // caught.
    let logs = function.logs();
    let own_panics = logs
        .lines()
        .filter(|line| line.contains("panicked") && line.contains("shared/src"));
    report.check_eq(
        "panics in shared/src",
        own_panics.collect::<Vec<_>>(),
        Vec::<&str>::new(),
    );
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

#[tokio::test]
async fn an_event_of_an_unknown_source_is_malformed_in_payload_format_2_0() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let good = Event::post("cartesia")
        .bearer(&env.issuer.token("ada"))
        .via(EventSource::RestApi);
    let lattice = json!({
        "version": "2.0", "path": "/", "method": "POST", "headers": { "host": ["x"] }, "body": "{}",
        "requestContext": { "serviceNetworkArn": "arn:aws:vpc-lattice:x", "region": "eu-central-1" },
    });
    let mut report = CaseReport::default();
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
        check_event(
            &mut report,
            &function,
            &good,
            text.as_bytes(),
            EventSource::HttpApi,
            Expected::Malformed,
        )
        .await;
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

/// Lambda sends only JSON. The runtime may respond to other bytes with its own error.
#[tokio::test]
async fn bytes_that_are_not_json_do_not_end_the_function() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let mut report = CaseReport::default();
    for source in EventSource::ALL {
        let good = Event::post("cartesia")
            .bearer(&env.issuer.token("ada"))
            .via(source);
        let text = good.to_string().into_bytes();
        let not_text = good.to_string().replace("cartesia", "\u{1}").into_bytes();
        let mut raw = vec![
            b"".to_vec(),
            b"{".to_vec(),
            b"\xff\xfe".to_vec(),
            b"\x00".to_vec(),
            vec![b'['; 100_000],
        ];
        raw.push(text[..text.len() / 2].to_vec());
        raw.push(
            not_text
                .into_iter()
                .map(|byte| if byte == 1 { 0xff } else { byte })
                .collect(),
        );
        for event in raw {
            let (_, bytes) = function.invoke_raw(&event).await;
            let response = Response::parse(&bytes).map(|response| status_and_code(&response));
            report.check(
                &format!("{source:?}: {response:?}"),
                response.is_none_or(|response| response == MALFORMED),
            );
            let after = function.invoke(&good).await;
            report.check_eq(
                &format!("{source:?}, a valid event after"),
                status_and_code(&after),
                "200",
            );
        }
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}
