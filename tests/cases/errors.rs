//! Every code of the error table that can be brought about from outside, each as a full problem
//! document with its headers, its log line and its metric. `internal` is the last resort: a case
//! for it would be a bug to mend.

use serde_json::json;
use voicemint_tests::{ClosedPort, Event, FaultyService, Function, Issuer, Outage, Reply, World};

use crate::support::{assert_problem, assert_readable, list, metric};

async fn refused(
    function: &Function,
    event: &Event,
    status: u16,
    code: &str,
) -> voicemint_tests::Answer {
    let (answer, line) = function.invoke_logged(event).await;
    assert_problem(&answer, status, code);
    assert_eq!(line["outcome"], code, "{line}");
    assert_eq!(line["status"], status, "{line}");
    assert_eq!(line["provider"], "cartesia", "{line}");
    assert_eq!(line["request_id"], answer.json()["request_id"], "{line}");
    assert!(
        line["reason"].as_str().is_some_and(|text| !text.is_empty()),
        "{line}"
    );
    assert!(line["source"].is_null(), "{line}");
    let (count, mut dimensions) =
        metric(&line, "Refused").unwrap_or_else(|| panic!("a metric: {line}"));
    dimensions.iter_mut().for_each(|set| set.sort());
    dimensions.sort();
    assert_eq!(
        (count, &line["Provider"], &line["Code"]),
        (1.0, &json!("cartesia"), &json!(code)),
        "{line}"
    );
    assert_eq!(
        dimensions,
        [vec!["Code", "Provider"], vec!["Provider"]],
        "{line}"
    );
    assert_eq!(metric(&line, "Minted"), None, "{line}");
    answer
}

#[tokio::test]
async fn what_the_caller_can_do_wrong() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let bare = Event::post("cartesia");
    let good = bare.clone().bearer(&world.issuer.token("ada"));
    let mut expired = world.issuer.claims("ada");
    expired["exp"] = json!(voicemint_tests::now() - 60);
    for (event, status, code) in [
        (good.clone().body("{"), 400, "request_malformed"),
        (bare.clone(), 401, "session_missing"),
        (bare.clone().bearer("not.a.session"), 401, "session_invalid"),
        (
            bare.clone().bearer(&world.issuer.sign(&expired)),
            401,
            "session_expired",
        ),
        (
            good.clone()
                .json_body(&json!({ "grants": { "agent": true } })),
            403,
            "grant_not_allowed",
        ),
        (good.clone().method("PUT"), 405, "method_not_allowed"),
        (
            good.clone().body(&" ".repeat(4097)),
            413,
            "request_too_large",
        ),
        (
            good.clone().header("content-type", "text/plain"),
            415,
            "media_type_not_supported",
        ),
        (
            good.clone().json_body(&json!({ "expires_in": 0 })),
            422,
            "request_invalid",
        ),
    ] {
        let answer = refused(&function, &event, status, code).await;
        // The page may read why.
        assert_readable(&answer);
        let challenge = match code {
            "session_missing" => "Bearer",
            "session_invalid" | "session_expired" => r#"Bearer error="invalid_token""#,
            _ => "",
        };
        assert_eq!(answer.header("www-authenticate"), challenge, "{code}");
        let allow = if status == 405 {
            vec!["delete", "get", "options", "post"]
        } else {
            vec![]
        };
        assert_eq!(list(answer.header("allow")), allow, "{code}");
        assert_eq!(answer.json()["errors"].is_array(), status == 422, "{code}");
    }
    let evil = refused(
        &function,
        &good.clone().origin("https://evil.example"),
        403,
        "origin_not_allowed",
    )
    .await;
    assert!(
        evil.headers
            .keys()
            .all(|name| !name.starts_with("access-control-")),
        "{evil:?}"
    );
    assert_eq!(evil.header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(world.mints("cartesia"), 0);
}

#[tokio::test]
async fn other_methods_are_refused_and_told_which_there_are() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    for method in [
        "PUT", "PATCH", "HEAD", "TRACE", "CONNECT", "PROPFIND", "post",
    ] {
        let event = Event::post("cartesia")
            .bearer(&world.issuer.token("ada"))
            .method(method);
        let answer = function.invoke(&event).await;
        assert_problem(&answer, 405, "method_not_allowed");
        assert_eq!(
            list(answer.header("allow")),
            ["delete", "get", "options", "post"],
            "{method}"
        );
    }
}

#[tokio::test]
async fn the_provider_refuses() {
    let world = World::start().await;
    world.set_key("cartesia", "sk_car_another-key-than-ours");
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_readable(&refused(&function, &event, 502, "provider_rejected").await);
}

#[tokio::test]
async fn the_provider_is_down() {
    let world = World::start().await;
    let nobody = ClosedPort::reserve();
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", nobody.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_readable(&refused(&function, &event, 503, "provider_unavailable").await);
}

#[tokio::test]
async fn the_provider_does_not_answer() {
    let world = World::start().await;
    let silent = FaultyService::start([Reply::silence()]).await;
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", silent.url())
        .start()
        .await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_readable(&refused(&function, &event, 504, "provider_timeout").await);
}

#[tokio::test]
async fn the_identity_provider_is_down() {
    let world = World::start().await;
    world.issuer.fail_key_set(Outage::Error500);
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let answer = refused(&function, &event, 503, "session_unavailable").await;
    assert_readable(&answer);
    assert!(
        answer
            .header("retry-after")
            .parse::<u32>()
            .is_ok_and(|seconds| seconds > 0),
        "{answer:?}"
    );
    assert!(!answer.has_header("www-authenticate"));
}

#[tokio::test]
async fn secrets_manager_is_down() {
    let world = World::start().await;
    world.gate.close().await;
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_readable(&refused(&function, &event, 503, "secret_unavailable").await);
}

#[tokio::test]
async fn who_is_not_signed_in_learns_nothing_of_what_is_down() {
    let world = World::start().await;
    world.gate.close().await;
    let nobody = ClosedPort::reserve();
    let function = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", nobody.url())
        .start()
        .await;
    assert_problem(
        &function.invoke(&Event::post("cartesia")).await,
        401,
        "session_missing",
    );
    let stranger = Issuer::start().await;
    let event = Event::post("cartesia").bearer(&stranger.token("ada"));
    assert_problem(&function.invoke(&event).await, 401, "session_invalid");
}
