//! Calling the provider: with one retry, and once more with a newer key where it was rotated.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::time::{Instant, timeout_at};

use crate::clock::Clock;
use crate::problem::{Code, Problem};
use crate::provider::request::TokenRequest;
use crate::provider::token::MintedToken;
use crate::provider::{Provider, Verdict};
use crate::secret::SecretCache;
use crate::secret::api_key::ApiKey;
use crate::transport::retry::{ANSWER_WITHIN, Budget, jitter, pause, retry_after};
use crate::transport::{CONNECT_WITHIN, Failure, Transport};

/// How much of an answer is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// What the provider answered in the end.
enum Outcome {
    /// An answer of success.
    Success(Bytes),
    /// It does not take the key.
    KeyRejected(Problem),
}

/// Mints tokens of one provider.
pub struct Minter<'a, P> {
    pub provider: &'a P,
    pub secret: &'a SecretCache,
    pub transport: &'a Transport,
    pub clock: &'a Clock,
}

impl<P: Provider> Minter<'_, P> {
    /// Mints; where the provider does not take the key and a newer one is stored, once more with
    /// that one.
    pub async fn mint(
        &self,
        ask: &TokenRequest,
        key: &Arc<ApiKey>,
        deadline: Instant,
    ) -> Result<(MintedToken, Arc<ApiKey>), Problem> {
        let mut budget = Budget::new(deadline);
        let rejected = match self.try_key(ask, key, &mut budget).await? {
            Outcome::Success(body) => return Ok((self.read(ask, &body)?, Arc::clone(key))),
            Outcome::KeyRejected(refusal) => refusal,
        };
        let newer = timeout_at(deadline, self.secret.newer_than(key))
            .await
            .unwrap_or_default();
        let Some(newer) = newer else {
            return Err(rejected);
        };
        match self.try_key(ask, &newer, &mut budget).await? {
            Outcome::Success(body) => Ok((self.read(ask, &body)?, newer)),
            Outcome::KeyRejected(refusal) => Err(refusal),
        }
    }

    async fn try_key(
        &self,
        ask: &TokenRequest,
        key: &ApiKey,
        budget: &mut Budget,
    ) -> Result<Outcome, Problem> {
        let request = self
            .provider
            .request(ask, key)
            .map_err(|_| Problem::internal("the provider's request cannot be built"))?;
        call(self.transport, request, budget, self.clock, self.provider).await
    }

    fn read(&self, ask: &TokenRequest, body: &[u8]) -> Result<MintedToken, Problem> {
        self.provider.token(ask, body).map_err(rejected)
    }
}

/// Calls the provider, with the retry if it is still there and may help.
///
/// # Errors
/// [`Code::ProviderRejected`], [`Code::ProviderUnavailable`], [`Code::ProviderTimeout`].
async fn call(
    transport: &Transport,
    request: Request<Bytes>,
    budget: &mut Budget,
    clock: &Clock,
    provider: &impl Provider,
) -> Result<Outcome, Problem> {
    let tried = attempt(transport, request.clone(), budget, clock, provider).await;
    let Err(Attempt::Again { pause, refusal }) = tried else {
        return tried.map_err(Attempt::refusal);
    };
    if !budget.take_retry(pause) {
        return Err(refusal);
    }
    tokio::time::sleep(pause).await;
    let allowed = budget.left();
    match attempt(transport, request, budget, clock, provider).await {
        // Less time than a connection may take says nothing of an answer: what was found out first
        // counts.
        Err(Attempt::Over(over))
            if over.code == Code::ProviderTimeout && allowed < CONNECT_WITHIN =>
        {
            Err(refusal)
        }
        tried => tried.map_err(Attempt::refusal),
    }
}

enum Attempt {
    Again { pause: Duration, refusal: Problem },
    Over(Problem),
}

impl Attempt {
    fn refusal(self) -> Problem {
        match self {
            Self::Again { refusal, .. } | Self::Over(refusal) => refusal,
        }
    }
}

async fn attempt(
    transport: &Transport,
    request: Request<Bytes>,
    budget: &Budget,
    clock: &Clock,
    provider: &impl Provider,
) -> Result<Outcome, Attempt> {
    let timeout = ANSWER_WITHIN.min(budget.left());
    let response = match transport.send(request, timeout, MAX_BYTES).await {
        Ok(response) => response,
        Err(Failure::Timeout) => return Err(Attempt::Over(timed_out())),
        Err(Failure::TooLarge) => {
            return Err(Attempt::Over(rejected(
                "the provider's answer is longer than 64 KiB",
            )));
        }
        Err(Failure::Unreachable(clause)) => {
            let refusal = unavailable(1, format!("the provider cannot be reached: {clause}"));
            return Err(Attempt::Again {
                pause: jitter(),
                refusal,
            });
        }
    };
    let (status, body) = (response.status(), response.body());
    if status.is_success() {
        return Ok(Outcome::Success(response.into_body()));
    }
    let reason = match provider.error_code(body) {
        Some(code) => format!("the provider answered {}: {code}", status.as_u16()),
        None => format!("the provider answered {}", status.as_u16()),
    };
    match provider.verdict(status, body) {
        Verdict::KeyRejected => Ok(Outcome::KeyRejected(rejected(reason))),
        Verdict::Rejected => Err(Attempt::Over(rejected(reason))),
        Verdict::Unavailable => {
            let wait = retry_after(response.headers(), clock.now());
            Err(Attempt::Again {
                pause: pause(status, wait),
                refusal: busy(wait, reason),
            })
        }
    }
}

/// An answer that says success and holds no token, or that refuses the request.
fn rejected(reason: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    let detail = "The provider did not accept the service's request or key. Trying again will not help; the service's \
                  operator finds the cause in the log.";
    Problem::new(Code::ProviderRejected, detail).with_reason(reason)
}

/// The provider did not answer within the time allowed.
fn timed_out() -> Problem {
    let detail = "The provider did not answer in time. Try again shortly.";
    Problem::new(Code::ProviderTimeout, detail)
        .with_reason("the provider did not answer within the time allowed")
}

fn unavailable(retry_after: u32, reason: String) -> Problem {
    let detail =
        "The provider is down or overloaded. Try again after the time that Retry-After names.";
    Problem::new(Code::ProviderUnavailable, detail)
        .with_reason(reason)
        .retry_after(retry_after)
}

fn busy(wait: Option<Duration>, reason: String) -> Problem {
    unavailable(
        wait.map_or(1, |wait| wait.as_secs_f64().ceil().clamp(1.0, 60.0) as u32),
        reason,
    )
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
    fn the_callers_wait_is_from_one_second_to_sixty() {
        for (given, told) in [
            ("0", 1),
            ("7", 7),
            ("86400", 60),
            ("99999999999999999999", 60),
        ] {
            assert_eq!(
                busy(wait(&[("retry-after", given)]), String::new()).retry_after,
                Some(told),
                "{given}"
            );
        }
        assert_eq!(busy(None, String::new()).retry_after, Some(1));
    }
}
