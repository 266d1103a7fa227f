//! The client of the services that are asked about sessions: timeouts, retries and the errors of
//! such a service.

pub(crate) mod forward;
pub(crate) mod introspection;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::clock::Clock;
use crate::json::{self, Members};
use crate::session::error::SessionError;
use crate::session::reason::{Reason, ServiceError};
use crate::transport::retry::{ANSWER_WITHIN, Budget, callers_wait, jitter, pause, retry_after};
use crate::transport::{Failure, Transport};

/// The maximum size of a response in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The maximum pause before a retry. The caller can wait better than a function that costs money.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// A client of a service that is asked about sessions.
pub(crate) struct ServiceClient {
    /// Sends the requests.
    pub transport: Transport,
    /// The current time.
    pub clock: Clock,
}

impl ServiceClient {
    /// Sends a request, and repeats it after a connection error, 408, 429 or 5xx as long as the
    /// budget permits. The response that is returned has another status than these.
    ///
    /// # Errors
    /// [`SessionError::Unavailable`].
    pub(crate) async fn send(
        &self,
        request: Request<Bytes>,
        budget: &mut Budget,
    ) -> Result<Response<Bytes>, SessionError> {
        let mut wait = None;
        loop {
            let timeout = ANSWER_WITHIN.min(budget.left());
            let sent = self
                .transport
                .send(request.clone(), timeout, MAX_BYTES)
                .await;
            let (error, pause) = match sent {
                Ok(response) if !is_retryable(response.status()) => return Ok(response),
                Ok(response) => {
                    wait = retry_after(response.headers(), self.clock.now());
                    let error = ServiceError::Status(response.status().as_u16());
                    (error, pause(response.status(), wait))
                }
                Err(Failure::Timeout) => return Err(unavailable(ServiceError::Timeout, wait)),
                Err(Failure::TooLarge) => return Err(unavailable(ServiceError::TooLarge, None)),
                Err(Failure::NotConnected(clause) | Failure::Unreachable(clause)) => {
                    (ServiceError::Unreachable(clause), jitter())
                }
            };
            if pause > MAX_PAUSE || !budget.take_retry(pause) {
                return Err(unavailable(error, wait));
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// Checks that a credential contains nothing that could end a header's value or begin another
/// credential in it.
pub(crate) fn check_visible_ascii(credential: &str) -> Result<&str, Reason> {
    if credential.is_empty() || !credential.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Reason::CredentialCharacters);
    }
    Ok(credential)
}

/// The members of a response that is a JSON object.
pub(crate) fn members(response: &Response<Bytes>) -> Option<Members> {
    json::strict_object(response.body()).ok()
}

/// The error for a status that says nothing about the session.
pub(crate) fn unexpected_status(status: StatusCode) -> SessionError {
    unavailable(ServiceError::Status(status.as_u16()), None)
}

/// The error for a service that gave no usable response. `wait` is what its `Retry-After` says.
pub(crate) fn unavailable(error: ServiceError, wait: Option<Duration>) -> SessionError {
    SessionError::Unavailable {
        reason: Reason::Service(error),
        retry_after: callers_wait(wait),
    }
}

fn is_retryable(status: StatusCode) -> bool {
    status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}
