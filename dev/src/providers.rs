//! The list of providers, in the order in which they are shown.
//!
//! A new provider has one line here, and two in `dev/Cargo.toml`.

use voicemint::internals::Clock;
use voicemint::provider::Provider;
use voicemint_stand_in::{Standin, Standins};

/// The variables of the process's environment: API keys of real providers, a file of further
/// authorities, and a proxy.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Makes the list from lines of a function's provider and its stand-in.
macro_rules! providers {
    ($($provider:ty => $standin:expr),+ $(,)?) => {
        /// The providers.
        pub const PROVIDERS: [ProviderEntry; [$(<$provider>::NAME),+].len()] = [$(ProviderEntry {
            name: <$provider>::NAME,
            standin: &$standin,
        }),+];

        /// Visits each provider, in the order of the list.
        pub fn visit_all<V: ProviderVisitor>(visitor: &mut V) -> Vec<V::Output> {
            vec![$(visitor.visit::<$provider>(ProviderEntry {
                name: <$provider>::NAME,
                standin: &$standin,
            })),+]
        }
    };
}

providers! {
    voicemint_cartesia::Cartesia => voicemint_cartesia_stand_in::CartesiaStandin,
    voicemint_elevenlabs::ElevenLabs => voicemint_elevenlabs_stand_in::ElevenLabsStandin,
    voicemint_assemblyai::AssemblyAi => voicemint_assemblyai_stand_in::AssemblyAiStandin,
    voicemint_deepgram::Deepgram => voicemint_deepgram_stand_in::DeepgramStandin,
    voicemint_elevenlabs_agents::ElevenLabsAgents => voicemint_elevenlabs_agents_stand_in::ElevenLabsAgentsStandin,
    voicemint_gemini::Gemini => voicemint_gemini_stand_in::GeminiStandin,
    voicemint_openai::OpenAi => voicemint_openai_stand_in::OpenAiStandin,
    voicemint_soniox::Soniox => voicemint_soniox_stand_in::SonioxStandin,
    voicemint_livekit::LiveKit => voicemint_livekit_stand_in::LiveKitStandin,
    // make new-provider: voicemint_acme::Acme => voicemint_acme_stand_in::AcmeStandin,
}

/// One provider.
#[derive(Clone, Copy, Debug)]
pub struct ProviderEntry {
    /// Its name in paths, settings and secrets.
    pub name: &'static str,
    /// Its stand-in.
    pub standin: &'static dyn Standin,
}

impl ProviderEntry {
    /// The environment variables that hold the key of the real provider.
    pub fn key_variables(&self) -> Vec<String> {
        let variables = self.standin.key_variables().into_iter();
        variables.map(|variable| variable.name).collect()
    }

    /// The value of the secret with the real provider's key, if all its variables are set.
    pub fn real_secret(&self, variables: Variables) -> Option<String> {
        let mut members = serde_json::Map::new();
        for variable in self.standin.key_variables() {
            let value = variables(&variable.name)?;
            let Some(member) = variable.member else {
                return Some(value);
            };
            members.insert(member.to_owned(), value.into());
        }
        Some(serde_json::Value::Object(members).to_string())
    }

    /// The path of its token endpoint.
    pub fn token_path(&self) -> String {
        token_path(self.name)
    }
}

/// What is done with each provider, by its type.
pub trait ProviderVisitor {
    /// What one visit results in.
    type Output;

    /// Visits a provider.
    fn visit<P: Provider>(&mut self, entry: ProviderEntry) -> Self::Output;
}

/// The path of the token endpoint of a provider.
pub fn token_path(provider: &str) -> String {
    format!("/{provider}/token")
}

/// The provider of this name.
pub fn find(name: &str) -> Option<ProviderEntry> {
    PROVIDERS.into_iter().find(|provider| provider.name == name)
}

/// The stand-ins of all providers. Their tokens expire by this clock.
pub fn standins(clock: &Clock) -> Standins {
    Standins::new(&PROVIDERS.map(|provider| provider.standin), clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_have_the_names_of_their_providers() {
        for provider in PROVIDERS {
            assert_eq!(provider.standin.name(), provider.name);
        }
    }

    /// The router panics if two stand-ins have the same path.
    #[test]
    fn stand_ins_have_different_paths() {
        let _ = standins(&Clock::system()).router();
    }
}
