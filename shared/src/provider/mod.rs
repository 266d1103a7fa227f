//! What a provider is: data about its wire contract. No I/O, no retries, no cookies, no sessions.
//!
//! To add one, copy a folder of `functions/` and answer these questions for it.

pub mod request;
pub mod token;

use bytes::Bytes;
use http::{Request, StatusCode};

use crate::problem::{Code, Problem};
use crate::provider::request::{Fields, TokenRequest};
use crate::provider::token::MintedToken;
use crate::secret::api_key::ApiKey;
use crate::settings::Reader;

/// A voice-AI provider that gives short-lived tokens for its API key.
pub trait Provider: Sized + Send + Sync + 'static {
    /// The provider's name in answers, cookies, logs and metrics.
    const NAME: &'static str;
    /// The name of its cookie.
    const COOKIE: &'static str;
    /// Whether a token is spent on first use. Such a token is never handed out twice.
    const SINGLE_USE: bool;

    /// Reads the provider's settings.
    fn from_settings(reader: &mut Reader) -> Self;

    /// The host that mints, without a slash at the end.
    fn base_url(&self) -> &str;

    /// Checks the fields and returns the token request.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] names the fields that are wrong;
    /// [`Code::GrantNotAllowed`] where the deployment permits less.
    fn token_request(&self, fields: Fields) -> Result<TokenRequest, Problem>;

    /// The call that mints.
    ///
    /// # Errors
    /// Where the parts do not make an HTTP request, which settings and keys that passed their
    /// checks never cause.
    fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>>;

    /// Reads the token out of an answer of success.
    ///
    /// # Errors
    /// A clause for the log, without anything of the body.
    fn parse_token(&self, request: &TokenRequest, body: &[u8])
    -> Result<MintedToken, &'static str>;

    /// What an answer other than success means. Most providers can be read by the status alone.
    fn verdict(&self, status: StatusCode, _body: &[u8]) -> Verdict {
        Verdict::by_status(status)
    }

    /// The error code of an answer other than success, for the log's reason: one that the
    /// provider's documentation lists, and never the provider's own text.
    fn error_code(&self, _body: &[u8]) -> Option<&'static str> {
        None
    }
}

/// The one of the codes that a provider is known to use which a text is.
pub fn known_code(code: &str, known: &[&'static str]) -> Option<&'static str> {
    known.iter().copied().find(|known| *known == code)
}

/// What a provider means by an answer that is no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The API key is not (or no longer) good: load it anew.
    KeyRejected,
    /// Down, overloaded or limiting us: worth another try.
    Unavailable,
    /// Anything else: the same request would fail again.
    Rejected,
}

impl Verdict {
    /// What HTTP alone says.
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
    /// The longest.
    pub max: u32,
    /// What a caller gets that does not say.
    pub default: u32,
}

impl Lifetimes {
    const DEFAULT: u32 = 60;

    /// Reads the settings; `max` is what the provider permits.
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

/// Refuses grants that the deployment does not permit.
///
/// # Errors
/// [`Code::GrantNotAllowed`].
pub fn permit(
    asked: &[&'static str],
    allowed: &[&'static str],
    setting: &str,
) -> Result<(), Problem> {
    if asked.iter().all(|grant| allowed.contains(grant)) {
        return Ok(());
    }
    let detail = format!(
        "This service permits {} only ({setting}). TokenRequest for no more than that.",
        allowed.join(", ")
    );
    Err(Problem::new(Code::GrantNotAllowed, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_try_again() {
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
