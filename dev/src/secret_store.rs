//! Secrets Manager, played by a few texts in memory.

use std::collections::BTreeMap;

use voicemint::secret::{LoadFuture, SecretStore, SecretValue, StoreError};

use crate::standins::{ASSEMBLYAI_KEY, CARTESIA_KEY, ELEVENLABS_KEY};

/// The API keys of the providers by the names of their secrets. It has no `Debug`: a key may be a
/// real one.
#[derive(Default)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    /// The stand-ins' keys, and these secrets of sessions, which are made here too: nothing that is
    /// worth anything elsewhere.
    pub fn of_standins(sessions: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        let providers = [
            ("cartesia", CARTESIA_KEY),
            ("elevenlabs", ELEVENLABS_KEY),
            ("assemblyai", ASSEMBLYAI_KEY),
        ];
        let keys = providers
            .into_iter()
            .fold(Self::default(), |keys, (id, key)| {
                keys.with(id, key.to_owned())
            });
        sessions
            .into_iter()
            .fold(keys, |keys, (id, secret)| keys.with(id, secret))
    }

    /// Keeps a key.
    #[must_use]
    pub fn with(mut self, id: &str, key: String) -> Self {
        self.0.insert(id.to_owned(), key);
        self
    }

    /// The text of a secret.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }
}

impl SecretStore for Keys {
    fn load<'a>(&'a self, id: &'a str) -> LoadFuture<'a> {
        let stored = self.get(id).map(|text| SecretValue::new(text, "dev"));
        Box::pin(std::future::ready(stored.ok_or_else(|| {
            StoreError::Permanent("there is no such secret".to_owned())
        })))
    }
}
