//! Every event source: the same request is answered the same, whichever of them it comes through.

use serde_json::{Value, json};
use voicemint_tests::{Answer, Event, EventSource, PROVIDERS, SESSION_COOKIE, World};

use crate::resume::COOKIE;
use crate::support::{Tally, assert_every_answer, assert_problem, assert_readable, said};

/// An event file with a session in the place that it leaves for one.
pub fn filled(name: &str, session: &str) -> Event {
    let text = Event::file(name)
        .to_string()
        .replace("REPLACE_WITH_A_SESSION", session);
    Event::from(serde_json::from_str::<Value>(&text).unwrap_or_default())
}

#[tokio::test]
async fn the_event_files_of_each_source_are_good_events_once_they_have_a_session() {
    let world = World::start().await;
    // The cookies in the files are named so.
    let function = world
        .function("cartesia")
        .env("SESSION_COOKIE", "session")
        .start()
        .await;
    let session = world.issuer.token("ada");
    let mut tally = Tally::default();
    for source in ["function-url", "rest", "alb", "alb-multi"] {
        for kind in ["post", "get", "cookie"] {
            let name = format!("{source}-{kind}.json");
            tally.is(
                &name,
                said(&function.invoke(&Event::file(&name)).await),
                "401 session_invalid",
            );
            tally.is(
                &name,
                said(&function.invoke(&filled(&name, &session)).await),
                "200",
            );
        }
        for kind in ["preflight", "delete"] {
            let name = format!("{source}-{kind}.json");
            tally.is(
                &name,
                said(&function.invoke(&Event::file(&name)).await),
                "204",
            );
        }
    }
    let name = "rest-base-path-post.json";
    tally.is(
        name,
        said(&function.invoke(&filled(name, &session)).await),
        "200",
    );
    tally.is("starts", function.starts(), 1);
    tally.done();
}

#[tokio::test]
async fn a_health_check_of_a_load_balancer_costs_no_mint() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    for name in ["alb-health-check.json", "alb-multi-health-check.json"] {
        assert_problem(
            &function.invoke(&Event::file(name)).await,
            401,
            "session_missing",
        );
    }
    assert_eq!(world.mints("cartesia"), 0);
}

#[tokio::test]
async fn each_provider_mints_for_each_source() {
    let world = World::start().await;
    let session = world.issuer.token("ada");
    for provider in PROVIDERS {
        let function = world.function(provider).start().await;
        for source in EventSource::ALL {
            for event in [Event::post(provider), Event::get(provider)] {
                let answer = function.invoke(&event.bearer(&session).via(source)).await;
                assert_eq!(
                    (answer.status, answer.header("voicemint-source")),
                    (200, "minted"),
                    "{source:?} {answer:?}"
                );
                assert_every_answer(&answer);
                assert_readable(&answer);
                assert_eq!(
                    answer.header("content-type"),
                    "application/json",
                    "{source:?}"
                );
                assert!(
                    world.redeem(provider, &answer.token()),
                    "{source:?}: {answer:?}"
                );
                let (name, _, attributes) = answer
                    .cookie()
                    .unwrap_or_else(|| panic!("{source:?}: {answer:?}"));
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
async fn a_query_means_the_same_however_encoded_and_wherever_it_is_decoded() {
    const DOUBLED: &str = "400 request_malformed";
    const INVALID: &str = "422 request_invalid";
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let mut tally = Tally::default();
    // The query, the answer, and how long the token lives.
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
        // Decoded once, and no more: a value stays a value.
        ("grants=tts%26expires_in%3D30", INVALID, 0),
        ("grants=tts%252Cstt", INVALID, 0),
        ("grants=tts%2526expires_in%253D30", INVALID, 0),
        ("expires_in=30%23", INVALID, 0),
        ("expires_in=30%2B", INVALID, 0),
        ("grants%3Dtts", INVALID, 0),
        // Two of a name that are one only when decoded.
        ("expires_in=30&expires%5Fin=30", DOUBLED, 0),
    ] {
        for source in EventSource::ALL {
            let event = Event::get("cartesia")
                .bearer(&world.issuer.token("ada"))
                .query(query);
            let answer = function.invoke(&event.via(source)).await;
            let got = (
                said(&answer),
                answer.json()["expires_in"].as_i64().unwrap_or(0),
            );
            tally.is(
                &format!("{query:?} from {source:?}"),
                got,
                (want.to_owned(), seconds),
            );
        }
    }
    // A load balancer that does not send all values sends the last.
    for source in EventSource::ALL {
        let event = Event::get("cartesia")
            .bearer(&world.issuer.token("ada"))
            .query("expires_in=30&expires_in=40");
        let answer = function.invoke(&event.via(source)).await;
        let got = (
            said(&answer),
            answer.json()["expires_in"].as_i64().unwrap_or(0),
        );
        let want = if source == EventSource::Alb {
            ("200", 40)
        } else {
            (DOUBLED, 0)
        };
        tally.is(
            &format!("repeated, from {source:?}"),
            got,
            (want.0.to_owned(), want.1),
        );
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}

#[tokio::test]
async fn a_token_is_resumed_and_forgotten_through_each_source() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    for minting in EventSource::ALL {
        let first = function
            .invoke(&Event::post("cartesia").bearer(&session).via(minting))
            .await;
        let (_, sealed, _) = first
            .cookie()
            .unwrap_or_else(|| panic!("{minting:?}: {first:?}"));
        let mints = world.mints("cartesia");
        for source in EventSource::ALL {
            let by_bearer = Event::post("cartesia")
                .bearer(&session)
                .cookie("theme", "dark")
                .cookie(COOKIE, &sealed);
            let by_cookie = Event::get("cartesia")
                .cookie(COOKIE, &sealed)
                .cookie(SESSION_COOKIE, &session);
            for event in [by_bearer, by_cookie] {
                let answer = function.invoke(&event.via(source)).await;
                let got = (
                    answer.status,
                    answer.header("voicemint-source"),
                    answer.token(),
                );
                assert_eq!(
                    got,
                    (200, "resumed", first.token()),
                    "{minting:?}, {source:?}: {answer:?}"
                );
            }
            let gone = function
                .invoke(
                    &Event::delete("cartesia")
                        .cookie(COOKIE, &sealed)
                        .via(source),
                )
                .await;
            assert_eq!(
                (gone.status, gone.body.as_str()),
                (204, ""),
                "{source:?}: {gone:?}"
            );
            assert_readable(&gone);
            let (name, value, attributes) = gone
                .cookie()
                .unwrap_or_else(|| panic!("{source:?}: {gone:?}"));
            assert_eq!((name.as_str(), value.as_str()), (COOKIE, ""), "{source:?}");
            assert!(
                attributes.contains(&"Max-Age=0".to_owned()),
                "{source:?}: {attributes:?}"
            );
        }
        assert_eq!(
            world.mints("cartesia"),
            mints,
            "resumed through {minting:?}"
        );
    }
}

#[tokio::test]
async fn a_preflight_is_answered_for_the_allowed_page_alone() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let direct = function.invoke(&Event::preflight("cartesia")).await;
    let cors = |answer: &Answer| {
        let names = answer
            .headers
            .keys()
            .filter(|name| name.starts_with("access-control-"))
            .cloned();
        names
            .map(|name| (name.clone(), answer.header(&name).to_owned()))
            .collect::<Vec<_>>()
    };
    assert!(cors(&direct).len() >= 5, "{direct:?}");
    for source in EventSource::ALL {
        let answer = function
            .invoke(&Event::preflight("cartesia").via(source))
            .await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (204, ""),
            "{source:?}: {answer:?}"
        );
        assert_every_answer(&answer);
        assert_eq!(cors(&answer), cors(&direct), "{source:?}");
        for origin in ["https://evil.example", "null"] {
            let answer = function
                .invoke(&Event::preflight("cartesia").origin(origin).via(source))
                .await;
            assert_problem(&answer, 403, "origin_not_allowed");
            assert_eq!(cors(&answer), [], "{source:?}");
        }
    }
}

#[tokio::test]
async fn a_base64_body_is_read_as_what_it_stands_for() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    let mut tally = Tally::default();
    for source in EventSource::ALL {
        let ask = event
            .clone()
            .body_base64(br#"{"expires_in":30,"grants":{"stt":true}}"#)
            .via(source);
        let answer = function.invoke(&ask).await;
        tally.is(
            &format!("{source:?}"),
            (said(&answer), answer.json()["expires_in"].clone()),
            ("200".into(), json!(30)),
        );
        let empty = event.clone().body_base64(b"").via(source);
        tally.is(
            &format!("{source:?}, empty"),
            said(&function.invoke(&empty).await),
            "200",
        );
        let bytes = event
            .clone()
            .body_base64(b"{\"grants\":\"\xff\"}")
            .via(source);
        tally.is(
            &format!("{source:?}, no text"),
            said(&function.invoke(&bytes).await),
            "400 request_malformed",
        );
        let mut torn = event.clone().via(source).into_json();
        (torn["body"], torn["isBase64Encoded"]) = (json!("*** no base64 ***"), json!(true));
        tally.is(
            &format!("{source:?}, no base64"),
            said(&function.invoke(&torn.into()).await),
            "400 request_malformed",
        );
    }
    tally.is("starts", function.starts(), 1);
    tally.done();
}
