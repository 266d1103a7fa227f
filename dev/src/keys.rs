//! Secrets Manager, played by a few texts in memory.

use std::collections::BTreeMap;

use voicemint::secret::{Loading, SecretStore, Stored};

/// The API keys of the providers by the names of their secrets. It has no `Debug`: a key may be a real one.
#[derive(Default)]
pub struct Keys(BTreeMap<String, String>);

impl Keys {
    /// Keeps a key.
    #[must_use]
    pub fn with(mut self, id: &str, key: String) -> Self {
        self.0.insert(id.to_owned(), key);
        self
    }
}

impl SecretStore for Keys {
    fn load<'a>(&'a self, id: &'a str) -> Loading<'a> {
        let stored = self.0.get(id).map(|text| Stored { text: text.clone(), version: "dev".to_owned() });
        Box::pin(std::future::ready(stored.ok_or_else(|| "there is no such secret".to_owned())))
    }
}
