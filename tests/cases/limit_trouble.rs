//! The table of limits gone, silent, throttled or broken: what each way of `LIMIT_ON_ERROR` does
//! then, and how it is told.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use voicemint_tests::{ClosedPort, Event, Function, LimitTable, Mood, World};

use crate::limit::REFUSED;
use crate::support::{Tally, assert_problem, metric, said};

/// Something that is wrong with the table, and how a function comes to see it.
struct Wrong {
    what: &'static str,
    mood: Mood,
    setting: Option<(&'static str, String)>,
    /// How many calls arrive because of a mint.
    calls: usize,
}

fn wrongs(table: &LimitTable, closed: &ClosedPort) -> [Wrong; 5] {
    let absent = Some(("LIMIT_TABLE", format!("{}-not", table.name)));
    let nobody = Some(("AWS_ENDPOINT_URL_DYNAMODB", closed.url()));
    [
        Wrong {
            what: "there is no such table",
            mood: Mood::Well,
            setting: absent,
            calls: 1,
        },
        Wrong {
            what: "nobody listens",
            mood: Mood::Well,
            setting: nobody,
            calls: 0,
        },
        Wrong {
            what: "no answer",
            mood: Mood::Silent,
            setting: None,
            calls: 2,
        },
        Wrong {
            what: "throttled",
            mood: Mood::Throttled,
            setting: None,
            calls: 2,
        },
        Wrong {
            what: "500",
            mood: Mood::Broken,
            setting: None,
            calls: 2,
        },
    ]
}

fn times_told(function: &Function) -> usize {
    function
        .logs()
        .matches("the limit table cannot be used")
        .count()
}

#[tokio::test]
async fn each_way_does_what_it_says_whatever_is_wrong() {
    let (world, table, closed) = (
        World::start().await,
        LimitTable::create().await,
        ClosedPort::reserve(),
    );
    let mut tally = Tally::default();
    for (way, wanted) in [
        ("local", ["200", "200", REFUSED]),
        ("deny", ["503 limit_unavailable"; 3]),
        ("allow", ["200", "200", "200"]),
    ] {
        for Wrong {
            what,
            mood,
            setting,
            calls,
        } in wrongs(&table, &closed)
        {
            let limited = table
                .limits(world.function("cartesia"))
                .env("RATE_LIMIT", "2/hour")
                .env("LIMIT_ON_ERROR", way);
            let limited = setting
                .into_iter()
                .fold(limited, |builder, (name, value)| builder.env(name, value));
            let function = limited.start().await;
            table.becomes(mood);
            table.calls();
            for (place, wanted) in wanted.into_iter().enumerate() {
                let case = format!("{what}, {way}, mint {place}");
                let event = Event::post("cartesia").bearer(&world.issuer.token("ada"));
                let begin = Instant::now();
                let (answer, line) = function.invoke_logged(&event).await;
                // A start and two tries of 300 ms with a pause between them.
                tally.holds(
                    &format!("{case} took {:?}", begin.elapsed()),
                    begin.elapsed() < Duration::from_millis(1500),
                );
                tally.is(&case, said(&answer), wanted.to_owned());
                tally.is(&format!("{case}: calls"), table.calls(), calls);
                let ways = vec![
                    vec!["Provider".to_owned()],
                    vec!["Provider".to_owned(), "OnError".to_owned()],
                ];
                tally.is(
                    &format!("{case}: metric"),
                    metric(&line, "LimitUnavailable"),
                    Some((1.0, ways)),
                );
                tally.is(&format!("{case}: way"), &line["OnError"], &json!(way));
            }
            tally.is(
                &format!("{what}, {way}: told once"),
                times_told(&function),
                1,
            );
            table.becomes(Mood::Well);
        }
    }
    tally.done();
}

#[tokio::test]
async fn refused_by_deny_is_a_problem_that_says_when_to_come_again() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let function = table
        .limits(world.function("assemblyai"))
        .env("DAILY_LIMIT", "9")
        .env("LIMIT_ON_ERROR", "deny");
    let function = function.start().await;
    let event = Event::post("assemblyai").bearer(&world.issuer.token("ada"));
    table.becomes(Mood::Throttled);
    let (answer, _) = function.invoke_logged(&event).await;
    assert_problem(&answer, 503, "limit_unavailable");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(world.mints("assemblyai"), 0);
    let reason = function
        .wait_for_log(|line| line["message"] == "the limit table cannot be used")
        .await;
    assert_eq!(
        reason["reason"], "DynamoDB answered ThrottlingException",
        "{reason}"
    );
    table.becomes(Mood::Well);
    let (answer, line) = function.invoke_logged(&event).await;
    assert_eq!(
        (said(&answer).as_str(), metric(&line, "LimitUnavailable")),
        ("200", None),
        "{line}"
    );
}

#[tokio::test]
async fn trouble_that_comes_and_goes_is_times_told_and_the_table_still_counts() {
    let (world, table) = (World::start().await, LimitTable::create().await);
    let function = table
        .limits(world.function("cartesia"))
        .env("RATE_LIMIT", "2/hour")
        .start()
        .await;
    let ask = |who: &str| Event::post("cartesia").bearer(&world.issuer.token(who));
    assert_eq!(said(&function.invoke(&ask("ada")).await), "200");
    for time in 1..=2 {
        table.becomes(Mood::Broken);
        assert_eq!(
            said(&function.invoke(&ask("bob")).await),
            "200",
            "counted here alone"
        );
        table.becomes(Mood::Well);
        assert_eq!(
            said(&function.invoke(&ask(&format!("user {time}"))).await),
            "200"
        );
    }
    assert_eq!(times_told(&function), 1);
    // What was counted before and after the trouble is one count.
    assert_eq!(said(&function.invoke(&ask("ada")).await), "200");
    assert_eq!(said(&function.invoke(&ask("ada")).await), REFUSED);
    let items: Vec<Value> = table.items().await;
    assert_eq!(items.len(), 3, "ada and the two users: {items:?}");
}
