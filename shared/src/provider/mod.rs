//! The interface of a provider: its wire contract as plain data and pure functions, without I/O,
//! retries, cookies or sessions.
//!
//! To add a provider, copy a folder of `functions/` and implement [`Provider`] for it.

pub mod request;
pub mod token;

use bytes::Bytes;
use http::{Request, StatusCode};

use crate::problem::{Code, Problem};
use crate::provider::request::{Fields, TokenRequest};
use crate::provider::token::MintedToken;
pub use crate::secret::api_key::ApiKey;
use crate::settings::Reader;

/// A voice-AI provider that mints short-lived tokens for an API key.
pub trait Provider: Sized + Send + Sync + 'static {
    /// The provider's name in responses, logs and metrics.
    const NAME: &'static str;
    /// The name of the token cookie.
    const COOKIE: &'static str;
    /// Whether a token can be used once only. Such a token is never issued twice.
    const SINGLE_USE: bool;

    /// Reads the provider's settings.
    fn from_settings(reader: &mut Reader) -> Self;

    /// The URL of the minting host, without a slash at its end.
    fn base_url(&self) -> &str;

    /// Checks the fields and returns the token request.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] with the fields that are wrong, or [`Code::GrantNotAllowed`] if the
    /// deployment permits less.
    fn token_request(&self, fields: Fields) -> Result<TokenRequest, Problem>;

    /// Builds the HTTP request that mints a token.
    ///
    /// # Errors
    /// If the parts do not form an HTTP request, which does not happen with valid settings and
    /// keys.
    fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>>;

    /// Reads the token from the body of a successful response.
    ///
    /// # Errors
    /// A clause for the log, without anything from the body.
    fn parse_token(&self, request: &TokenRequest, body: &[u8])
    -> Result<MintedToken, &'static str>;

    /// What an error response means. For most providers the status says enough.
    fn verdict(&self, status: StatusCode, _body: &[u8]) -> Verdict {
        Verdict::by_status(status)
    }

    /// The error code of an error response, for the log. It must be one that the provider's
    /// documentation lists, never free text from the response.
    fn error_code(&self, _body: &[u8]) -> Option<&'static str> {
        None
    }
}

/// Finds a code in the list of a provider's known codes.
pub fn known_code(code: &str, known: &[&'static str]) -> Option<&'static str> {
    known.iter().copied().find(|known| *known == code)
}

/// What a provider's error response means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The API key is not valid: load it again.
    KeyRejected,
    /// The provider is down, overloaded or rate-limiting: a retry may help.
    Unavailable,
    /// Anything else: a retry would fail again.
    Rejected,
}

impl Verdict {
    /// What the HTTP status alone means.
    pub fn by_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::KeyRejected,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Self::Unavailable,
            status if status.is_server_error() => Self::Unavailable,
            _ => Self::Rejected,
        }
    }
}

/// The lifetimes that callers may request, in seconds: `MAX_EXPIRES_IN` and `DEFAULT_EXPIRES_IN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// The longest lifetime.
    pub max: u32,
    /// The lifetime of a token request that names none.
    pub default: u32,
}

impl Lifetimes {
    const DEFAULT: u32 = 60;

    /// Reads the settings. `max` is the longest lifetime that the provider permits.
    pub fn from_settings(reader: &mut Reader, max: u32) -> Self {
        let max = reader
            .whole_number("MAX_EXPIRES_IN", 1..=max, "seconds")
            .unwrap_or(max);
        let default = reader.whole_number(
            "DEFAULT_EXPIRES_IN",
            1..=max,
            "seconds, at most MAX_EXPIRES_IN",
        );
        Self {
            max,
            default: default.unwrap_or(Self::DEFAULT.min(max)),
        }
    }
}

/// Checks that the deployment permits the requested grants. `setting` names the setting that lists
/// `allowed`.
///
/// # Errors
/// [`Code::GrantNotAllowed`].
pub fn check_grants(
    requested: &[&'static str],
    allowed: &[&'static str],
    setting: &str,
) -> Result<(), Problem> {
    if requested.iter().all(|grant| allowed.contains(grant)) {
        return Ok(());
    }
    let detail = format!(
        "This service permits only {} ({setting}). Request no other grants.",
        allowed.join(", ")
    );
    Err(Problem::new(Code::GrantNotAllowed, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_retry() {
        for (status, verdict) in [
            (401, Verdict::KeyRejected),
            (408, Verdict::Unavailable),
            (429, Verdict::Unavailable),
            (500, Verdict::Unavailable),
            (503, Verdict::Unavailable),
            (302, Verdict::Rejected),
            (400, Verdict::Rejected),
            (403, Verdict::Rejected),
        ] {
            assert_eq!(
                Verdict::by_status(StatusCode::from_u16(status).unwrap()),
                verdict,
                "{status}"
            );
        }
    }
}
