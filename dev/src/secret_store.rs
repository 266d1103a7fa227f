//! A secret store in memory, in place of Secrets Manager.

use std::collections::BTreeMap;

use voicemint::internals::{LoadFuture, SecretStore, SecretValue, StoreError};

use crate::profiles;
use crate::providers::PROVIDERS;

/// Secrets by name. It has no `Debug`, since an API key can be a real one.
#[derive(Default)]
pub struct InMemorySecrets(BTreeMap<String, String>);

impl InMemorySecrets {
    /// The API keys and example profiles of the stand-ins, and these secrets of sessions. None of them is valid outside
    /// this process.
    pub fn for_standins(sessions: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let keys = PROVIDERS
            .into_iter()
            .map(|provider| (provider.name.to_owned(), provider.standin.secret()));
        let profiles = PROVIDERS.into_iter().filter_map(|provider| {
            Some((
                profiles::secret_id(provider.name),
                provider.standin.profiles()?,
            ))
        });
        let sessions = sessions
            .into_iter()
            .map(|(id, value)| (id.to_owned(), value));
        keys.chain(profiles)
            .map(|(id, value)| (id, value.to_owned()))
            .chain(sessions)
            .fold(Self::default(), |secrets, (id, value)| {
                secrets.with(&id, value)
            })
    }

    /// Adds a secret.
    #[must_use]
    pub fn with(mut self, id: &str, value: String) -> Self {
        self.0.insert(id.to_owned(), value);
        self
    }

    /// The value of a secret.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

impl SecretStore for InMemorySecrets {
    fn load<'a>(&'a self, id: &'a str) -> LoadFuture<'a> {
        let stored = self.get(id).map(|value| SecretValue::new(value, "dev"));
        Box::pin(std::future::ready(stored.ok_or_else(|| {
            StoreError::Permanent("there is no such secret".to_owned())
        })))
    }
}
