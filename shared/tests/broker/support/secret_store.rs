//! A secret store in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use voicemint::internals::{LoadFuture, SecretStore, SecretValue};

/// Secrets by their id.
#[derive(Default)]
pub struct MemorySecrets {
    by_id: Mutex<HashMap<String, String>>,
    /// The text of every id that is not in `by_id`.
    default: String,
}

impl MemorySecrets {
    pub fn new(secrets: &[(&str, &str)]) -> Self {
        let by_id = secrets
            .iter()
            .map(|&(id, text)| (id.to_owned(), text.to_owned()))
            .collect();
        Self {
            by_id: Mutex::new(by_id),
            default: String::new(),
        }
    }

    /// A store that has the same text for every id.
    pub fn with_default(text: &str) -> Self {
        Self {
            by_id: Mutex::default(),
            default: text.to_owned(),
        }
    }

    /// Overwrites a secret.
    pub fn put(&self, id: &str, text: &str) {
        self.by_id
            .lock()
            .unwrap()
            .insert(id.to_owned(), text.to_owned());
    }
}

impl SecretStore for MemorySecrets {
    fn load<'a>(&'a self, id: &'a str) -> LoadFuture<'a> {
        let text = self.by_id.lock().unwrap().get(id).cloned();
        let text = text.unwrap_or_else(|| self.default.clone());
        Box::pin(async { Ok(SecretValue::new(text, "1")) })
    }
}
