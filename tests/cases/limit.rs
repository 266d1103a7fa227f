//! Limits per user: which requests share a limit, which requests count, and how refused callers are
//! told to wait.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;
use voicemint_tests::{Event, Issuer, LimitTable, PROVIDERS, Reply, ScriptedServer, TestEnv, now};

use crate::resume::{minted, with_cookie};
use crate::settings::{mentions, startup_error};
use crate::support::{CaseReport, assert_problem, assert_readable, metric, status_and_code};

pub const REFUSED: &str = "429 rate_limited";
const DAY: i64 = 86_400;

#[tokio::test]
async fn retry_after_is_exact_after_a_burst() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let function = table
        .configure(env.function("elevenlabs"))
        .env("RATE_LIMIT", "3/minute")
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    let mut begin = Instant::now();
    for place in 0..3 {
        let (response, _) = function.invoke_logged(&event).await;
        assert_eq!(status_and_code(&response), "200", "{}", function.logs());
        assert!(
            response.header("server-timing").contains("limit;dur="),
            "{response:?}"
        );
        if place == 0 {
            begin = Instant::now();
        }
    }
    let (refused, line) = function.invoke_logged(&event).await;
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "this machine is too slow for the following assertions"
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
        env.mints("elevenlabs"),
        3,
        "the provider was not called for the refused request"
    );
    sleep(Duration::from_millis(1100).saturating_sub(begin.elapsed())).await;
    assert_eq!(function.invoke(&event).await.header("retry-after"), "19");
}

#[tokio::test]
async fn one_mint_is_admitted_after_the_wait() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let function = table
        .configure(env.function("assemblyai"))
        .env("RATE_LIMIT", "2/second")
        .start()
        .await;
    let event = Event::post("assemblyai").bearer(&env.issuer.token("ada"));
    let mint = || async { status_and_code(&function.invoke(&event).await) };
    assert_eq!(
        [mint().await, mint().await, mint().await],
        ["200", "200", REFUSED]
    );
    sleep(Duration::from_millis(500)).await;
    assert_eq!([mint().await, mint().await], ["200", REFUSED]);
}

#[tokio::test]
async fn each_kind_of_request_makes_the_expected_calls_to_the_table() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let function = table
        .configure(env.function("cartesia"))
        .env("RATE_LIMIT", "2/minute")
        .start()
        .await;
    let session = env.issuer.token("ada");
    let event = Event::post("cartesia").bearer(&session);
    let mut report = CaseReport::default();
    let (_, cookie) = minted(&function, &session, &json!({})).await;
    report.check_eq("a mint of an idle subject", table.take_calls(), 1);
    let resumed = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    report.check_eq(
        "resumed",
        (resumed.header("voicemint-source"), table.take_calls()),
        ("resumed", 0),
    );
    report.check_eq(
        "a mint after another mint",
        (
            status_and_code(&function.invoke(&event).await),
            table.take_calls(),
        ),
        ("200".to_owned(), 2),
    );
    report.check_eq(
        "refused",
        (
            status_and_code(&function.invoke(&event).await),
            table.take_calls(),
        ),
        (REFUSED.to_owned(), 1),
    );
    for _ in 0..50 {
        report.check_eq(
            "a flood",
            status_and_code(&function.invoke(&event).await),
            REFUSED.to_owned(),
        );
    }
    report.check_eq("a flood", table.take_calls(), 0);
    let resumed = function
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    report.check_eq(
        "resumed beyond the limit",
        (resumed.header("voicemint-source"), table.take_calls()),
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
    report.check_eq("requests that mint nothing", table.take_calls(), 0);
    report.check_eq("mints", env.mints("cartesia"), 2);
    report.finish();
}

#[tokio::test]
async fn subjects_issuers_and_providers_have_separate_limits() {
    let (env, other, table) = (
        TestEnv::start().await,
        Issuer::start().await,
        LimitTable::create().await,
    );
    let issuers = format!("{},{}", env.issuer.url(), other.url());
    let mut report = CaseReport::default();
    for provider in PROVIDERS {
        let function = table
            .configure(env.function(provider))
            .env("SESSION_ISSUER", &issuers);
        let function = function.env("RATE_LIMIT", "1/hour").start().await;
        for (who, session) in [
            ("ada", env.issuer.token("ada")),
            ("bob", env.issuer.token("bob")),
            ("ada of the other issuer", other.token("ada")),
        ] {
            let event = Event::post(provider).bearer(&session);
            let outcomes = [
                status_and_code(&function.invoke(&event).await),
                status_and_code(&function.invoke(&event).await),
            ];
            report.check_eq(
                &format!("{who} at {provider}"),
                outcomes,
                ["200".to_owned(), REFUSED.to_owned()],
            );
        }
    }
    report.check_eq("items", table.items().await.len(), 3 * PROVIDERS.len());
    report.finish();
}

#[tokio::test]
async fn the_daily_limit_applies_until_midnight() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let function = table
        .configure(env.function("elevenlabs"))
        .env("DAILY_LIMIT", "2")
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    for _ in 0..2 {
        assert_eq!(
            status_and_code(&function.invoke(&event).await),
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
    assert!((left()..=before).contains(&wait), "{wait} s until midnight");
    assert_eq!(table.take_calls(), 3, "one call per request");
}

#[tokio::test]
async fn items_contain_no_user_name_and_expire() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let limited = table
        .configure(env.function("cartesia"))
        .env("RATE_LIMIT", "10/hour");
    for function in [
        limited.clone().start().await,
        limited.env("DAILY_LIMIT", "5").start().await,
    ] {
        let event = Event::post("cartesia").bearer(&env.issuer.token("ada-lovelace"));
        let (response, line) = function.invoke_logged(&event).await;
        assert_eq!(status_and_code(&response), "200");
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
                !item.to_string().contains("ada") && !item.to_string().contains(&env.issuer.url()),
                "{item}"
            );
        }
    }
}

#[tokio::test]
async fn a_mint_that_the_provider_refuses_counts() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let standin = ScriptedServer::start([Reply::json(400, &json!({})), Reply::token("good")]).await;
    let function = table
        .configure(env.function("cartesia"))
        .env("PROVIDER_BASE_URL", standin.url());
    let function = function.env("RATE_LIMIT", "1/hour").start().await;
    let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
    assert_eq!(
        status_and_code(&function.invoke(&event).await),
        "502 provider_rejected"
    );
    assert_eq!(status_and_code(&function.invoke(&event).await), REFUSED);
    assert_eq!(standin.requests().len(), 1);
}

#[tokio::test]
async fn two_environments_share_the_limit() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let limited = table
        .configure(env.function("elevenlabs"))
        .env("RATE_LIMIT", "5/second");
    let functions = [limited.clone().start().await, limited.start().await];
    let event = Event::post("elevenlabs").bearer(&env.issuer.token("ada"));
    for function in &functions {
        // The request of another user starts the function.
        function
            .invoke(&Event::post("elevenlabs").bearer(&env.issuer.token("bob")))
            .await;
    }
    let begin = Instant::now();
    let mint_repeatedly = |place: usize| {
        let (function, event) = (&functions[place], &event);
        async move {
            let mut accepted = Vec::new();
            while begin.elapsed() < Duration::from_secs(4) {
                match status_and_code(&function.invoke(event).await).as_str() {
                    "200" => accepted.push(begin.elapsed()),
                    other => assert_eq!(other, REFUSED),
                }
            }
            accepted
        }
    };
    let (one, other) = tokio::join!(mint_repeatedly(0), mint_repeatedly(1));
    assert!(
        !one.is_empty() && !other.is_empty(),
        "both environments minted"
    );
    let accepted = one.len() + other.len();
    // A burst of five, then one every 200 ms.
    let max = 5 + usize::try_from(begin.elapsed().as_millis() / 200).unwrap_or_default();
    assert!(
        (20..=max).contains(&accepted),
        "{accepted} of at most {max}"
    );
    let items: Vec<Value> = table.items().await;
    assert_eq!(items.len(), 2, "{items:?}");
}

#[tokio::test]
async fn a_limit_without_a_table_stops_the_function() {
    let env = TestEnv::start().await;
    for (limit, value) in [("RATE_LIMIT", "1/hour"), ("DAILY_LIMIT", "5")] {
        let text = startup_error(env.function("cartesia").env(limit, value))
            .await
            .unwrap_or_default();
        assert!(mentions(&text, "LIMIT_TABLE"), "{limit}: {text}");
    }
}
