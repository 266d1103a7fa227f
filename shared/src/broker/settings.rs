//! Building a broker from its settings.

use std::sync::Arc;
use std::time::Duration;

use super::Broker;
use crate::clock::Clock;
use crate::endpoint::origin::Origins;
use crate::limit::Limiter;
use crate::limit::settings::Limits;
use crate::limit::table::Table;
use crate::provider::Provider;
use crate::secret::{SecretCache, SecretField, SecretStore};
use crate::session::settings::{SessionSettings, grants_claim};
use crate::session::verifier::Verifier;
use crate::settings::{Environment, Reader, SettingsError};
use crate::transport::Transport;

impl<P: Provider> Broker<P> {
    /// Reads all settings and builds the broker. Secrets come from `store`, and `table` holds the
    /// counts of the limits.
    ///
    /// # Errors
    /// Every error in the settings, at once.
    pub fn from_settings(
        environment: &dyn Environment,
        store: Arc<dyn SecretStore>,
        table: Arc<dyn Table>,
        transport: Transport,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(environment);
        let provider = P::from_settings(&mut reader);
        let origins = Origins::from_settings(&mut reader);
        let session = SessionSettings::from_settings(&mut reader);
        let secret_id = reader.required(
            "API_KEY_SECRET_ID",
            "the name or ARN of the provider's key in Secrets Manager",
        );
        let field = reader
            .optional("API_KEY_JSON_FIELD")
            .unwrap_or_else(|| "api_key".to_owned());
        let fresh_for = reader
            .whole_number("SECRET_CACHE_SECONDS", 0..=86_400, "seconds")
            .unwrap_or(300);
        let fresh_for = Duration::from_secs(fresh_for.into());
        let grants_claim = grants_claim(&mut reader);
        let limits = Limits::from_settings(&mut reader);
        let session = reader.finish(session)?;
        let session_cookies = session.cookies.clone();
        let verifier = Verifier::new(
            session,
            transport.clone(),
            Arc::clone(&store),
            fresh_for,
            clock.clone(),
        );
        let secret = SecretCache::new(
            store,
            secret_id,
            SecretField::Field(field),
            fresh_for,
            clock.clone(),
        );
        let limiter = limits.map(|limits| Limiter::new(limits, table, clock.clone()));
        Ok(Self {
            provider,
            origins,
            session_cookies,
            grants_claim,
            verifier,
            secret,
            limiter,
            transport,
            clock,
        })
    }
}
