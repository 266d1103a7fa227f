//! Limits: which requests are accepted, how long the others must wait, and how many calls of the
//! table each request costs.

mod tables;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::time::Instant;
use voicemint::internals::gcra::count;
use voicemint::internals::{
    Admission, Clock, Exceeded, Item, Limit, Limiter, Limits, Memory, OnError, Table,
};
use voicemint::problem::{Code, Problem};
use voicemint::settings::Reader;

use crate::limit::tables::{HangingTable, ObservedTable, RepeatingTable, VanishingTable};

/// 10:00 UTC.
const NOW: Duration = Duration::from_secs(1_800_007_200 / 86_400 * 86_400 + 36_000);
const MIDNIGHT: Duration = Duration::from_secs(NOW.as_secs() + 14 * 3600);

fn limits(variables: &[(&str, &str)]) -> Limits {
    let variables = [variables, &[("LIMIT_TABLE", "limits")]].concat();
    Limits::from_settings(&mut Reader::new(&variables.as_slice())).unwrap()
}

fn rate(rate: &str) -> Limits {
    limits(&[("RATE_LIMIT", rate)])
}

/// Counts one request in a table that responds immediately.
fn count_one(table: &dyn Table, limits: &Limits, now: Duration) -> Admission {
    static MINTS: AtomicU64 = AtomicU64::new(0);
    let mint = MINTS.fetch_add(1, Ordering::SeqCst);
    count(table, "limits", "a", limits, mint, now)
        .now_or_never()
        .unwrap()
        .unwrap()
}

/// A limiter, and the time of its clock in milliseconds.
fn limiter(limits: Limits, table: Arc<dyn Table>) -> (Limiter, Arc<AtomicU64>) {
    let millis = Arc::new(AtomicU64::new(u64::try_from(NOW.as_millis()).unwrap()));
    let time = Arc::clone(&millis);
    let clock = Clock::new(move || UNIX_EPOCH + Duration::from_millis(time.load(Ordering::SeqCst)));
    (Limiter::new(limits, table, clock), millis)
}

fn admit(
    limiter: &Limiter,
    provider: &str,
    subject: &str,
) -> (Result<(), Problem>, Option<OnError>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(limiter.admit(provider, subject, Instant::now() + Duration::from_secs(10)))
}

/// `None` if the request is admitted, otherwise the code and the seconds to wait.
fn code_and_wait(limiter: &Limiter, provider: &str, subject: &str) -> Option<(Code, u32)> {
    let (admitted, _) = admit(limiter, provider, subject);
    admitted
        .err()
        .map(|problem| (problem.code, problem.retry_after.unwrap()))
}

#[test]
fn a_burst_up_to_the_count_is_accepted_and_then_one_request_per_interval() {
    let (table, limits) = (Memory::new(8), rate("10/minute"));
    let at = |millis| NOW + Duration::from_millis(millis);
    for place in 0..10 {
        assert_eq!(count_one(&table, &limits, NOW), Admission::Yes, "{place}");
    }
    assert_eq!(
        count_one(&table, &limits, NOW),
        Admission::No(Exceeded {
            limit: Limit::Rate,
            until: at(6_000)
        })
    );
    assert_eq!(
        count_one(&table, &limits, at(5_999)),
        Admission::No(Exceeded {
            limit: Limit::Rate,
            until: at(6_000)
        })
    );
    assert_eq!(count_one(&table, &limits, at(6_000)), Admission::Yes);
    assert_eq!(
        count_one(&table, &limits, at(6_000)),
        Admission::No(Exceeded {
            limit: Limit::Rate,
            until: at(12_000)
        })
    );
    // After three intervals without requests, three more requests are accepted.
    let later = [24_000, 24_001, 24_002, 24_003]
        .map(|millis| count_one(&table, &limits, at(millis)) == Admission::Yes);
    assert_eq!(later, [true, true, true, false]);
}

#[test]
fn an_idle_or_refused_subject_costs_one_call_and_a_queued_one_costs_two() {
    let (table, limits) = (ObservedTable::new(), rate("2/second"));
    let at =
        |millis| count_one(&*table, &limits, NOW + Duration::from_millis(millis)) == Admission::Yes;
    assert_eq!((at(0), table.calls()), (true, 1), "idle");
    assert_eq!((at(0), table.calls()), (true, 2), "queued");
    assert_eq!((at(0), table.calls()), (false, 1), "refused");
    assert_eq!(
        (at(1000), table.calls()),
        (true, 1),
        "idle again, exact to the millisecond"
    );
    let (table, limits) = (ObservedTable::new(), daily_limit("2"));
    let calls = [(); 3].map(|()| {
        (
            count_one(&*table, &limits, NOW) == Admission::Yes,
            table.calls(),
        )
    });
    assert_eq!(
        calls,
        [(true, 1), (true, 1), (false, 1)],
        "only a daily limit"
    );
}

fn daily_limit(count: &str) -> Limits {
    limits(&[("DAILY_LIMIT", count)])
}

#[test]
fn a_lost_race_is_retried_and_never_exceeds_the_limit() {
    let limits = rate("3/minute");
    // Between the two calls of the second request, other requests use up the limit.
    let table = ObservedTable::new();
    assert_eq!(count_one(&*table, &limits, NOW), Admission::Yes);
    table.calls();
    let others = limits.clone();
    *table.before_second_call.lock().unwrap() = Some(Box::new(move |inner| {
        assert_eq!(
            [(); 2].map(|()| count_one(inner, &others, NOW)),
            [Admission::Yes; 2]
        );
    }));
    assert!(matches!(count_one(&*table, &limits, NOW), Admission::No(_)));
    assert_eq!(table.calls(), 2);
    // Between the two calls, the item is deleted.
    let fresh = ObservedTable::new();
    let gone = VanishingTable(
        Mutex::new(vec![Some(Item {
            tat: Some(NOW + Duration::from_secs(1)),
            count: 1,
            ..Item::default()
        })]),
        fresh,
    );
    assert_eq!(count_one(&gone, &limits, NOW), Admission::Yes);
    assert_eq!(
        gone.1.calls(),
        2,
        "the second call finds no item, and counting starts again"
    );
}

#[test]
fn a_refused_subject_costs_no_call_until_its_wait_ends() {
    let table = ObservedTable::new();
    let (limiter, millis) = limiter(rate("1/minute"), table.clone());
    assert_eq!(
        (code_and_wait(&limiter, "cartesia", "ada"), table.calls()),
        (None, 1)
    );
    assert_eq!(
        (code_and_wait(&limiter, "cartesia", "ada"), table.calls()),
        (Some((Code::RateLimited, 60)), 1)
    );
    millis.fetch_add(30_001, Ordering::SeqCst);
    for _ in 0..1000 {
        assert_eq!(
            code_and_wait(&limiter, "cartesia", "ada"),
            Some((Code::RateLimited, 30)),
            "rounded up"
        );
    }
    assert_eq!(table.calls(), 0, "a flood");
    millis.fetch_add(29_999, Ordering::SeqCst);
    assert_eq!(
        (code_and_wait(&limiter, "cartesia", "ada"), table.calls()),
        (None, 1),
        "exactly at the end of the wait"
    );
}

#[test]
fn subjects_and_providers_have_separate_limits() {
    let (limiter, _) = limiter(rate("1/day"), ObservedTable::new());
    for (provider, subject) in [
        ("cartesia", "ada"),
        ("cartesia", "bob"),
        ("elevenlabs", "ada"),
    ] {
        assert_eq!(
            code_and_wait(&limiter, provider, subject),
            None,
            "{provider} {subject}"
        );
        assert!(
            code_and_wait(&limiter, provider, subject).is_some(),
            "{provider} {subject}"
        );
    }
}

#[test]
fn a_day_ends_at_midnight_utc() {
    let table = ObservedTable::new();
    let both = limits(&[("RATE_LIMIT", "1/second"), ("DAILY_LIMIT", "2")]);
    let (limiter, millis) = limiter(both, table.clone());
    let set =
        |time: Duration| millis.store(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    assert_eq!(code_and_wait(&limiter, "cartesia", "ada"), None);
    assert_eq!(
        code_and_wait(&limiter, "cartesia", "ada"),
        Some((Code::RateLimited, 1)),
        "the rate applies too"
    );
    set(MIDNIGHT - Duration::from_millis(1500));
    assert_eq!(code_and_wait(&limiter, "cartesia", "ada"), None);
    assert_eq!(
        code_and_wait(&limiter, "cartesia", "ada"),
        Some((Code::RateLimited, 2)),
        "until midnight, rounded up"
    );
    set(MIDNIGHT - Duration::from_millis(1));
    assert_eq!(
        code_and_wait(&limiter, "cartesia", "ada"),
        Some((Code::RateLimited, 1))
    );
    set(MIDNIGHT);
    assert_eq!(
        code_and_wait(&limiter, "cartesia", "ada"),
        None,
        "a new day"
    );
    // Items of the previous day may exist for days. They are not read.
    assert_eq!(
        table.calls(),
        6 - 1,
        "the refused request before midnight costs no call"
    );
}

#[test]
fn without_the_table_the_action_of_limit_on_error_applies_and_is_reported() {
    for (action, first, second) in [
        (OnError::Local, None, Some((Code::RateLimited, 60))),
        (
            OnError::Deny,
            Some((Code::LimitUnavailable, 1)),
            Some((Code::LimitUnavailable, 1)),
        ),
        (OnError::Allow, None, None),
    ] {
        let table = ObservedTable::new();
        let (limiter, _) = limiter(
            limits(&[
                ("RATE_LIMIT", "1/minute"),
                ("LIMIT_ON_ERROR", action.name()),
            ]),
            table.clone(),
        );
        *table.error.lock().unwrap() = Some("the table is gone");
        let (admitted, instead) = admit(&limiter, "cartesia", "ada");
        assert_eq!(
            (admitted.err().map(|problem| problem.code), instead),
            (first.map(|(code, _)| code), Some(action))
        );
        assert_eq!(
            code_and_wait(&limiter, "cartesia", "ada"),
            second,
            "{action:?}"
        );
        *table.error.lock().unwrap() = None;
        let (_, instead) = admit(&limiter, "cartesia", "bob");
        assert_eq!(instead, None, "the table is available again");
    }
}

/// Times of requests in milliseconds, and a limit of about the same rate.
fn arrivals() -> impl Strategy<Value = (u32, &'static str, Vec<u64>)> {
    let gaps = |period: u64| {
        let gap = prop_oneof![Just(0), 0..period / 8, 0..period, 0..period * 2];
        proptest::collection::vec(gap, 1..120)
    };
    (
        1_u32..12,
        prop_oneof![
            Just(("second", 1_000)),
            Just(("minute", 60_000)),
            Just(("hour", 3_600_000))
        ],
    )
        .prop_flat_map(move |(count, (unit, period))| {
            gaps(period).prop_map(move |gaps| {
                let times = gaps.into_iter().scan(0, |time, gap| {
                    *time += gap;
                    Some(*time)
                });
                (count, unit, times.collect())
            })
        })
}

/// The definition of the limit, without the algorithm: among any consecutive accepted requests, the
/// time from the first to the last is at least one interval for each request beyond the count.
fn conforms(accepted: &[Duration], limits: &Limits) -> bool {
    let rate = limits.rate.unwrap();
    accepted.iter().enumerate().all(|(last, end)| {
        accepted
            .iter()
            .take(last + 1)
            .enumerate()
            .all(|(first, start)| {
                let beyond = u32::try_from(last - first + 1)
                    .unwrap()
                    .saturating_sub(rate.count);
                *end - *start >= rate.interval * beyond
            })
    })
}

proptest! {
    #[test]
    fn accepted_requests_conform_to_the_limit_and_refused_ones_would_exceed_it((per, unit, times) in arrivals()) {
        let (table, limits) = (Memory::new(8), rate(&format!("{per}/{unit}")));
        let mut accepted = Vec::new();
        for time in times.into_iter().map(|millis| NOW + Duration::from_millis(millis)) {
            let admission = count_one(&table, &limits, time);
            accepted.push(time);
            // A request is accepted exactly when it conforms to the limit.
            prop_assert_eq!(admission == Admission::Yes, conforms(&accepted, &limits));
            if let Admission::No(Exceeded { until, .. }) = admission {
                // `until` is the first moment at which a request conforms.
                accepted.pop();
                let with = |time| [&accepted[..], &[time]].concat();
                prop_assert!(conforms(&with(until), &limits));
                prop_assert!(!conforms(&with(until - Duration::from_micros(1)), &limits));
            }
        }
    }
}

#[test]
fn with_a_daily_limit_the_wait_for_the_rate_ends_at_midnight() {
    let both = limits(&[("RATE_LIMIT", "1/hour"), ("DAILY_LIMIT", "9")]);
    let (limiter, millis) = limiter(both, ObservedTable::new());
    millis.store(
        u64::try_from((MIDNIGHT - Duration::from_secs(60)).as_millis()).unwrap(),
        Ordering::SeqCst,
    );
    assert_eq!(code_and_wait(&limiter, "cartesia", "ada"), None);
    assert_eq!(
        code_and_wait(&limiter, "cartesia", "ada"),
        Some((Code::RateLimited, 60))
    );
    millis.fetch_add(60_000, Ordering::SeqCst);
    assert_eq!(code_and_wait(&limiter, "cartesia", "ada"), None);
}

#[test]
fn a_call_that_is_repeated_after_a_lost_response_counts_once() {
    for limits in [
        rate("2/hour"),
        daily_limit("2"),
        limits(&[("RATE_LIMIT", "2/hour"), ("DAILY_LIMIT", "2")]),
    ] {
        let table = RepeatingTable(Memory::new(8));
        let admitted = [(); 3].map(|()| count_one(&table, &limits, NOW) == Admission::Yes);
        assert_eq!(admitted, [true, true, false], "{limits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn counting_ends_after_one_second_or_with_the_invocation_and_then_limit_on_error_applies() {
    for (left, wanted) in [(10_000, 1_000), (300, 300)] {
        let (limiter, _) = limiter(
            limits(&[("RATE_LIMIT", "1/hour"), ("LIMIT_ON_ERROR", "allow")]),
            Arc::new(HangingTable),
        );
        let began = Instant::now();
        let (admitted, instead) = limiter
            .admit("cartesia", "ada", began + Duration::from_millis(left))
            .await;
        assert_eq!((admitted.is_ok(), instead), (true, Some(OnError::Allow)));
        assert_eq!(began.elapsed(), Duration::from_millis(wanted));
    }
}

#[test]
fn an_item_expires_one_minute_after_it_is_no_longer_needed() {
    for (limits, until) in [
        (rate("10/minute"), NOW + Duration::from_secs(60)),
        (daily_limit("9"), MIDNIGHT),
        (
            limits(&[("RATE_LIMIT", "1/day"), ("DAILY_LIMIT", "9")]),
            NOW + Duration::from_secs(86_400),
        ),
    ] {
        let table = ObservedTable::new();
        for _ in 0..2 {
            count_one(&*table, &limits, NOW);
        }
        for expires_at in table.expiries.lock().unwrap().drain(..) {
            assert_eq!(
                expires_at,
                until + Duration::from_secs(60),
                "plus one minute, because clocks differ"
            );
        }
    }
}
