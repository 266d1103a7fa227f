//! Minting: the call of the provider, with one retry, and again with a newer key after a rotation.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};

use crate::clock::Clock;
use crate::problem::{Code, Problem};
use crate::provider::context::{Mint, MintContext};
use crate::provider::token::MintedToken;
use crate::provider::{Provider, Verdict};
use crate::secret::SecretCache;
use crate::secret::api_key::ApiKey;
use crate::secret::format::SecretFormat;
use crate::transport::retry::{ANSWER_WITHIN, Budget, callers_wait, jitter, pause, retry_after};
use crate::transport::{CONNECT_WITHIN, Failure, Transport};

/// How much of a response is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The provider's response, if it is no error other than a rejected key.
enum Reply {
    /// A successful response.
    Success(Response<Bytes>),
    /// The provider does not accept the key.
    KeyRejected(Problem),
}

/// What became of a mint with one key.
enum Tried {
    Minted(MintedToken),
    /// The provider does not accept the key.
    KeyRejected(Problem),
}

/// The context of a mint at a provider.
type Context<'a, P> = MintContext<'a, <P as Provider>::Options, <P as Provider>::Profile>;

/// Mints tokens of one provider.
pub(super) struct Minter<'a, P> {
    pub provider: &'a P,
    pub secret: &'a SecretCache,
    pub transport: &'a Transport,
    pub clock: &'a Clock,
}

impl<P: Provider> Minter<'_, P> {
    /// Mints a token. If the provider rejects the key and a newer one is stored, it mints with that
    /// one.
    pub(super) async fn mint(
        &self,
        context: Context<'_, P>,
        key: &Arc<ApiKey>,
        deadline: Instant,
    ) -> Result<(MintedToken, Arc<ApiKey>), Problem> {
        let mut budget = Budget::new(deadline);
        let rejected = match self.try_key(context, key, &mut budget).await? {
            Tried::Minted(token) => return Ok((token, Arc::clone(key))),
            Tried::KeyRejected(problem) => problem,
        };
        let newer = timeout_at(deadline, self.secret.newer_than(key))
            .await
            .unwrap_or_default();
        let Some(newer) = newer else {
            return Err(rejected);
        };
        match self.try_key(context, &newer, &mut budget).await? {
            Tried::Minted(token) => Ok((token, newer)),
            Tried::KeyRejected(problem) => Err(problem),
        }
    }

    async fn try_key(
        &self,
        context: Context<'_, P>,
        key: &ApiKey,
        budget: &mut Budget,
    ) -> Result<Tried, Problem> {
        let context = match P::SECRET {
            // The provider never sees the secret that seals cookies.
            SecretFormat::Sealing => context,
            SecretFormat::Key | SecretFormat::Values(_) => context.with_key(key),
        };
        let mint = self.provider.mint(&context).map_err(|error| {
            // The errors' texts contain no values.
            let reason = format!("the mint cannot be prepared: {error}");
            Problem::internal("the mint cannot be prepared").with_reason(reason)
        })?;
        let request = match mint {
            Mint::Token(token) => return Ok(Tried::Minted(token)),
            Mint::Call(request) => request,
        };
        match call(self.transport, request, budget, self.clock, self.provider).await? {
            Reply::Success(response) => self
                .provider
                .parse_token(&context, &response)
                .map(Tried::Minted)
                .map_err(rejected),
            Reply::KeyRejected(problem) => Ok(Tried::KeyRejected(problem)),
        }
    }
}

/// Calls the provider, and retries if that may help and the budget permits it.
///
/// # Errors
/// [`Code::ProviderRejected`], [`Code::ProviderUnavailable`], [`Code::ProviderTimeout`].
async fn call<P: Provider>(
    transport: &Transport,
    request: Request<Bytes>,
    budget: &mut Budget,
    clock: &Clock,
    provider: &P,
) -> Result<Reply, Problem> {
    let tried = attempt(transport, request.clone(), budget, clock, provider).await;
    let Err(Attempt::Retry { pause, problem }) = tried else {
        return tried.map_err(Attempt::into_problem);
    };
    if !budget.take_retry(pause) {
        return Err(problem);
    }
    tokio::time::sleep(pause).await;
    let allowed = budget.left();
    match attempt(transport, request, budget, clock, provider).await {
        // A timeout shorter than a connection may take says nothing about the provider: report the
        // first problem instead.
        Err(Attempt::Final(second))
            if second.code == Code::ProviderTimeout && allowed < CONNECT_WITHIN =>
        {
            Err(problem)
        }
        tried => tried.map_err(Attempt::into_problem),
    }
}

enum Attempt {
    Retry { pause: Duration, problem: Problem },
    Final(Problem),
}

impl Attempt {
    fn into_problem(self) -> Problem {
        match self {
            Self::Retry { problem, .. } | Self::Final(problem) => problem,
        }
    }
}

async fn attempt<P: Provider>(
    transport: &Transport,
    request: Request<Bytes>,
    budget: &Budget,
    clock: &Clock,
    provider: &P,
) -> Result<Reply, Attempt> {
    let timeout = ANSWER_WITHIN.min(budget.left());
    let response = match transport.send(request, timeout, MAX_BYTES).await {
        Ok(response) => response,
        Err(Failure::Timeout) => return Err(Attempt::Final(timed_out())),
        Err(Failure::TooLarge) => {
            return Err(Attempt::Final(rejected(
                "the provider's response is longer than 64 KiB",
            )));
        }
        Err(failure @ (Failure::NotConnected(clause) | Failure::Unreachable(clause))) => {
            let problem = unavailable(1, format!("the provider cannot be reached: {clause}"));
            let was_sent = matches!(failure, Failure::Unreachable(_));
            return Err(if was_sent && !P::IS_REPEATABLE {
                Attempt::Final(problem)
            } else {
                Attempt::Retry {
                    pause: jitter(),
                    problem,
                }
            });
        }
    };
    let (status, body) = (response.status(), response.body());
    if status.is_success() {
        return Ok(Reply::Success(response));
    }
    let reason = match provider.error_code(body) {
        Some(code) => format!("the provider answered {}: {code}", status.as_u16()),
        None => format!("the provider answered {}", status.as_u16()),
    };
    match provider.verdict(status, body) {
        Verdict::KeyRejected => Ok(Reply::KeyRejected(rejected(reason))),
        Verdict::Rejected => Err(Attempt::Final(rejected(reason))),
        Verdict::Unavailable => {
            let wait = retry_after(response.headers(), clock.now());
            let problem = unavailable(callers_wait(wait), reason);
            Err(if P::IS_REPEATABLE {
                Attempt::Retry {
                    pause: pause(status, wait),
                    problem,
                }
            } else {
                Attempt::Final(problem)
            })
        }
    }
}

/// The provider rejected the request, or its successful response has no token.
pub(super) fn rejected(reason: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    let detail = "The provider rejected the service's request or key. Trying again does not help. The service's operator \
                  finds the cause in the log.";
    Problem::new(Code::ProviderRejected, detail).with_reason(reason)
}

fn timed_out() -> Problem {
    let detail = "The provider did not answer in time. Try again shortly.";
    Problem::new(Code::ProviderTimeout, detail)
        .with_reason("the provider did not answer within the permitted time")
}

fn unavailable(retry_after: u32, reason: String) -> Problem {
    let detail = "The provider is down or overloaded. Try again after the time in Retry-After.";
    Problem::new(Code::ProviderUnavailable, detail)
        .with_reason(reason)
        .retry_after(retry_after)
}
