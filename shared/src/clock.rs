//! The clock, which is passed in so that tests can set it.
//!
//! Caches compare timestamps and never start timers: Lambda freezes a function between two
//! invocations, and a timer that was due in between fires late or not at all.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A source of wall-clock time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[allow(
        clippy::disallowed_methods,
        reason = "nothing else reads the machine's clock"
    )]
    pub fn system() -> Self {
        Self(Arc::new(SystemTime::now))
    }

    /// A clock that reads `now`.
    pub fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Time since the Unix epoch, or zero if the machine's clock is set before 1970.
    pub fn now(&self) -> Duration {
        (self.0)().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// How long ago `then` was, or zero if the clock was set back.
pub(crate) fn age(now: Duration, then: Duration) -> Duration {
    now.saturating_sub(then)
}

/// Whether less than `span` has passed since `then`. If the clock was set back, the answer is not
/// known and counts as no.
pub(crate) fn is_within(span: Duration, now: Duration, then: Duration) -> bool {
    now.checked_sub(then).is_some_and(|age| age < span)
}

/// UTC in the form of RFC 3339, to the second: `2026-11-22T10:01:00Z`.
pub fn rfc3339(unix_seconds: u64) -> String {
    use time::{OffsetDateTime, format_description::well_known::Rfc3339};
    i64::try_from(unix_seconds)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_else(|| "9999-12-31T23:59:59Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_utc_to_the_second() {
        assert_eq!(rfc3339(1_795_341_660), "2026-11-22T10:01:00Z");
    }

    #[test]
    fn an_age_is_zero_if_the_clock_was_set_back() {
        assert_eq!(
            age(Duration::from_secs(5), Duration::from_secs(9)),
            Duration::ZERO
        );
    }
}
