//! The steps of a request that wait for a service. Each has a time limit and is measured.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::mint::Minter;
use super::{Broker, Progress};
use crate::problem::{Code, Problem};
use crate::provider::Provider;
use crate::provider::request::TokenRequest;
use crate::provider::token::{IssuedToken, MintedToken};
use crate::secret::api_key::ApiKey;
use crate::session::Session;
use crate::session::credential::Credential;

impl<P: Provider> Broker<P> {
    pub(super) async fn verify_session(
        &self,
        credential: Credential<'_>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Session, Problem> {
        let started = Instant::now();
        let verified = timeout_at(deadline, self.verifier.verify(credential)).await;
        progress.timings.session = Some(started.elapsed());
        verified.unwrap_or_else(|_| Err(deadline_passed(Code::SessionUnavailable)))
    }

    pub(super) async fn load_key(
        &self,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<Arc<ApiKey>, Problem> {
        let started = Instant::now();
        let loaded = timeout_at(deadline, self.secret.get()).await;
        progress.timings.secret = Some(started.elapsed());
        loaded.unwrap_or_else(|_| Err(deadline_passed(Code::SecretUnavailable)))
    }

    /// Counts this mint, or refuses it if the subject has reached a limit.
    pub(super) async fn count_mint(
        &self,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        let subject = progress
            .subject
            .as_deref()
            .ok_or_else(|| Problem::internal("the subject could not be hashed for the limit"))?;
        let started = Instant::now();
        let (admitted, uncounted) = limiter.admit(P::NAME, subject, deadline).await;
        progress.timings.limit = Some(started.elapsed());
        progress.uncounted = uncounted;
        admitted
    }

    /// Mints a token. The key that is returned is the one that the provider accepted, which may be
    /// newer than `key`.
    pub(super) async fn call_provider(
        &self,
        token_request: &TokenRequest,
        key: &Arc<ApiKey>,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<(IssuedToken, Arc<ApiKey>), Problem> {
        let minter = Minter {
            provider: &self.provider,
            secret: &self.secret,
            transport: &self.transport,
            clock: &self.clock,
        };
        // The lifetime counts from before the call, so that the response never promises more time
        // than the token has.
        let start = self.clock.now().as_secs();
        let started = Instant::now();
        let minted = minter.mint(token_request, key, deadline).await;
        progress.timings.provider = Some(started.elapsed());
        let (MintedToken { token, expires_in }, key) = minted?;
        let token = IssuedToken {
            token,
            expires_in,
            expires_at: start + u64::from(expires_in),
        };
        Ok((token, key))
    }
}

fn deadline_passed(code: Code) -> Problem {
    let detail = "The service could not prepare the request in time. Try again shortly.";
    Problem::new(code, detail)
        .with_reason("the invocation's deadline passed first")
        .retry_after(1)
}
