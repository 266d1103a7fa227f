//! The limit table with concurrent updates and across midnight: the function's own code against
//! moto, with an injected clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, UNIX_EPOCH};

use tokio::task::JoinSet;
use voicemint::internals::gcra::count;
use voicemint::internals::{Admission, Aws, Clock, DynamoDb, Limiter, Limits, Transport};
use voicemint::settings::Reader;
use voicemint_tests::LimitTable;

/// The DynamoDB client of a separate environment, and its limits.
fn environment(table: &LimitTable, limits: &[(&str, &str)]) -> (DynamoDb, Limits) {
    let base = [("LIMIT_TABLE", table.name.as_str())];
    let variables = [base.as_slice(), limits].concat();
    let variables = variables.as_slice();
    let mut reader = Reader::new(&variables);
    let client = DynamoDb::new(Aws::emulated(
        table.url(),
        Transport::new().expect("a client"),
    ));
    let limits = Limits::from_settings(&mut reader).expect("a limit");
    (reader.finish(Some(client)).expect("valid settings"), limits)
}

fn since_epoch() -> Duration {
    UNIX_EPOCH.elapsed().expect("a clock after 1970")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn concurrent_mints_of_two_environments_never_exceed_the_limit() {
    let table = LimitTable::create().await;
    let (first, limits) = environment(&table, &[("RATE_LIMIT", "4/second")]);
    let (second, _) = environment(&table, &[("RATE_LIMIT", "4/second")]);
    let environments = [Arc::new(first), Arc::new(second)];
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for place in 0..8 {
        let (client, limits) = (Arc::clone(&environments[place % 2]), limits.clone());
        tasks.spawn(async move {
            let mut mints = (0..).map(|number| (place as u64) << 32 | number);
            let (mut accepted, mut refused, mut late) = (0, 0, 0);
            while begin.elapsed() < Duration::from_secs(3) {
                let mint = mints.next().unwrap_or_default();
                match count(
                    &*client,
                    &limits.table,
                    "cartesia#ada",
                    &limits,
                    mint,
                    since_epoch(),
                )
                .await
                {
                    Ok(Admission::Yes) => accepted += 1,
                    Ok(Admission::No(_)) => refused += 1,
                    // On a busy machine the call may time out after it was counted.
                    Err(reason) if reason.contains("in time") => late += 1,
                    Err(reason) => panic!("{reason}"),
                }
            }
            (accepted, refused, late)
        });
    }
    let (mut accepted, mut refused, mut late) = (0, 0, 0);
    while let Some(done) = tasks.join_next().await {
        let (yes, no, unknown) = done.expect("a task that does not panic");
        accepted += yes;
        refused += no;
        late += unknown;
    }
    // A burst of four, then one every 250 ms.
    let max = 4 + begin.elapsed().as_millis() / 250;
    assert!(accepted <= max, "{accepted} of at most {max}");
    assert!(
        accepted + late >= 12 && refused > 20,
        "{accepted}, {refused} refused, {late} late: too few calls"
    );
    let items = table.items().await;
    assert_eq!(items.len(), 1);
    let counted: u128 = items[0]["cnt"]["N"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    // A call that timed out may have been counted.
    assert!(
        (accepted..=max).contains(&counted),
        "{accepted} accepted, {counted} counted of at most {max}"
    );
}

#[tokio::test]
async fn a_new_day_begins_at_midnight_utc_although_the_old_item_still_exists() {
    let table = LimitTable::create().await;
    let (client, limits) = environment(&table, &[("RATE_LIMIT", "1/second"), ("DAILY_LIMIT", "2")]);
    // Midnight after 14 January 2027.
    let midnight = 1_800_057_600_000_u64;
    let millis = Arc::new(AtomicU64::new(midnight - 2_500));
    let current_millis = Arc::clone(&millis);
    let clock = Clock::new(move || {
        UNIX_EPOCH + Duration::from_millis(current_millis.load(Ordering::SeqCst))
    });
    let limiter = Limiter::new(limits, Arc::new(client), clock);
    let wait = || async {
        let (admitted, instead) = limiter
            .admit(
                "cartesia",
                "ada",
                tokio::time::Instant::now() + Duration::from_secs(10),
            )
            .await;
        assert_eq!(instead, None);
        admitted.err().and_then(|refusal| refusal.retry_after)
    };
    assert_eq!([wait().await, wait().await], [None, Some(1)], "the rate");
    millis.fetch_add(1_000, Ordering::SeqCst);
    assert_eq!(
        [wait().await, wait().await],
        [None, Some(2)],
        "the day's two are used up 1.5 s before midnight"
    );
    millis.store(midnight - 1, Ordering::SeqCst);
    assert_eq!(wait().await, Some(1));
    millis.store(midnight, Ordering::SeqCst);
    assert_eq!([wait().await, wait().await], [None, Some(1)]);
    assert_eq!(table.items().await.len(), 2, "one item per day");
}

#[tokio::test]
async fn intervals_shorter_than_a_millisecond_are_preserved() {
    let table = LimitTable::create().await;
    let (client, limits) = environment(&table, &[("RATE_LIMIT", "3000/second")]);
    let now = Duration::from_secs(1_800_000_000);
    for mint in 0..3 {
        assert_eq!(
            count(&client, &limits.table, "a", &limits, mint, now).await,
            Ok(Admission::Yes)
        );
    }
    let items = table.items().await;
    assert_eq!(
        items[0]["tat"]["N"], "1800000000001.002",
        "three intervals of 334 microseconds"
    );
}
