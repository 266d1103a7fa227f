//! Every event source: the same request gets the same response from each source.

use serde_json::json;
use voicemint_tests::{Event, EventSource, PROVIDERS, Response, SESSION_COOKIE, TestEnv};

use crate::resume::COOKIE;
use crate::support::{
    CaseReport, assert_common_headers, assert_problem, assert_readable, event_file, status_and_code,
};

#[tokio::test]
async fn the_event_files_of_each_source_are_valid_events_once_they_contain_a_session() {
    let env = TestEnv::start().await;
    // The cookies in the files have this name.
    let function = env
        .function("cartesia")
        .env("SESSION_COOKIE", "session")
        .start()
        .await;
    let session = env.issuer.token("ada");
    let mut report = CaseReport::default();
    for source in ["function-url", "rest", "alb", "alb-multi"] {
        for kind in ["post", "get", "cookie"] {
            let name = format!("{source}-{kind}.json");
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
        for kind in ["preflight", "delete"] {
            let name = format!("{source}-{kind}.json");
            report.check_eq(
                &name,
                status_and_code(&function.invoke(&Event::file(&name)).await),
                "204",
            );
        }
    }
    let name = "rest-base-path-post.json";
    report.check_eq(
        name,
        status_and_code(&function.invoke(&event_file(name, &session)).await),
        "200",
    );
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

#[tokio::test]
async fn a_health_check_of_a_load_balancer_mints_nothing() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    for name in ["alb-health-check.json", "alb-multi-health-check.json"] {
        assert_problem(
            &function.invoke(&Event::file(name)).await,
            401,
            "session_missing",
        );
    }
    assert_eq!(env.mints("cartesia"), 0);
}

#[tokio::test]
async fn each_provider_mints_for_each_source() {
    let env = TestEnv::start().await;
    let session = env.issuer.token("ada");
    for provider in PROVIDERS {
        let function = env.function(provider).start().await;
        for source in EventSource::ALL {
            for event in [Event::post(provider), Event::get(provider)] {
                let response = function.invoke(&event.bearer(&session).via(source)).await;
                assert_eq!(
                    (response.status, response.header("voicemint-source")),
                    (200, "minted"),
                    "{source:?} {response:?}"
                );
                assert_common_headers(&response);
                assert_readable(&response);
                assert_eq!(
                    response.header("content-type"),
                    "application/json",
                    "{source:?}"
                );
                assert!(
                    env.redeem(provider, &response.token()),
                    "{source:?}: {response:?}"
                );
                let (name, _, attributes) = response
                    .cookie()
                    .unwrap_or_else(|| panic!("{source:?}: {response:?}"));
                assert_eq!(name, format!("__Host-{provider}-token"));
                assert!(
                    attributes.contains(&"HttpOnly".to_owned()),
                    "{attributes:?}"
                );
            }
        }
        assert_eq!(function.starts(), 1);
    }
}

#[tokio::test]
async fn a_query_means_the_same_in_every_encoding_and_for_every_source() {
    const REPEATED: &str = "400 request_malformed";
    const INVALID: &str = "422 request_invalid";
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let mut report = CaseReport::default();
    // The query, the response, and the lifetime of the token.
    for (query, want, seconds) in [
        ("", "200", 60),
        ("grants=tts", "200", 60),
        ("grants=tts,stt&expires_in=30", "200", 30),
        ("grants=tts%2Cstt&expires_in=3%30", "200", 30),
        ("%67rants=tts&expires%5Fin=30", "200", 30),
        ("expires_in", INVALID, 0),
        ("expires_in=", INVALID, 0),
        ("grants=", INVALID, 0),
        ("nonsense=1", INVALID, 0),
        ("grants=%C3%A4", INVALID, 0),
        // The query is decoded exactly once: a value stays a value.
        ("grants=tts%26expires_in%3D30", INVALID, 0),
        ("grants=tts%252Cstt", INVALID, 0),
        ("grants=tts%2526expires_in%253D30", INVALID, 0),
        ("expires_in=30%23", INVALID, 0),
        ("expires_in=30%2B", INVALID, 0),
        ("grants%3Dtts", INVALID, 0),
        // Two names that are equal only after decoding.
        ("expires_in=30&expires%5Fin=30", REPEATED, 0),
    ] {
        for source in EventSource::ALL {
            let event = Event::get("cartesia")
                .bearer(&env.issuer.token("ada"))
                .query(query);
            let response = function.invoke(&event.via(source)).await;
            let got = (
                status_and_code(&response),
                response.json()["expires_in"].as_i64().unwrap_or(0),
            );
            report.check_eq(
                &format!("{query:?} from {source:?}"),
                got,
                (want.to_owned(), seconds),
            );
        }
    }
    // A load balancer that does not send all values sends the last one.
    for source in EventSource::ALL {
        let event = Event::get("cartesia")
            .bearer(&env.issuer.token("ada"))
            .query("expires_in=30&expires_in=40");
        let response = function.invoke(&event.via(source)).await;
        let got = (
            status_and_code(&response),
            response.json()["expires_in"].as_i64().unwrap_or(0),
        );
        let want = if source == EventSource::Alb {
            ("200", 40)
        } else {
            (REPEATED, 0)
        };
        report.check_eq(
            &format!("repeated, from {source:?}"),
            got,
            (want.0.to_owned(), want.1),
        );
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}

#[tokio::test]
async fn a_token_is_resumed_and_signed_out_through_each_source() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    for minting in EventSource::ALL {
        let first = function
            .invoke(&Event::post("cartesia").bearer(&session).via(minting))
            .await;
        let (_, sealed, _) = first
            .cookie()
            .unwrap_or_else(|| panic!("{minting:?}: {first:?}"));
        let mints = env.mints("cartesia");
        for source in EventSource::ALL {
            let by_bearer = Event::post("cartesia")
                .bearer(&session)
                .cookie("theme", "dark")
                .cookie(COOKIE, &sealed);
            let by_cookie = Event::get("cartesia")
                .cookie(COOKIE, &sealed)
                .cookie(SESSION_COOKIE, &session);
            for event in [by_bearer, by_cookie] {
                let response = function.invoke(&event.via(source)).await;
                let got = (
                    response.status,
                    response.header("voicemint-source"),
                    response.token(),
                );
                assert_eq!(
                    got,
                    (200, "resumed", first.token()),
                    "{minting:?}, {source:?}: {response:?}"
                );
            }
            let signed_out = function
                .invoke(
                    &Event::delete("cartesia")
                        .cookie(COOKIE, &sealed)
                        .via(source),
                )
                .await;
            assert_eq!(
                (signed_out.status, signed_out.body.as_str()),
                (204, ""),
                "{source:?}: {signed_out:?}"
            );
            assert_readable(&signed_out);
            let (name, value, attributes) = signed_out
                .cookie()
                .unwrap_or_else(|| panic!("{source:?}: {signed_out:?}"));
            assert_eq!((name.as_str(), value.as_str()), (COOKIE, ""), "{source:?}");
            assert!(
                attributes.contains(&"Max-Age=0".to_owned()),
                "{source:?}: {attributes:?}"
            );
        }
        assert_eq!(env.mints("cartesia"), mints, "resumed through {minting:?}");
    }
}

#[tokio::test]
async fn a_preflight_succeeds_only_for_the_allowed_page() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let direct = function.invoke(&Event::preflight("cartesia")).await;
    let cors = |response: &Response| {
        let names = response
            .headers
            .keys()
            .filter(|name| name.starts_with("access-control-"))
            .cloned();
        names
            .map(|name| (name.clone(), response.header(&name).to_owned()))
            .collect::<Vec<_>>()
    };
    assert!(cors(&direct).len() >= 5, "{direct:?}");
    for source in EventSource::ALL {
        let response = function
            .invoke(&Event::preflight("cartesia").via(source))
            .await;
        assert_eq!(
            (response.status, response.body.as_str()),
            (204, ""),
            "{source:?}: {response:?}"
        );
        assert_common_headers(&response);
        assert_eq!(cors(&response), cors(&direct), "{source:?}");
        for origin in ["https://evil.example", "null"] {
            let response = function
                .invoke(&Event::preflight("cartesia").origin(origin).via(source))
                .await;
            assert_problem(&response, 403, "origin_not_allowed");
            assert_eq!(cors(&response), [], "{source:?}");
        }
    }
}

#[tokio::test]
async fn a_base64_body_is_decoded() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    let mut report = CaseReport::default();
    for source in EventSource::ALL {
        let request = event
            .clone()
            .body_base64(br#"{"expires_in":30,"grants":{"stt":true}}"#)
            .via(source);
        let response = function.invoke(&request).await;
        report.check_eq(
            &format!("{source:?}"),
            (
                status_and_code(&response),
                response.json()["expires_in"].clone(),
            ),
            ("200".into(), json!(30)),
        );
        let empty = event.clone().body_base64(b"").via(source);
        report.check_eq(
            &format!("{source:?}, empty"),
            status_and_code(&function.invoke(&empty).await),
            "200",
        );
        let bytes = event
            .clone()
            .body_base64(b"{\"grants\":\"\xff\"}")
            .via(source);
        report.check_eq(
            &format!("{source:?}, not UTF-8"),
            status_and_code(&function.invoke(&bytes).await),
            "400 request_malformed",
        );
        let mut invalid = event.clone().via(source).into_json();
        (invalid["body"], invalid["isBase64Encoded"]) = (json!("*** no base64 ***"), json!(true));
        report.check_eq(
            &format!("{source:?}, not base64"),
            status_and_code(&function.invoke(&invalid.into()).await),
            "400 request_malformed",
        );
    }
    report.check_eq("starts", function.starts(), 1);
    report.finish();
}
