//! The provider's part of a mint, and a second one where the key was rotated meanwhile.

use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::{Broker, internal};
use crate::ask::Ask;
use crate::call::{self, Budget};
use crate::provider::{Minted, Provider};
use crate::refusal::Refusal;
use crate::secret::ApiKey;

impl<P: Provider> Broker<P> {
    /// Mints; where the provider does not take the key and a newer one is stored, once more with
    /// that one.
    pub(super) async fn call(
        &self,
        ask: &Ask,
        key: &Arc<ApiKey>,
        deadline: Instant,
    ) -> Result<(Minted, Arc<ApiKey>), Refusal> {
        let mut budget = Budget::new(deadline);
        let rejected = match self.try_key(ask, key, &mut budget).await? {
            call::Outcome::Success(body) => {
                return self
                    .read(ask, &body)
                    .map(|minted| (minted, Arc::clone(key)));
            }
            call::Outcome::KeyRejected(refusal) => refusal,
        };
        let newer = timeout_at(deadline, self.secret.newer_than(key))
            .await
            .unwrap_or_default();
        let Some(newer) = newer else {
            return Err(rejected);
        };
        match self.try_key(ask, &newer, &mut budget).await? {
            call::Outcome::Success(body) => self.read(ask, &body).map(|minted| (minted, newer)),
            call::Outcome::KeyRejected(refusal) => Err(refusal),
        }
    }

    async fn try_key(
        &self,
        ask: &Ask,
        key: &ApiKey,
        budget: &mut Budget,
    ) -> Result<call::Outcome, Refusal> {
        let request = self
            .provider
            .request(ask, key)
            .map_err(|_| internal("the provider's request cannot be built"))?;
        call::call(
            &self.transport,
            request,
            budget,
            &self.clock,
            &self.provider,
        )
        .await
    }

    fn read(&self, ask: &Ask, body: &[u8]) -> Result<Minted, Refusal> {
        self.provider.token(ask, body).map_err(call::rejected)
    }
}
