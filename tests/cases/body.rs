//! The request body: invalid JSON, oversized bodies and other media types.

use voicemint_tests::{Event, TestEnv};

use crate::support::{CaseReport, assert_problem, status_and_code};

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_malformed() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let mut report = CaseReport::default();
    let deep = "[".repeat(2000);
    let deep_object = r#"{"grants":"#.repeat(400);
    for body in [
        "{",
        "}",
        "grants=tts",
        "[]",
        "[{}]",
        "null",
        "true",
        "1",
        "\"grants\"",
        "{} {}",
        "{}x",
        "{'grants':1}",
        "{\"expires_in\":60,}",
        "{\"expires_in\":060}",
        "{\"expires_in\":NaN}",
        "{\"a\":\"\\ud800\"}",
        "// {}",
        "\u{feff}",
        &deep,
        &deep_object,
    ] {
        let response = function
            .invoke(&Event::post("cartesia").bearer(&session).body(body))
            .await;
        report.check_eq(
            &body.chars().take(40).collect::<String>(),
            status_and_code(&response),
            "400 request_malformed",
        );
    }
    for bytes in [
        &b"{\"grants\":\"\xff\"}"[..],
        b"\xff\xfe{\x00}\x00",
        b"\x00",
    ] {
        let response = function
            .invoke(&Event::post("cartesia").bearer(&session).body_base64(bytes))
            .await;
        report.check_eq(
            &format!("{bytes:?}"),
            status_and_code(&response),
            "400 request_malformed",
        );
    }
    report.finish();
    assert_eq!(env.mints("cartesia"), 0);
}

#[tokio::test]
async fn a_duplicate_key_is_malformed_and_named() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    for (body, name) in [
        (r#"{"expires_in":60,"expires_in":60}"#, "expires_in"),
        (r#"{"expires_in":60,"expires\u005fin":3600}"#, "expires_in"),
        (r#"{"grants":{"tts":true,"tts":false}}"#, "tts"),
    ] {
        let response = function
            .invoke(
                &Event::post("cartesia")
                    .bearer(&env.issuer.token("ada"))
                    .body(body),
            )
            .await;
        assert_problem(&response, 400, "request_malformed");
        assert!(
            response.json()["detail"]
                .as_str()
                .is_some_and(|text| text.contains(name)),
            "{response:?}"
        );
    }
}

#[tokio::test]
async fn a_body_may_have_at_most_4096_bytes_after_base64_decoding() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let largest = format!("{{}}{}", " ".repeat(4094));
    let too_large = format!("{largest} ");
    // The limit is in bytes, not in characters.
    let multi_byte = "ä".repeat(2049);
    let mut report = CaseReport::default();
    for (case, event, want) in [
        ("the largest", event.clone().body(&largest), "200"),
        (
            "the largest, base64",
            event.clone().body_base64(largest.as_bytes()),
            "200",
        ),
        (
            "too large",
            event.clone().body(&too_large),
            "413 request_too_large",
        ),
        (
            "too large, base64",
            event.clone().body_base64(too_large.as_bytes()),
            "413 request_too_large",
        ),
        (
            "too large in bytes",
            event.clone().body(&multi_byte),
            "413 request_too_large",
        ),
        (
            "far too large",
            event.clone().body(&"x".repeat(1_000_000)),
            "413 request_too_large",
        ),
    ] {
        report.check_eq(case, status_and_code(&function.invoke(&event).await), want);
    }
    report.finish();
}

#[tokio::test]
async fn a_body_must_be_empty_or_have_the_json_media_type() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let mut report = CaseReport::default();
    for (kind, body, want) in [
        ("application/json", "{}", "200"),
        ("application/json; charset=utf-8", "{}", "200"),
        ("application/json;charset=UTF-8", "{}", "200"),
        ("Application/JSON", "{}", "200"),
        ("text/plain", "{}", "415 media_type_not_supported"),
        (
            "application/x-www-form-urlencoded",
            "{}",
            "415 media_type_not_supported",
        ),
        (
            "multipart/form-data; boundary=x",
            "{}",
            "415 media_type_not_supported",
        ),
        ("application/jsonp", "{}", "415 media_type_not_supported"),
        (
            "text/plain; application/json",
            "{}",
            "415 media_type_not_supported",
        ),
        (
            "application/json, text/plain",
            "{}",
            "415 media_type_not_supported",
        ),
        ("", "{}", "415 media_type_not_supported"),
        ("text/plain", "", "200"),
        ("application/json", "", "200"),
    ] {
        let response = function
            .invoke(&event.clone().header("content-type", kind).body(body))
            .await;
        report.check_eq(
            &format!("{kind:?} with {body:?}"),
            status_and_code(&response),
            want,
        );
    }
    let bare = event.without_header("content-type");
    report.check_eq(
        "no type with a body",
        status_and_code(&function.invoke(&bare.clone().body("{}")).await),
        "415 media_type_not_supported",
    );
    report.check_eq(
        "no type with an empty body",
        status_and_code(&function.invoke(&bare.clone().body("")).await),
        "200",
    );
    report.check_eq(
        "no type and no body",
        status_and_code(&function.invoke(&bare.without_body()).await),
        "200",
    );
    report.finish();
}
