//! The list of providers, in the order in which they are shown.

use crate::standins::{ASSEMBLYAI_KEY, CARTESIA_KEY, ELEVENLABS_KEY};

/// The variables of the process's environment: API keys of real providers, a file of further
/// authorities, and a proxy.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The providers.
pub const PROVIDERS: [ProviderEntry; 3] = [
    ProviderEntry::new("cartesia", CARTESIA_KEY),
    ProviderEntry::new("elevenlabs", ELEVENLABS_KEY),
    ProviderEntry::new("assemblyai", ASSEMBLYAI_KEY),
];

/// One provider.
#[derive(Clone, Copy, Debug)]
pub struct ProviderEntry {
    /// Its name in paths, settings and secrets.
    pub name: &'static str,
    /// The API key of its stand-in.
    pub standin_key: &'static str,
}

impl ProviderEntry {
    const fn new(name: &'static str, standin_key: &'static str) -> Self {
        Self { name, standin_key }
    }

    /// The environment variable that holds the API key of the real provider.
    pub fn key_variable(&self) -> String {
        format!("{}_API_KEY", self.name.to_ascii_uppercase())
    }

    /// The path of its token endpoint.
    pub fn token_path(&self) -> String {
        token_path(self.name)
    }
}

/// The path of the token endpoint of a provider.
pub fn token_path(provider: &str) -> String {
    format!("/{provider}/token")
}

/// The provider of this name.
pub fn find(name: &str) -> Option<ProviderEntry> {
    PROVIDERS.into_iter().find(|provider| provider.name == name)
}
