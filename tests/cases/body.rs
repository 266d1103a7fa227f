//! The body as such: what is no JSON, what is too large, what is of another media type.

use voicemint_tests::{Event, World};

use crate::support::{Tally, assert_problem, said};

#[tokio::test]
async fn a_body_that_is_no_json_object_is_malformed() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    let mut tally = Tally::default();
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
        let answer = function
            .invoke(&Event::post("cartesia").bearer(&session).body(body))
            .await;
        tally.is(
            &body.chars().take(40).collect::<String>(),
            said(&answer),
            "400 request_malformed",
        );
    }
    for bytes in [
        &b"{\"grants\":\"\xff\"}"[..],
        b"\xff\xfe{\x00}\x00",
        b"\x00",
    ] {
        let answer = function
            .invoke(&Event::post("cartesia").bearer(&session).body_base64(bytes))
            .await;
        tally.is(
            &format!("{bytes:?}"),
            said(&answer),
            "400 request_malformed",
        );
    }
    tally.done();
    assert_eq!(world.mints("cartesia"), 0);
}

#[tokio::test]
async fn a_duplicate_key_is_malformed_and_named() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    for (body, name) in [
        (r#"{"expires_in":60,"expires_in":60}"#, "expires_in"),
        (r#"{"expires_in":60,"expires\u005fin":3600}"#, "expires_in"),
        (r#"{"grants":{"tts":true,"tts":false}}"#, "tts"),
    ] {
        let answer = function
            .invoke(
                &Event::post("cartesia")
                    .bearer(&world.issuer.token("ada"))
                    .body(body),
            )
            .await;
        assert_problem(&answer, 400, "request_malformed");
        assert!(
            answer.json()["detail"]
                .as_str()
                .is_some_and(|text| text.contains(name)),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_body_may_have_4096_bytes_after_base64_and_not_one_more() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let fits = format!("{{}}{}", " ".repeat(4094));
    let over = format!("{fits} ");
    // In bytes, not characters.
    let wide = "ä".repeat(2049);
    let mut tally = Tally::default();
    for (case, event, want) in [
        ("fits", event.clone().body(&fits), "200"),
        (
            "fits, base64",
            event.clone().body_base64(fits.as_bytes()),
            "200",
        ),
        ("over", event.clone().body(&over), "413 request_too_large"),
        (
            "over, base64",
            event.clone().body_base64(over.as_bytes()),
            "413 request_too_large",
        ),
        (
            "over in bytes",
            event.clone().body(&wide),
            "413 request_too_large",
        ),
        (
            "far over",
            event.clone().body(&"x".repeat(1_000_000)),
            "413 request_too_large",
        ),
    ] {
        tally.is(case, said(&function.invoke(&event).await), want);
    }
    tally.done();
}

#[tokio::test]
async fn a_body_is_json_by_its_media_type_or_it_is_empty() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let mut tally = Tally::default();
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
        let answer = function
            .invoke(&event.clone().header("content-type", kind).body(body))
            .await;
        tally.is(&format!("{kind:?} with {body:?}"), said(&answer), want);
    }
    let bare = event.without_header("content-type");
    tally.is(
        "no type with a body",
        said(&function.invoke(&bare.clone().body("{}")).await),
        "415 media_type_not_supported",
    );
    tally.is(
        "no type with an empty body",
        said(&function.invoke(&bare.clone().body("")).await),
        "200",
    );
    tally.is(
        "no type and no body",
        said(&function.invoke(&bare.without_body()).await),
        "200",
    );
    tally.done();
}
