//! Limits on what one user can spend: who is counted with whom, what is counted, and how the rest
//! is told to wait.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;
use voicemint_tests::{Event, FaultyService, Issuer, LimitTable, PROVIDERS, Reply, World, now};

use crate::resume::{minted, with_cookie};
use crate::settings::{complaint, names};
use crate::support::{Tally, assert_problem, assert_readable, metric, said};

pub const REFUSED: &str = "429 rate_limited";
const DAY: i64 = 86_400;

#[tokio::test]
async fn a_burst_then_exactly_the_wait() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let function = table
        .limits(world.function("elevenlabs"))
        .env("RATE_LIMIT", "3/minute")
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    let mut begin = Instant::now();
    for place in 0..3 {
        let (answer, _) = function.invoke_logged(&event).await;
        assert_eq!(said(&answer), "200", "{}", function.logs());
        assert!(
            answer.header("server-timing").contains("limit;dur="),
            "{answer:?}"
        );
        if place == 0 {
            begin = Instant::now();
        }
    }
    let (refused, line) = function.invoke_logged(&event).await;
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "too slow a machine for what follows"
    );
    assert_problem(&refused, 429, "rate_limited");
    assert_readable(&refused);
    assert_eq!(refused.header("retry-after"), "20");
    assert!(
        refused.json()["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("20 s")),
        "{refused:?}"
    );
    assert_eq!(
        (&line["outcome"], line["provider_ms"].is_null()),
        (&json!("rate_limited"), true),
        "{line}"
    );
    assert!(line["limit_ms"].is_number(), "{line}");
    let by_code = vec![
        vec!["Provider".to_owned()],
        vec!["Provider".to_owned(), "Code".to_owned()],
    ];
    assert_eq!(metric(&line, "Refused"), Some((1.0, by_code)), "{line}");
    assert_eq!(
        world.mints("elevenlabs"),
        3,
        "the provider was not called for it"
    );
    sleep(Duration::from_millis(1100).saturating_sub(begin.elapsed())).await;
    assert_eq!(function.invoke(&event).await.header("retry-after"), "19");
}

#[tokio::test]
async fn after_the_wait_there_is_room_for_one() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let function = table
        .limits(world.function("assemblyai"))
        .env("RATE_LIMIT", "2/second")
        .start()
        .await;
    let event = Event::post("assemblyai").bearer(&world.issuer.token("ada"));
    let ask = || async { said(&function.invoke(&event).await) };
    assert_eq!(
        [ask().await, ask().await, ask().await],
        ["200", "200", REFUSED]
    );
    sleep(Duration::from_millis(500)).await;
    assert_eq!([ask().await, ask().await], ["200", REFUSED]);
}

#[tokio::test]
async fn calls_of_the_table_for_each_kind_of_request() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let function = table
        .limits(world.function("cartesia"))
        .env("RATE_LIMIT", "2/minute")
        .start()
        .await;
    let session = world.issuer.token("ada");
    let event = Event::post("cartesia").bearer(&session);
    let mut tally = Tally::default();
    let (_, cookie) = minted(&function, &session, &json!({})).await;
    tally.is("a mint of an idle subject", table.calls(), 1);
    let resumed = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    tally.is(
        "resumed",
        (resumed.header("voicemint-source"), table.calls()),
        ("resumed", 0),
    );
    tally.is(
        "a mint in the queue",
        (said(&function.invoke(&event).await), table.calls()),
        ("200".to_owned(), 2),
    );
    tally.is(
        "refused",
        (said(&function.invoke(&event).await), table.calls()),
        (REFUSED.to_owned(), 1),
    );
    for _ in 0..50 {
        tally.is(
            "a flood",
            said(&function.invoke(&event).await),
            REFUSED.to_owned(),
        );
    }
    tally.is("a flood", table.calls(), 0);
    let resumed = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    tally.is(
        "resumed beyond the limit",
        (resumed.header("voicemint-source"), table.calls()),
        ("resumed", 0),
    );
    for event in [
        Event::delete("cartesia"),
        Event::preflight("cartesia"),
        Event::post("cartesia"),
    ] {
        function.invoke(&event).await;
    }
    function
        .invoke(&event.clone().json_body(&json!({ "nonsense": 1 })))
        .await;
    tally.is("what mints nothing", table.calls(), 0);
    tally.is("mints", world.mints("cartesia"), 2);
    tally.done();
}

#[tokio::test]
async fn subjects_issuers_and_providers_do_not_share() {
    let (world, other, table) = (
        World::start().await,
        Issuer::start().await,
        LimitTable::create().await,
    );
    let issuers = format!("{},{}", world.issuer.url(), other.url());
    let mut tally = Tally::default();
    for provider in PROVIDERS {
        let function = table
            .limits(world.function(provider))
            .env("SESSION_ISSUER", &issuers);
        let function = function.env("RATE_LIMIT", "1/hour").start().await;
        for (who, session) in [
            ("ada", world.issuer.token("ada")),
            ("bob", world.issuer.token("bob")),
            ("ada of the other issuer", other.token("ada")),
        ] {
            let event = Event::post(provider).bearer(&session);
            let asked = [
                said(&function.invoke(&event).await),
                said(&function.invoke(&event).await),
            ];
            tally.is(
                &format!("{who} at {provider}"),
                asked,
                ["200".to_owned(), REFUSED.to_owned()],
            );
        }
    }
    tally.is("items", table.items().await.len(), 9);
    tally.done();
}

#[tokio::test]
async fn a_day_has_so_many() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let function = table
        .limits(world.function("elevenlabs"))
        .env("DAILY_LIMIT", "2")
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    for _ in 0..2 {
        assert_eq!(
            said(&function.invoke(&event).await),
            "200",
            "{}",
            function.logs()
        );
    }
    let left = || DAY - now() % DAY;
    let before = left();
    let refused = function.invoke(&event).await;
    assert_problem(&refused, 429, "rate_limited");
    let wait: i64 = refused.header("retry-after").parse().unwrap_or_default();
    assert!((left()..=before).contains(&wait), "{wait} until midnight");
    assert_eq!(table.calls(), 3, "one each");
}

#[tokio::test]
async fn what_is_kept_names_nobody_and_expires() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let limited = table
        .limits(world.function("cartesia"))
        .env("RATE_LIMIT", "10/hour");
    for function in [
        limited.clone().start().await,
        limited.env("DAILY_LIMIT", "5").start().await,
    ] {
        let event = Event::post("cartesia").bearer(&world.issuer.token("ada-lovelace"));
        let (answer, line) = function.invoke_logged(&event).await;
        assert_eq!(said(&answer), "200");
        let subject = line["subject"].as_str().unwrap_or_default().to_owned();
        let items = table.items().await;
        let item = items.last().cloned().unwrap_or_default();
        let key = item["pk"]["S"].as_str().unwrap_or_default();
        assert!(
            key.starts_with(&format!("cartesia#{subject}")) && !subject.is_empty(),
            "{item} of {line}"
        );
        let number = |name: &str| {
            item[name]["N"]
                .as_str()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0_i64)
        };
        assert_eq!(number("cnt"), 1, "{item}");
        assert!(
            (0..=361_000).contains(&(number("tat") - now() * 1000)),
            "{item}"
        );
        assert!(
            (3600..=DAY + 120).contains(&(number("exp") - now())),
            "{item}"
        );
        for item in items {
            assert!(
                !item.to_string().contains("ada")
                    && !item.to_string().contains(&world.issuer.url()),
                "{item}"
            );
        }
    }
}

#[tokio::test]
async fn a_mint_that_the_provider_refuses_is_not_given_back() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let standin = FaultyService::start([Reply::json(400, &json!({})), Reply::token("good")]).await;
    let function = table
        .limits(world.function("cartesia"))
        .env("PROVIDER_BASE_URL", standin.url());
    let function = function.env("RATE_LIMIT", "1/hour").start().await;
    let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
    assert_eq!(
        said(&function.invoke(&event).await),
        "502 provider_rejected"
    );
    assert_eq!(said(&function.invoke(&event).await), REFUSED);
    assert_eq!(standin.requests().len(), 1);
}

#[tokio::test]
async fn two_environments_count_together() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let limited = table
        .limits(world.function("elevenlabs"))
        .env("RATE_LIMIT", "5/second");
    let functions = [limited.clone().start().await, limited.start().await];
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    for function in &functions {
        // Started by somebody else's request.
        function
            .invoke(&Event::post("elevenlabs").bearer(&world.issuer.token("bob")))
            .await;
    }
    let begin = Instant::now();
    let hammer = |place: usize| {
        let (function, event) = (&functions[place], &event);
        async move {
            let mut accepted = Vec::new();
            while begin.elapsed() < Duration::from_secs(4) {
                match said(&function.invoke(event).await).as_str() {
                    "200" => accepted.push(begin.elapsed()),
                    other => assert_eq!(other, REFUSED),
                }
            }
            accepted
        }
    };
    let (one, other) = tokio::join!(hammer(0), hammer(1));
    assert!(!one.is_empty() && !other.is_empty(), "both had a share");
    let accepted = one.len() + other.len();
    // A burst of five, then one every 200 ms.
    let most = 5 + usize::try_from(begin.elapsed().as_millis() / 200).unwrap_or_default();
    assert!(
        (20..=most).contains(&accepted),
        "{accepted} of at most {most}"
    );
    let items: Vec<Value> = table.items().await;
    assert_eq!(items.len(), 2, "{items:?}");
}

#[tokio::test]
async fn a_limit_without_a_table_stops_the_function() {
    let world = World::start().await;
    for (limit, value) in [("RATE_LIMIT", "1/hour"), ("DAILY_LIMIT", "5")] {
        let text = complaint(world.function("cartesia").env(limit, value))
            .await
            .unwrap_or_default();
        assert!(names(&text, "LIMIT_TABLE"), "{limit}: {text}");
    }
}
