//! Events as the gateway sends them, from the files in `events/`, and malformed events: no event
//! ends the function.

use serde_json::{Value, json};
use voicemint_tests::{Event, Function, PROVIDERS, Response, SESSION_COOKIE, TestEnv};

use crate::support::{CaseReport, event_file, status_and_code};

#[tokio::test]
async fn the_event_files_are_valid_events_once_they_contain_a_session() {
    let env = TestEnv::start().await;
    let session = env.issuer.token("ada");
    let mut report = CaseReport::default();
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        let name = format!("functions/{provider}/event.json");
        report.check_eq(
            &name,
            status_and_code(&function.invoke(&Event::file(&name)).await),
            "401 session_invalid",
        );
        report.check_eq(
            &name,
            status_and_code(&function.invoke(&event_file(&name, &session)).await),
            "200",
        );
    }
    // The cookies in the files have this name.
    let function = env
        .function("cartesia")
        .env("SESSION_COOKIE", "session")
        .start()
        .await;
    for name in [
        "functions/cartesia/event.json",
        "get.json",
        "post-base64.json",
        "cookies-array.json",
        "cookie-header.json",
        "no-cookies.json",
        "nulls.json",
    ] {
        report.check_eq(
            name,
            status_and_code(&function.invoke(&Event::file(name)).await),
            "401 session_invalid",
        );
        report.check_eq(
            name,
            status_and_code(&function.invoke(&event_file(name, &session)).await),
            "200",
        );
    }
    for name in ["preflight.json", "delete.json"] {
        report.check_eq(
            name,
            status_and_code(&function.invoke(&Event::file(name)).await),
            "204",
        );
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

#[tokio::test]
async fn a_session_is_found_in_the_cookies_array_or_in_the_header() {
    let env = TestEnv::start().await;
    let function = env.function("elevenlabs").start().await;
    let session = env.issuer.token("ada");
    let event = Event::post("elevenlabs");
    let mut in_both = event.clone().cookie(SESSION_COOKIE, &session).into_json();
    in_both["headers"]["cookie"] = format!("{SESSION_COOKIE}={session}").into();
    let mut empty_array = event
        .clone()
        .header("cookie", &format!("{SESSION_COOKIE}={session}"))
        .into_json();
    empty_array["cookies"] = json!([]);
    let mut upper_case = event.clone().into_json();
    upper_case["headers"]["Cookie"] = format!("{SESSION_COOKIE}={session}").into();
    let mut report = CaseReport::default();
    for (case, event, want) in [
        (
            "array",
            event
                .clone()
                .cookie("a", "1")
                .cookie(SESSION_COOKIE, &session),
            "200",
        ),
        (
            "header",
            event
                .clone()
                .header("cookie", &format!("a=1; {SESSION_COOKIE}={session}")),
            "200",
        ),
        ("both", in_both.into(), "200"),
        ("an empty array and the header", empty_array.into(), "200"),
        ("a header in another case", upper_case.into(), "200"),
        ("neither", event.clone(), "401 session_missing"),
        (
            "an array of other cookies",
            event.cookie("a", "1").cookie("b", "2"),
            "401 session_missing",
        ),
    ] {
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
    }
    report.finish();
}

#[tokio::test]
async fn a_base64_body_is_decoded() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let response = function
        .invoke(
            &event
                .clone()
                .body_base64(br#"{"expires_in":30,"grants":{"stt":true}}"#),
        )
        .await;
    assert_eq!(
        (response.status, &response.json()["expires_in"]),
        (200, &json!(30)),
        "{response:?}"
    );
    assert_eq!(function.invoke(&event.body_base64(b"")).await.status, 200);
}

#[tokio::test]
async fn null_members_count_as_absent() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let good = Event::post("cartesia")
        .bearer(&env.issuer.token("ada"))
        .into_json();
    let mut report = CaseReport::default();
    let nulls = [
        "body",
        "cookies",
        "queryStringParameters",
        "pathParameters",
        "stageVariables",
    ];
    for member in nulls {
        let mut event = good.clone();
        event[member] = Value::Null;
        report.check_eq(
            member,
            status_and_code(&function.invoke(&event.into()).await),
            "200",
        );
    }
    let mut all = good.clone();
    nulls.iter().for_each(|member| all[*member] = Value::Null);
    for member in ["authorizer", "authentication"] {
        all["requestContext"][member] = Value::Null;
    }
    report.check_eq(
        "all of them",
        status_and_code(&function.invoke(&all.into()).await),
        "200",
    );
    for member in ["userAgent", "sourceIp", "protocol"] {
        let mut event = good.clone();
        event["requestContext"]["http"][member] = Value::Null;
        report.check_eq(
            member,
            status_and_code(&function.invoke(&event.into()).await),
            "200",
        );
    }
    report.finish();
}

/// The event with the member at a JSON pointer set, or removed if the value is null.
pub fn edited(base: &Value, pointer: &str, value: impl Into<Value>) -> Value {
    let mut event = base.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    if let Some(members) = event.pointer_mut(parent).and_then(Value::as_object_mut) {
        match value.into() {
            Value::Null => members.remove(name),
            value => members.insert(name.to_owned(), value),
        };
    }
    event
}

async fn invoke_valid(function: &Function, good: &Value) -> String {
    let (status, bytes) = function.invoke_raw(good.to_string().as_bytes()).await;
    Response::parse(&bytes).map_or_else(
        || format!("{status}: {}", String::from_utf8_lossy(&bytes)),
        |response| status_and_code(&response),
    )
}

#[tokio::test]
async fn no_malformed_event_ends_the_function() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let good = Event::post("cartesia")
        .bearer(&env.issuer.token("ada"))
        .into_json();
    let get = Event::get("cartesia")
        .bearer(&env.issuer.token("ada"))
        .into_json();
    let long = "x".repeat(200_000);
    let many: Value = (0..40_000)
        .map(|count| (format!("x-{count}"), json!("y")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let events = [
        edited(&good, "/headers", Value::Null),
        edited(&good, "/headers", json!([])),
        edited(&good, "/headers", many),
        edited(&good, "/headers/x-number", 7),
        edited(&good, "/headers/x-list", json!(["a"])),
        edited(&good, "/headers/x bad name", "a"),
        edited(&good, "/headers/", "a"),
        edited(&good, "/headers/x-line", "a\r\nb: c"),
        edited(&good, "/headers/x-zero", "a\u{0}b"),
        edited(&good, "/headers/x-letters", "ä€🎙"),
        edited(&good, "/headers/authorization", "Bearer \u{7f}ä"),
        edited(&good, "/headers/authorization", format!("Bearer {long}")),
        edited(&good, "/headers/origin", "ä"),
        edited(&good, "/headers/content-type", "\u{1}"),
        edited(&good, "/headers/cookie", format!("a={long}; =; ;;; \"")),
        edited(&good, "/headers/host", "not a host"),
        edited(
            &good,
            "/cookies",
            json!(["=", "", ";", "a", "=b", "a=b=c", "ä=ö"]),
        ),
        edited(&good, "/cookies", json!(["", ""])),
        edited(&good, "/cookies", json!([1, null, {}])),
        edited(&good, "/cookies", "a=b"),
        edited(&good, "/body", json!({ "grants": {} })),
        edited(&good, "/body", "x".repeat(5_000_000)),
        edited(
            &edited(&good, "/isBase64Encoded", true),
            "/body",
            "*** no base64 ***",
        ),
        edited(&good, "/isBase64Encoded", "yes"),
        edited(&good, "/isBase64Encoded", Value::Null),
        edited(&good, "/rawPath", Value::Null),
        edited(&good, "/rawPath", "//evil.example/%ZZ?x#y"),
        edited(&good, "/rawPath", " \u{0}"),
        edited(
            &get,
            "/rawQueryString",
            "grants=%ZZ&%=&&=&expires_in=%F0%9F",
        ),
        edited(&get, "/rawQueryString", "a b\u{0}ä"),
        edited(&get, "/rawQueryString", long),
        edited(&get, "/queryStringParameters", json!({ "grants": 7 })),
        edited(&good, "/version", "1.0"),
        edited(&good, "/version", Value::Null),
        edited(&good, "/requestContext", Value::Null),
        edited(&good, "/requestContext", json!({})),
        edited(&good, "/requestContext/http", Value::Null),
        edited(&good, "/requestContext/http/method", ""),
        edited(&good, "/requestContext/http/method", "GET POST"),
        edited(&good, "/requestContext/http/method", Value::Null),
        edited(&good, "/requestContext/requestId", Value::Null),
        edited(&good, "/requestContext/timeEpoch", "soon"),
        edited(&good, "/requestContext/timeEpoch", -1),
        edited(&good, "/requestContext/domainName", "\u{0}"),
        json!({ "Records": [{ "eventSource": "aws:sqs", "body": "x" }] }),
        json!({ "httpMethod": "POST", "resource": "/", "path": "/", "requestContext": {}, "headers": null, "body": null }),
        json!({ "requestContext": { "routeKey": "$connect", "connectionId": "x" } }),
        json!({}),
        json!([]),
        json!(null),
        json!(7),
        json!("event"),
    ];
    let mut report = CaseReport::default();
    for event in events {
        let case: String = event.to_string().chars().take(4000).collect();
        let (_, bytes) = function.invoke_raw(event.to_string().as_bytes()).await;
        // Every event gets a documented response, and never `internal` or the runtime's error.
        match Response::parse(&bytes) {
            Some(response) => {
                report.check(
                    &format!("{}: {case}", status_and_code(&response)),
                    (200..500).contains(&response.status),
                );
                report.check(
                    &format!("a code: {case}"),
                    response.status < 300 || response.code().is_some(),
                );
            }
            None => report.check(
                &format!(
                    "not a response: {}: {case}",
                    String::from_utf8_lossy(&bytes)
                ),
                false,
            ),
        }
        report.check_eq(
            &format!("a valid event after: {case}"),
            invoke_valid(&function, &good).await,
            "200",
        );
    }
    // The event with more headers than `http` supports: `http` panics, and the panic is caught.
    report.check_eq("panics", function.logs().matches("panicked").count(), 1);
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

#[tokio::test]
async fn bytes_that_are_not_json_get_the_runtimes_error_and_do_not_end_the_function() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let good = Event::post("cartesia")
        .bearer(&env.issuer.token("ada"))
        .into_json();
    let not_text = good
        .to_string()
        .replace("$default", "\u{1}")
        .into_bytes()
        .into_iter();
    let mut events = vec![
        not_text
            .map(|byte| if byte == 1 { 0xff } else { byte })
            .collect(),
    ];
    events.extend([
        b"".to_vec(),
        b"{".to_vec(),
        b"\xff\xfe".to_vec(),
        b"\x00".to_vec(),
        vec![b'['; 100_000],
    ]);
    let mut report = CaseReport::default();
    for event in events {
        let case: String = String::from_utf8_lossy(&event).chars().take(4000).collect();
        let (_, bytes) = function.invoke_raw(&event).await;
        let error: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        report.check(
            &case,
            error["errorType"]
                .as_str()
                .is_some_and(|kind| kind.contains("DeserializeError")),
        );
        report.check_eq(
            &format!("a valid event after: {case}"),
            invoke_valid(&function, &good).await,
            "200",
        );
    }
    report.check("no panic", !function.logs().contains("panicked"));
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}
