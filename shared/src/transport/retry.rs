//! Retries: when a call is repeated, how long all tries may take, and what `Retry-After` means.

use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::rand;
use http::{HeaderMap, StatusCode, header};
use tokio::time::Instant;

/// The time limit of one try.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// The time limit of all tries together.
const TRIES_WITHIN: Duration = Duration::from_secs(8);
/// The pause before the second try, in milliseconds. It is random, so that many functions do not
/// retry at the same moment.
const PAUSE_MILLIS: std::ops::Range<u64> = 50..250;
/// The shortest time in which a second try can succeed.
const MIN_TRY: Duration = Duration::from_millis(100);

/// What one request may spend on calls of the provider, or of a service that verifies sessions.
#[derive(Debug)]
pub(crate) struct Budget {
    end: Instant,
    may_retry: bool,
}

impl Budget {
    /// A budget of one retry and the time limit of all tries, or less if the deadline is earlier.
    pub(crate) fn new(deadline: Instant) -> Self {
        Self {
            end: deadline.min(Instant::now() + TRIES_WITHIN),
            may_retry: true,
        }
    }

    /// A budget of one retry and the time limit of all tries, for a future that its caller cancels
    /// at the deadline.
    pub(crate) fn without_deadline() -> Self {
        Self {
            end: Instant::now() + TRIES_WITHIN,
            may_retry: true,
        }
    }

    /// The time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    /// Takes the retry, if it was not taken yet and the time is sufficient for it after the pause.
    pub(crate) fn take_retry(&mut self, pause: Duration) -> bool {
        let fits = self.may_retry && pause.saturating_add(MIN_TRY) <= self.left();
        self.may_retry &= !fits;
        fits
    }
}

/// The pause before a retry: what a rate-limiting service demands, else a short random pause.
pub(crate) fn pause(status: StatusCode, wait: Option<Duration>) -> Duration {
    match wait {
        Some(wait) if status == StatusCode::TOO_MANY_REQUESTS => wait.max(jitter()),
        _ => jitter(),
    }
}

/// Parses `Retry-After`, which is seconds or a date (RFC 9110 section 10.2.3). A date is compared
/// with the response's own `Date` if there is one, so that this machine's clock, `now` since the
/// Unix epoch, need not be right.
pub(crate) fn retry_after(headers: &HeaderMap, now: Duration) -> Option<Duration> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
            .map(str::trim)
    };
    let date = |text: &str| {
        httpdate::parse_http_date(text)
            .ok()?
            .duration_since(UNIX_EPOCH)
            .ok()
    };
    let value = text(header::RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit means forever.
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let from = text(header::DATE).and_then(date).unwrap_or(now);
    date(value).map(|until| until.saturating_sub(from))
}

/// What a caller is told to wait, in seconds from 1 to 60: a service's own wait, or one second.
pub(crate) fn callers_wait(wait: Option<Duration>) -> u32 {
    wait.map_or(1, |wait| wait.as_secs_f64().ceil().clamp(1.0, 60.0) as u32)
}

/// A short random pause.
pub(crate) fn jitter() -> Duration {
    let mut random = [0; 2];
    // Without random numbers the pause is the shortest one, which is harmless.
    let _ = rand::fill(&mut random);
    let span = PAUSE_MILLIS.end - PAUSE_MILLIS.start;
    Duration::from_millis(PAUSE_MILLIS.start + u64::from(u16::from_be_bytes(random)) % span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    const NOW: Duration = Duration::from_secs(1_795_341_600);

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<Duration> {
        let pairs = headers.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        retry_after(&pairs.collect(), NOW)
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let until = ("retry-after", "Sun, 22 Nov 2026 10:00:09 GMT");
        assert_eq!(
            wait(&[until, ("date", "Sun, 22 Nov 2026 10:00:02 GMT")]),
            Some(Duration::from_secs(7))
        );
        assert_eq!(
            wait(&[until]),
            Some(Duration::from_secs(9)),
            "by this machine's clock"
        );
        assert_eq!(wait(&[("retry-after", "3")]), Some(Duration::from_secs(3)));
        for odd in ["soon", "", "-1", "1.5"] {
            assert_eq!(wait(&[("retry-after", odd)]), None, "{odd}");
        }
    }

    #[test]
    fn only_a_rate_limiting_provider_sets_the_pause() {
        let five = Some(Duration::from_secs(5));
        assert_eq!(
            pause(StatusCode::TOO_MANY_REQUESTS, five),
            Duration::from_secs(5)
        );
        assert!(pause(StatusCode::SERVICE_UNAVAILABLE, five) < Duration::from_secs(1));
        assert!(pause(StatusCode::TOO_MANY_REQUESTS, None) >= Duration::from_millis(50));
    }

    #[test]
    fn the_callers_wait_is_from_1_to_60_seconds() {
        for (given, expected) in [
            ("0", 1),
            ("7", 7),
            ("86400", 60),
            ("99999999999999999999", 60),
        ] {
            assert_eq!(
                callers_wait(wait(&[("retry-after", given)])),
                expected,
                "{given}"
            );
        }
        assert_eq!(callers_wait(None), 1);
    }
}
