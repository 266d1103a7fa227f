//! Why a credential is no session, or cannot be judged.

use std::borrow::Cow;

use crate::problem::{Code, Problem};
use crate::session::claims::ClaimsError;

/// Why a credential is no session.
#[derive(Debug, PartialEq, Eq)]
pub enum SessionError {
    /// It is not one; a clause for the log.
    Invalid(Cow<'static, str>),
    /// It was one, until it expired.
    Expired,
    /// That cannot be said, as keys or answers cannot be had.
    Unavailable {
        /// A clause for the log.
        reason: String,
        /// When another try will be made, in seconds.
        retry_after: u32,
    },
}

impl SessionError {
    /// A credential that is no session, with a clause for the log.
    pub fn invalid(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(reason.into())
    }

    /// Something that only the operator can mend. The caller's session may be good, so this is no
    /// word against it.
    pub fn misconfigured(reason: &str) -> Self {
        Self::Unavailable {
            reason: reason.to_owned(),
            retry_after: 60,
        }
    }

    /// A secret that sessions are checked with cannot be had.
    pub fn without_secret(refusal: Problem) -> Self {
        Self::Unavailable {
            reason: refusal.reason.into_owned(),
            retry_after: refusal.retry_after.unwrap_or(1),
        }
    }
}

impl From<ClaimsError> for SessionError {
    fn from(denied: ClaimsError) -> Self {
        match denied {
            ClaimsError::Invalid(reason) => Self::invalid(reason),
            ClaimsError::Expired => Self::Expired,
        }
    }
}

impl From<SessionError> for Problem {
    fn from(refused: SessionError) -> Self {
        match refused {
            SessionError::Invalid(reason) => {
                let detail = "The session is not one that this service accepts. Sign in again; if that does not help, \
                              compare the token's issuer, audience and algorithm with the service's settings.";
                Self::new(Code::SessionInvalid, detail).with_reason(reason)
            }
            SessionError::Expired => {
                let detail = "The session has expired. Sign in again, or refresh the session, and repeat the request.";
                Self::new(Code::SessionExpired, detail).with_reason("exp is in the past")
            }
            SessionError::Unavailable {
                reason,
                retry_after,
            } => {
                let detail = "Sessions cannot be checked at the moment, since the identity provider cannot be asked or \
                              its keys cannot be had. Try again shortly.";
                Self::new(Code::SessionUnavailable, detail)
                    .with_reason(reason)
                    .retry_after(retry_after)
            }
        }
    }
}
