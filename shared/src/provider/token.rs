//! A provider's token, and the response that holds it.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::json;

/// A provider's short-lived token. It leaves the broker in the response and in the sealed cookie
/// only. `Debug` does not show it, and dropping it overwrites its memory.
#[derive(Debug)]
pub struct ProviderToken(SecretString);

impl ProviderToken {
    /// The longest accepted token, in bytes.
    const MAX_BYTES: usize = 16 * 1024;

    /// Accepts a text as a token if it is visible ASCII, as tokens are sent in headers and queries.
    pub fn new(text: impl Into<SecretString>) -> Option<Self> {
        let token = Self(text.into());
        let text = token.expose();
        let is_short = (1..=Self::MAX_BYTES).contains(&text.len());
        if !is_short || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        Some(token)
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A token that a provider minted.
#[derive(Debug)]
pub struct MintedToken {
    /// The token.
    pub token: ProviderToken,
    /// Its lifetime in seconds, counted from the mint.
    pub expires_in: u32,
}

/// A token that is issued to the caller, minted or resumed.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: ProviderToken,
    /// The seconds until it expires.
    pub expires_in: u32,
    /// When it expires: seconds since the Unix epoch.
    pub expires_at: u64,
}

/// The body of a provider's successful response: one JSON object. It has no `Debug`, as it holds
/// the token.
pub struct TokenResponse(Map<String, Value>);

impl TokenResponse {
    /// Parses the body.
    ///
    /// # Errors
    /// A clause for the log.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        serde_json::from_slice(body).map(Self).map_err(|_| {
            if json::is_gzip(body) {
                "the provider's response is gzip-compressed although that was not requested"
            } else {
                "the provider's response is not a JSON object"
            }
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
            .ok_or("the provider's response has no token")?;
        ProviderToken::new(text)
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
        assert!(ProviderToken::new("ey.J-0_~").is_some());
        for text in ["", "a b", "a\n", "é", "a\u{7f}", &"x".repeat(16 * 1024 + 1)] {
            assert!(ProviderToken::new(text).is_none());
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_token() {
        let token = ProviderToken::new("the-token").unwrap();
        assert!(!format!("{token:?}").contains("the-token"));
    }
}
