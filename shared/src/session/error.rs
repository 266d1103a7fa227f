//! Why a credential does not become a session.

use thiserror::Error;

use crate::problem::{Code, Problem};
use crate::session::claims::ClaimsError;
use crate::session::reason::Reason;

/// Seconds after which a caller may try again if only the operator can fix the error.
const RETRY_AFTER_MISCONFIGURATION: u32 = 60;

/// Why a credential does not become a session.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum SessionError {
    /// The credential is not a session.
    #[error(transparent)]
    Invalid(#[from] Reason),
    /// The session has expired.
    #[error("{}", Reason::Expired)]
    Expired,
    /// The credential cannot be verified, because keys, secrets or an answer are unavailable.
    #[error("{reason}")]
    Unavailable {
        /// What is unavailable.
        reason: Reason,
        /// Seconds until another try is made.
        retry_after: u32,
    },
}

impl SessionError {
    /// Something that only the operator can fix. The caller's session may be valid, so it is not
    /// refused.
    pub fn misconfigured(reason: Reason) -> Self {
        Self::Unavailable {
            reason,
            retry_after: RETRY_AFTER_MISCONFIGURATION,
        }
    }

    /// A secret that verifies sessions is unavailable.
    pub fn without_secret(problem: Problem) -> Self {
        Self::Unavailable {
            reason: Reason::Secret(problem.reason),
            retry_after: problem.retry_after.unwrap_or(1),
        }
    }
}

impl From<ClaimsError> for SessionError {
    fn from(error: ClaimsError) -> Self {
        match error {
            ClaimsError::Invalid(reason) => Self::Invalid(reason),
            ClaimsError::Expired => Self::Expired,
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Invalid(reason) => {
                let detail = "The session is not one that this service accepts. Sign in again; if that does not help, \
                              compare the token's issuer, audience and algorithm with the service's settings.";
                Self::new(Code::SessionInvalid, detail).with_reason(reason.to_string())
            }
            SessionError::Expired => {
                let detail = "The session has expired. Sign in again, or refresh the session, and repeat the request.";
                Self::new(Code::SessionExpired, detail).with_reason(Reason::Expired.to_string())
            }
            SessionError::Unavailable {
                reason,
                retry_after,
            } => {
                let detail = "Sessions cannot be verified at the moment, because the identity provider or its keys are \
                              unavailable. Try again shortly.";
                Self::new(Code::SessionUnavailable, detail)
                    .with_reason(reason.to_string())
                    .retry_after(retry_after)
            }
        }
    }
}
