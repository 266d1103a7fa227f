//! The interface of a provider: its wire contract as plain data and pure functions, without I/O,
//! retries, cookies or sessions.
//!
//! To add a provider, copy a folder of `functions/` and implement [`Provider`] for it.

pub mod context;
pub mod details;
pub mod fields;
pub mod jwt;
pub mod lifetimes;
pub mod profile;
pub mod request;
pub mod response;
pub mod subject;
pub mod token;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

pub use crate::clock::rfc3339;
pub use crate::provider::context::{Mint, MintContext, MintError};
pub use crate::provider::details::{Socket, TokenDetails};
pub use crate::provider::fields::Fields;
pub use crate::provider::lifetimes::Lifetimes;
pub use crate::provider::profile::{NoProfile, ProfileFormat, ProfileReader};
pub use crate::provider::request::TokenRequest;
pub use crate::provider::response::TokenResponse;
pub use crate::provider::subject::SubjectUse;
pub use crate::provider::token::{IssuedToken, MintedToken, ProviderToken};
pub use crate::secret::api_key::ApiKey;
pub use crate::secret::format::SecretFormat;
pub use crate::secret::role::RoleCredentials;
pub use crate::settings::BaseUrl;

use crate::problem::{Code, Problem};
use crate::settings::Reader;

/// A voice-AI provider that mints short-lived tokens.
pub trait Provider: Sized + Send + Sync + 'static {
    /// The provider's name in responses, cookies, logs and metrics.
    const NAME: &'static str;
    /// What the provider's secret consists of.
    const SECRET: SecretFormat = SecretFormat::Key;
    /// What the provider takes of an end user.
    const SUBJECT: SubjectUse = SubjectUse::Unused;
    /// Whether mints need the credentials of the function's AWS role.
    const USES_ROLE: bool = false;
    /// Whether mints are calls. A provider whose tokens are signed by the function is not called.
    const CALLS: bool = true;
    /// Whether the call of a mint may be repeated after it may have reached the provider.
    const IS_REPEATABLE: bool = true;

    /// What only this provider's token requests have, or `()`.
    type Options: Serialize + Send + Sync;
    /// The provider's profiles, or [`NoProfile`].
    type Profile: ProfileFormat;

    /// Reads the provider's settings.
    fn from_settings(reader: &mut Reader) -> Self;

    /// The host that mints.
    fn base_url(&self) -> &BaseUrl;

    /// The hosts where pages use the tokens, as responses name them: what a content security policy
    /// must permit.
    fn hosts(&self) -> Vec<&str> {
        vec![self.base_url().public()]
    }

    /// Checks the fields and returns the token request.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] with the fields that are wrong, or [`Code::GrantNotAllowed`] if the
    /// deployment permits less.
    fn token_request(&self, fields: Fields) -> Result<TokenRequest<Self::Options>, Problem>;

    /// Checks the request against the profile that it names, and completes it.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] with the fields that do not fit.
    fn check_profile(
        &self,
        request: TokenRequest<Self::Options>,
        _profile: &Self::Profile,
    ) -> Result<TokenRequest<Self::Options>, Problem> {
        Ok(request)
    }

    /// Begins a mint: builds the call, or signs the token.
    ///
    /// # Errors
    /// If the parts do not form a call, which does not happen with valid settings and secrets.
    fn mint(
        &self,
        context: &MintContext<'_, Self::Options, Self::Profile>,
    ) -> Result<Mint, MintError>;

    /// Reads the token from a response with a status of 2xx.
    ///
    /// # Errors
    /// A clause for the log, without anything from the response.
    fn parse_token(
        &self,
        _context: &MintContext<'_, Self::Options, Self::Profile>,
        _response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        Err("the provider's tokens do not come from a response")
    }

    /// What a response says in addition to the token: the host where it is used, the sockets that it
    /// opens, and further members.
    fn details(
        &self,
        _request: &TokenRequest<Self::Options>,
        _token: &IssuedToken,
        _profile: Option<&Self::Profile>,
    ) -> TokenDetails<'_> {
        TokenDetails::new(self.base_url())
    }

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

/// The name of a provider's token cookie. `__Host-` ties it to this very host (RFC 6265bis section
/// 4.1.3.2).
pub fn cookie_name(provider: &str) -> String {
    format!("__Host-{provider}-token")
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

/// Checks that the deployment permits the requested grants. `setting` names the setting that lists
/// `allowed`.
///
/// # Errors
/// [`Code::GrantNotAllowed`].
pub fn check_grants(
    requested: &[&str],
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
