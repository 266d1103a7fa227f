//! What cases about every provider know about each: the local command's list of providers, and what
//! their stand-ins say.

use serde_json::Value;
use voicemint_dev::providers;
use voicemint_stand_in::{SmallestRequest, Standin};

/// The names of all providers.
pub const PROVIDERS: [&str; providers::PROVIDERS.len()] = {
    let mut names = [""; providers::PROVIDERS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = providers::PROVIDERS[index].name;
        index += 1;
    }
    names
};

/// The smallest token request that a provider's function accepts.
pub fn smallest_request(provider: &str) -> SmallestRequest {
    standin(provider).smallest_request()
}

/// A successful response of a provider to the smallest request, with this token.
pub fn mint_response(provider: &str, token: &str) -> Value {
    standin(provider).mint_response(token)
}

/// The method and path of a provider's mint endpoint, without its query. What it lets callers choose
/// is in braces. `None` for a provider that is not called.
pub fn mint_line(provider: &str) -> Option<&'static str> {
    let line = standin(provider).paths().mint.first()?;
    Some(line.split_once('?').map_or(*line, |(line, _)| line))
}

/// What the stand-in minted of a token that a function returned.
pub fn minted_token<'a>(provider: &str, token: &'a str) -> &'a str {
    standin(provider).minted_token(token)
}

/// Whether a provider has profiles.
pub fn has_profiles(provider: &str) -> bool {
    standin(provider).profiles().is_some()
}

pub(crate) fn standin(provider: &str) -> &'static dyn Standin {
    providers::find(provider)
        .expect("one of the providers")
        .standin
}
