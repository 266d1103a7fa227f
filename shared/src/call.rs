//! Calling the provider: how long it may take, when to try once more, and what its silence means.

use std::time::Duration;

use aws_lc_rs::rand;
use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use tokio::time::Instant;

use crate::provider::Verdict;
use crate::refusal::{Code, Refusal};
use crate::transport::{Failure, Transport};

/// Within which the provider must answer one try.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// Within which all tries must be over.
const TRIES_WITHIN: Duration = Duration::from_secs(8);
/// How much of an answer is read, in bytes.
const MOST_BYTES: usize = 64 * 1024;
/// The pause before the second try, in milliseconds: jittered, so that many functions do not come back at once.
const PAUSE_MILLIS: std::ops::Range<u64> = 50..250;
/// What a second try needs at the least to make sense.
const LEAST_TRY: Duration = Duration::from_millis(100);

/// What the provider answered in the end.
pub enum Outcome {
    /// An answer of success.
    Success(Bytes),
    /// It does not take the key.
    KeyRejected(Refusal),
}

/// Calls the provider, with one retry where that may help. Ends before `deadline`, which the invocation sets.
///
/// # Errors
/// [`Code::ProviderRejected`], [`Code::ProviderUnavailable`], [`Code::ProviderTimeout`].
pub async fn call(
    transport: &Transport,
    request: Request<Bytes>,
    deadline: Instant,
    verdict: impl Fn(StatusCode, &[u8]) -> Verdict,
) -> Result<Outcome, Refusal> {
    let end = deadline.min(Instant::now() + TRIES_WITHIN);
    let tried = attempt(transport, request.clone(), end, &verdict).await;
    let Err(Attempt::Again { pause, refusal }) = tried else { return tried.map_err(Attempt::refusal) };
    if pause.saturating_add(LEAST_TRY) > end.saturating_duration_since(Instant::now()) {
        return Err(refusal);
    }
    tokio::time::sleep(pause).await;
    attempt(transport, request, end, &verdict).await.map_err(Attempt::refusal)
}

enum Attempt {
    Again { pause: Duration, refusal: Refusal },
    Over(Refusal),
}

impl Attempt {
    fn refusal(self) -> Refusal {
        match self {
            Self::Again { refusal, .. } | Self::Over(refusal) => refusal,
        }
    }
}

async fn attempt(
    transport: &Transport,
    request: Request<Bytes>,
    end: Instant,
    verdict: impl Fn(StatusCode, &[u8]) -> Verdict,
) -> Result<Outcome, Attempt> {
    let timeout = ANSWER_WITHIN.min(end.saturating_duration_since(Instant::now()));
    let response = match transport.send(request, timeout, MOST_BYTES).await {
        Ok(response) => response,
        Err(Failure::Timeout) => return Err(Attempt::Over(timed_out())),
        Err(Failure::TooLarge) => return Err(Attempt::Over(rejected("the provider's answer is longer than 64 KiB"))),
        Err(Failure::Unreachable(clause)) => {
            let refusal = unavailable(1, format!("the provider cannot be reached: {clause}"));
            return Err(Attempt::Again { pause: jitter(), refusal });
        }
    };
    let (status, body) = (response.status(), response.body());
    if status.is_success() {
        return Ok(Outcome::Success(response.into_body()));
    }
    let reason = format!("the provider answered {}", status.as_u16());
    match verdict(status, body) {
        Verdict::KeyRejected => Ok(Outcome::KeyRejected(rejected(reason))),
        Verdict::Rejected => Err(Attempt::Over(rejected(reason))),
        Verdict::Unavailable => Err(Attempt::Again { pause: pause(&response), refusal: busy(&response, reason) }),
    }
}

/// An answer that says success and holds no token, or that refuses the request.
pub fn rejected(reason: impl Into<std::borrow::Cow<'static, str>>) -> Refusal {
    let detail = "The provider did not accept the service's request or key. Trying again will not help; the service's \
                  operator finds the cause in the log.";
    Refusal::new(Code::ProviderRejected, detail).because(reason)
}

/// The provider did not answer within the time allowed.
pub fn timed_out() -> Refusal {
    let detail = "The provider did not answer in time. Try again shortly.";
    Refusal::new(Code::ProviderTimeout, detail).because("the provider did not answer within the time allowed")
}

fn unavailable(retry_after: u32, reason: String) -> Refusal {
    let detail = "The provider is down or overloaded. Try again after the time that Retry-After names.";
    Refusal::new(Code::ProviderUnavailable, detail).because(reason).retry_after(retry_after)
}

fn busy(response: &Response<Bytes>, reason: String) -> Refusal {
    let wait = retry_after(response.headers()).map_or(1, |wait| wait.as_secs_f64().ceil().clamp(1.0, 60.0) as u32);
    unavailable(wait, reason)
}

/// What a provider that limits us asks for is what it gets; anything else gets a short pause.
fn pause(response: &Response<Bytes>) -> Duration {
    match retry_after(response.headers()) {
        Some(wait) if response.status() == StatusCode::TOO_MANY_REQUESTS => wait.max(jitter()),
        _ => jitter(),
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110 section 10.2.3). The date is compared with the answer's own, so that
/// our clock does not matter.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).map(str::trim);
    let value = text(header::RETRY_AFTER)?;
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is for ever.
        return Some(value.parse().map_or(Duration::MAX, Duration::from_secs));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = httpdate::parse_http_date(text(header::DATE)?).ok()?;
    Some(until.duration_since(now).unwrap_or_default())
}

fn jitter() -> Duration {
    let mut random = [0; 2];
    // Without random numbers the pause is the shortest one, which does no harm.
    let _ = rand::fill(&mut random);
    let span = PAUSE_MILLIS.end - PAUSE_MILLIS.start;
    Duration::from_millis(PAUSE_MILLIS.start + u64::from(u16::from_be_bytes(random)) % span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn answered(status: u16, headers: &[(&'static str, &'static str)]) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        response
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let dated = [("retry-after", "Sun, 22 Nov 2026 10:00:09 GMT"), ("date", "Sun, 22 Nov 2026 10:00:02 GMT")];
        assert_eq!(retry_after(answered(429, &dated).headers()), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(answered(429, &[("retry-after", "3")]).headers()), Some(Duration::from_secs(3)));
        assert_eq!(retry_after(answered(429, &[("retry-after", "soon")]).headers()), None);
    }

    #[test]
    fn the_callers_wait_is_from_one_second_to_sixty() {
        for (given, told) in [("0", 1), ("7", 7), ("86400", 60), ("99999999999999999999", 60)] {
            let response = answered(503, &[("retry-after", "0")]);
            assert_eq!(busy(&response, String::new()).retry_after, Some(1));
            let mut response = response;
            response.headers_mut().insert("retry-after", HeaderValue::from_static(given));
            assert_eq!(busy(&response, String::new()).retry_after, Some(told), "{given}");
        }
    }

    #[test]
    fn only_a_provider_that_limits_us_sets_the_pause() {
        assert_eq!(pause(&answered(429, &[("retry-after", "5")])), Duration::from_secs(5));
        assert!(pause(&answered(503, &[("retry-after", "5")])) < Duration::from_secs(1));
        assert!(pause(&answered(429, &[])) >= Duration::from_millis(50));
    }
}
