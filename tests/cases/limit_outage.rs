//! The limit table missing, silent, throttled or failing: the effect of each value of
//! `LIMIT_ON_ERROR`, and the log and metrics.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use voicemint_tests::{ClosedPort, Event, Fault, Function, LimitTable, TestEnv};

use crate::limit::REFUSED;
use crate::support::{CaseReport, assert_problem, metric, status_and_code};

/// An outage of the table, and how a function is exposed to it.
struct Outage {
    name: &'static str,
    fault: Option<Fault>,
    setting: Option<(&'static str, String)>,
    /// How many calls a mint makes.
    calls: usize,
}

fn outages(table: &LimitTable, closed: &ClosedPort) -> [Outage; 5] {
    let missing = Some(("LIMIT_TABLE", format!("{}-not", table.name)));
    let refused = Some(("AWS_ENDPOINT_URL_DYNAMODB", closed.url()));
    [
        Outage {
            name: "the table does not exist",
            fault: None,
            setting: missing,
            calls: 1,
        },
        Outage {
            name: "the connection is refused",
            fault: None,
            setting: refused,
            calls: 0,
        },
        Outage {
            name: "no response",
            fault: Some(Fault::Silent),
            setting: None,
            calls: 2,
        },
        Outage {
            name: "throttled",
            fault: Some(Fault::Throttled),
            setting: None,
            calls: 2,
        },
        Outage {
            name: "500",
            fault: Some(Fault::InternalError),
            setting: None,
            calls: 2,
        },
    ]
}

fn outage_logs(function: &Function) -> usize {
    function
        .logs()
        .matches("the limit table is unavailable")
        .count()
}

#[tokio::test]
async fn each_limit_on_error_value_applies_to_every_outage() {
    let (env, table, closed) = (
        TestEnv::start().await,
        LimitTable::create().await,
        ClosedPort::reserve(),
    );
    let mut report = CaseReport::default();
    for (policy, wanted) in [
        ("local", ["200", "200", REFUSED]),
        ("deny", ["503 limit_unavailable"; 3]),
        ("allow", ["200", "200", "200"]),
    ] {
        for Outage {
            name,
            fault,
            setting,
            calls,
        } in outages(&table, &closed)
        {
            let limited = table
                .configure(env.function("cartesia"))
                .env("RATE_LIMIT", "2/hour")
                .env("LIMIT_ON_ERROR", policy);
            let limited = setting
                .into_iter()
                .fold(limited, |builder, (name, value)| builder.env(name, value));
            let function = limited.start().await;
            table.set_fault(fault);
            table.take_calls();
            for (place, wanted) in wanted.into_iter().enumerate() {
                let case = format!("{name}, {policy}, mint {place}");
                let event = Event::post("cartesia").bearer(&env.issuer.token("ada"));
                let begin = Instant::now();
                let (response, line) = function.invoke_logged(&event).await;
                // A cold start and two attempts of 300 ms with a pause between them.
                report.check(
                    &format!("{case} took {:?}", begin.elapsed()),
                    begin.elapsed() < Duration::from_millis(1500),
                );
                report.check_eq(&case, status_and_code(&response), wanted.to_owned());
                report.check_eq(&format!("{case}: calls"), table.take_calls(), calls);
                let dimensions = vec![
                    vec!["Provider".to_owned()],
                    vec!["Provider".to_owned(), "OnError".to_owned()],
                ];
                report.check_eq(
                    &format!("{case}: metric"),
                    metric(&line, "LimitUnavailable"),
                    Some((1.0, dimensions)),
                );
                report.check_eq(
                    &format!("{case}: OnError"),
                    &line["OnError"],
                    &json!(policy),
                );
            }
            report.check_eq(
                &format!("{name}, {policy}: logged once"),
                outage_logs(&function),
                1,
            );
            table.set_fault(None);
        }
    }
    report.finish();
}

#[tokio::test]
async fn deny_responds_with_a_problem_and_retry_after() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let function = table
        .configure(env.function("assemblyai"))
        .env("DAILY_LIMIT", "9")
        .env("LIMIT_ON_ERROR", "deny");
    let function = function.start().await;
    let event = Event::post("assemblyai").bearer(&env.issuer.token("ada"));
    table.set_fault(Fault::Throttled);
    let (response, _) = function.invoke_logged(&event).await;
    assert_problem(&response, 503, "limit_unavailable");
    assert_eq!(response.header("retry-after"), "1");
    assert_eq!(env.mints("assemblyai"), 0);
    let reason = function
        .wait_for_log(|line| line["message"] == "the limit table is unavailable")
        .await;
    assert_eq!(
        reason["reason"], "DynamoDB answered ThrottlingException",
        "{reason}"
    );
    table.set_fault(None);
    let (response, line) = function.invoke_logged(&event).await;
    assert_eq!(
        (
            status_and_code(&response).as_str(),
            metric(&line, "LimitUnavailable")
        ),
        ("200", None),
        "{line}"
    );
}

#[tokio::test]
async fn a_recurring_outage_is_logged_once_and_the_table_keeps_counting() {
    let (env, table) = (TestEnv::start().await, LimitTable::create().await);
    let function = table
        .configure(env.function("cartesia"))
        .env("RATE_LIMIT", "2/hour")
        .start()
        .await;
    let mint_of = |who: &str| Event::post("cartesia").bearer(&env.issuer.token(who));
    assert_eq!(
        status_and_code(&function.invoke(&mint_of("ada")).await),
        "200"
    );
    for time in 1..=2 {
        table.set_fault(Fault::InternalError);
        assert_eq!(
            status_and_code(&function.invoke(&mint_of("bob")).await),
            "200",
            "counted in this environment only"
        );
        table.set_fault(None);
        assert_eq!(
            status_and_code(&function.invoke(&mint_of(&format!("user {time}"))).await),
            "200"
        );
    }
    assert_eq!(outage_logs(&function), 1);
    // The mints before and after the outage share one count.
    assert_eq!(
        status_and_code(&function.invoke(&mint_of("ada")).await),
        "200"
    );
    assert_eq!(
        status_and_code(&function.invoke(&mint_of("ada")).await),
        REFUSED
    );
    let items: Vec<Value> = table.items().await;
    assert_eq!(items.len(), 3, "ada and the two users: {items:?}");
}
