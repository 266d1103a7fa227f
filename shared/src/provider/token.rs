//! A token as a provider gives it, and the answer that holds it.

use serde_json::{Map, Value};

use crate::json;

/// A provider's short-lived token. It has no `Debug` and no `Serialize`: it leaves in the answer
/// and in the sealed cookie alone.
pub struct ProviderToken(String);

impl ProviderToken {
    /// The longest token that is taken for one, in bytes.
    const MAX_BYTES: usize = 16 * 1024;

    /// Takes a text for a token: visible ASCII, as it has to travel in headers and queries.
    pub fn new(text: String) -> Option<Self> {
        let fits = !text.is_empty() && text.len() <= Self::MAX_BYTES;
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(Self(text))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A token as a provider gave it.
pub struct MintedToken {
    /// The token.
    pub token: ProviderToken,
    /// Its lifetime in seconds, counted from the mint.
    pub expires_in: u32,
}

/// A token that is being handed over, with the time that it has.
pub struct IssuedToken {
    /// The token.
    pub token: ProviderToken,
    /// In how many seconds it expires.
    pub expires_in: u32,
    /// When it expires: seconds since the Unix epoch.
    pub expires_at: u64,
}

/// A provider's answer of success: one JSON object, as most of them send.
pub struct TokenResponse(Map<String, Value>);

impl TokenResponse {
    /// Reads the answer.
    ///
    /// # Errors
    /// A clause for the log.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| match json::is_gzip(body) {
                true => "the provider's answer is gzip-compressed, which was not asked for",
                false => "the provider's answer is not a JSON object",
            })
    }

    /// The token that a member holds.
    ///
    /// # Errors
    /// A clause for the log.
    pub fn token(&self, member: &str) -> Result<ProviderToken, &'static str> {
        let text = self
            .member(member)
            .and_then(Value::as_str)
            .ok_or("the provider's answer has no token")?;
        ProviderToken::new(text.to_owned())
            .ok_or("the provider's token is empty, too long or not visible ASCII")
    }

    /// Any other member.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_visible_ascii() {
        assert!(ProviderToken::new("ey.J-0_~".to_owned()).is_some());
        for text in ["", "a b", "a\n", "é", "a\u{7f}", &"x".repeat(16 * 1024 + 1)] {
            assert!(ProviderToken::new(text.to_owned()).is_none());
        }
    }
}
