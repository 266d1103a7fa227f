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

/// The names of the providers that the functions call to mint.
pub fn called_providers() -> impl Iterator<Item = &'static str> {
    let called = |name: &&'static str| standin(name).is_called();
    PROVIDERS.into_iter().filter(called)
}

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

/// The names of the members of a provider's response, sorted: those that all responses have, and those
/// of the example in its provider.toml.
pub fn response_members(provider: &str) -> Vec<String> {
    let file = format!(
        "{}/../functions/{provider}/provider.toml",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(file).expect("the provider's data");
    let (_, example) = text
        .split_once("\n[response.example]\n")
        .expect("an example");
    let (members, rest) = example.split_once("\n[").unwrap_or((example, ""));
    let members = members.lines().filter_map(|line| line.split_once(" = "));
    let mut names: Vec<_> = members.map(|(name, _)| name.to_owned()).collect();
    names.extend(["expires_at", "provider", "single_use"].map(str::to_owned));
    if rest.starts_with("response.example.connect") {
        names.push("connect".to_owned());
    }
    names.sort();
    names.dedup();
    names
}

pub(crate) fn standin(provider: &str) -> &'static dyn Standin {
    providers::find(provider)
        .expect("one of the providers")
        .standin
}
