//! A provider's token.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

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

/// A token that was minted. `Debug` shows neither the token nor the members, which may contain it.
pub struct MintedToken {
    token: ProviderToken,
    stated: Option<Stated>,
    members: Map<String, Value>,
}

/// The expiry that a provider states.
#[derive(Clone, Copy, Debug)]
enum Stated {
    /// Seconds from the mint.
    In(u64),
    /// Seconds since the Unix epoch.
    At(u64),
}

impl MintedToken {
    /// A token that has the requested lifetime.
    pub fn new(token: ProviderToken) -> Self {
        Self {
            token,
            stated: None,
            members: Map::new(),
        }
    }

    /// The token.
    pub fn token(&self) -> &ProviderToken {
        &self.token
    }

    /// Sets the lifetime that the provider states, in seconds, if it states one. A longer one than
    /// the requested one has no effect.
    #[must_use]
    pub fn expires_in(self, seconds: Option<u64>) -> Self {
        Self {
            stated: seconds.map(Stated::In),
            ..self
        }
    }

    /// Sets when the token expires by the provider's statement, in seconds since the Unix epoch, if
    /// it states that. Later than the requested lifetime has no effect.
    #[must_use]
    pub fn expires_at(self, unix_seconds: Option<u64>) -> Self {
        Self {
            stated: unix_seconds.map(Stated::At),
            ..self
        }
    }

    /// Adds a member to the response, such as an id that the provider returned. It is kept in the
    /// token's cookie, so a resumed token has it too.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The token as it is issued: it expires at the end of the requested lifetime, or when the
    /// provider says if that is earlier. `start` is the whole second, since the Unix epoch, before
    /// the mint. `None` if it has expired already.
    pub(crate) fn issue(self, start: u64, requested: u32) -> Option<IssuedToken> {
        let requested = u64::from(requested);
        let expires_in = match self.stated {
            None => requested,
            Some(Stated::In(seconds)) => requested.min(seconds),
            Some(Stated::At(end)) => requested.min(end.saturating_sub(start)),
        };
        Some(IssuedToken {
            token: self.token,
            expires_in: u32::try_from(expires_in).ok().filter(|left| *left > 0)?,
            expires_at: start + expires_in,
            members: self.members,
        })
    }
}

/// A token that is issued to the caller, minted or resumed. `Debug` shows neither the token nor the
/// members, which may contain it.
pub struct IssuedToken {
    /// The token.
    pub token: ProviderToken,
    /// The seconds until it expires.
    pub expires_in: u32,
    /// When it expires: seconds since the Unix epoch.
    pub expires_at: u64,
    /// What the response also has.
    pub members: Map<String, Value>,
}

impl fmt::Debug for MintedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintedToken")
            .field("stated", &self.stated)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken")
            .field("expires_in", &self.expires_in)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
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
        let minted = MintedToken::new(token).with_member("signed_url", "wss://a.test/?t=the-token");
        assert!(!format!("{minted:?}").contains("the-token"));
        let issued = minted.issue(1000, 60).unwrap();
        assert!(!format!("{issued:?}").contains("the-token"));
    }

    #[test]
    fn a_token_expires_as_requested_or_earlier_if_the_provider_says_so() {
        let minted = || MintedToken::new(ProviderToken::new("t").unwrap());
        for (minted, expected) in [
            (minted(), Some((60, 1060))),
            (minted().expires_in(Some(45)), Some((45, 1045))),
            (minted().expires_in(Some(3600)), Some((60, 1060))),
            (minted().expires_in(Some(u64::MAX)), Some((60, 1060))),
            (minted().expires_in(Some(0)), None),
            (minted().expires_at(Some(1045)), Some((45, 1045))),
            (minted().expires_at(Some(5000)), Some((60, 1060))),
            (minted().expires_at(Some(1000)), None),
            (minted().expires_at(Some(7)), None),
        ] {
            let issued = minted.issue(1000, 60);
            assert_eq!(
                issued.map(|issued| (issued.expires_in, issued.expires_at)),
                expected
            );
        }
    }
}
