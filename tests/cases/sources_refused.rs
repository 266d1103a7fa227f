//! Every event source: each kind of refusal, in the form that the source takes.

use serde_json::json;
use voicemint_tests::{
    ClosedPort, Event, EventSource, FaultyService, LimitTable, Outage, Reply, SESSION_COOKIE,
    World, now,
};

use crate::support::{assert_problem, assert_readable, list};

#[tokio::test]
async fn what_the_caller_can_do_wrong_is_refused_from_each_source() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let bare = Event::post("cartesia");
    let good = bare.clone().bearer(&world.issuer.token("ada"));
    let cookie = bare
        .clone()
        .cookie(SESSION_COOKIE, &world.issuer.token("ada"));
    let mut expired = world.issuer.claims("ada");
    expired["exp"] = json!(now() - 60);
    let over = " ".repeat(4097);
    let form = good
        .clone()
        .header("content-type", "application/x-www-form-urlencoded");
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
        (
            good.clone().header("sec-fetch-mode", "navigate"),
            403,
            "origin_not_allowed",
        ),
        (good.clone().method("PUT"), 405, "method_not_allowed"),
        (good.clone().method("HEAD"), 405, "method_not_allowed"),
        (good.clone().body(&over), 413, "request_too_large"),
        (
            good.clone().body_base64(over.as_bytes()),
            413,
            "request_too_large",
        ),
        (
            good.clone().header("content-type", "text/plain"),
            415,
            "media_type_not_supported",
        ),
        // A load balancer encodes what is of other types than text and JSON.
        (
            form.body_base64(b"grants=tts"),
            415,
            "media_type_not_supported",
        ),
        (
            good.clone().json_body(&json!({ "expires_in": 0 })),
            422,
            "request_invalid",
        ),
    ] {
        for source in EventSource::ALL {
            let answer = function.invoke(&event.via(source)).await;
            assert_problem(&answer, status, code);
            assert_readable(&answer);
            let challenge = match code {
                "session_missing" => "Bearer",
                "session_invalid" | "session_expired" => r#"Bearer error="invalid_token""#,
                _ => "",
            };
            assert_eq!(
                answer.header("www-authenticate"),
                challenge,
                "{source:?}: {code}"
            );
            let allow = if status == 405 {
                vec!["delete", "get", "options", "post"]
            } else {
                vec![]
            };
            assert_eq!(list(answer.header("allow")), allow, "{source:?}: {code}");
            assert_eq!(
                answer.json()["errors"].is_array(),
                status == 422,
                "{source:?}: {code}"
            );
        }
    }
    for event in [
        good.clone().origin("https://evil.example"),
        good.clone().origin("null"),
        good.no_origin().header("sec-fetch-site", "cross-site"),
        // A cookie alone is no browser of an allowed page.
        cookie.no_origin(),
    ] {
        for source in EventSource::ALL {
            let answer = function.invoke(&event.via(source)).await;
            assert_problem(&answer, 403, "origin_not_allowed");
            assert!(
                answer
                    .headers
                    .keys()
                    .all(|name| !name.starts_with("access-control-")),
                "{source:?}: {answer:?}"
            );
        }
    }
    assert_eq!((world.mints("cartesia"), function.starts()), (0, 1));
}

#[tokio::test]
async fn a_limit_is_one_for_all_sources() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let function = table
        .limits(world.function("elevenlabs"))
        .env("RATE_LIMIT", "1/hour")
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    assert_eq!(
        function.invoke(&event).await.status,
        200,
        "{}",
        function.logs()
    );
    for source in EventSource::ALL {
        let answer = function.invoke(&event.via(source)).await;
        assert_problem(&answer, 429, "rate_limited");
        assert_readable(&answer);
        let wait: u32 = answer.header("retry-after").parse().unwrap_or_default();
        assert!((3500..=3600).contains(&wait), "{source:?}: {answer:?}");
    }
    assert_eq!(world.mints("elevenlabs"), 1);
}

#[tokio::test]
async fn what_is_down_is_said_through_each_source() {
    let world = World::start().await;
    let nobody = ClosedPort::reserve();
    let rejecting =
        FaultyService::start([Reply::json(401, &json!({ "error": "unauthorized" }))]).await;
    let down = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", nobody.url());
    let rejected = world
        .function("cartesia")
        .env("PROVIDER_BASE_URL", rejecting.url());
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    for (function, status, code) in [
        (down.start().await, 503, "provider_unavailable"),
        (rejected.start().await, 502, "provider_rejected"),
    ] {
        for source in EventSource::ALL {
            let answer = function.invoke(&event.via(source)).await;
            assert_problem(&answer, status, code);
            assert_readable(&answer);
        }
    }
    world.issuer.fail_key_set(Outage::Error500);
    let function = world.function("cartesia").start().await;
    for source in EventSource::ALL {
        let answer = function.invoke(&event.via(source)).await;
        assert_problem(&answer, 503, "session_unavailable");
        assert!(
            answer
                .header("retry-after")
                .parse::<u32>()
                .is_ok_and(|seconds| seconds > 0),
            "{source:?}: {answer:?}"
        );
    }
}
