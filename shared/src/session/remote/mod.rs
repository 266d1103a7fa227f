//! Asking a service about a session: the time it has, when it is asked once more, and what its
//! trouble means.

pub mod forward;
pub mod introspection;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::clock::Clock;
use crate::json::{self, Members};
use crate::session::error::SessionError;
use crate::transport::retry::{ANSWER_WITHIN, Budget, jitter, pause, retry_after};
use crate::transport::{Failure, Transport};

/// How much of an answer is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The longest pause before asking once more.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A service that knows sessions.
pub struct ServiceClient {
    /// The network.
    pub transport: Transport,
    /// The time.
    pub clock: Clock,
}

impl ServiceClient {
    /// Asks, and once more after a connection error, 408, 429 or 5xx, as far as the budget goes.
    /// What comes back is no sign of trouble of that kind.
    ///
    /// # Errors
    /// [`SessionError::Unavailable`].
    pub async fn ask(
        &self,
        request: Request<Bytes>,
        budget: &mut Budget,
    ) -> Result<Response<Bytes>, SessionError> {
        let mut told_to_wait = None;
        loop {
            let timeout = ANSWER_WITHIN.min(budget.left());
            let (reason, pause) = match self
                .transport
                .send(request.clone(), timeout, MAX_BYTES)
                .await
            {
                Ok(response) if !is_trouble(response.status()) => return Ok(response),
                Ok(response) => {
                    told_to_wait = retry_after(response.headers(), self.clock.now());
                    (
                        answered(response.status()),
                        pause(response.status(), told_to_wait),
                    )
                }
                Err(Failure::Timeout) => {
                    return Err(unavailable(
                        "did not answer in time".to_owned(),
                        told_to_wait,
                    ));
                }
                Err(Failure::TooLarge) => {
                    return Err(unavailable("answered more than 64 KiB".to_owned(), None));
                }
                Err(Failure::Unreachable(clause)) => {
                    (format!("cannot be reached: {clause}"), jitter())
                }
            };
            // The caller can wait better than a function that is paid for it.
            if pause > LONGEST_PAUSE || !budget.take_retry(pause) {
                return Err(unavailable(reason, told_to_wait));
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// A credential without anything that could end it early, or begin another one, in a header.
pub fn check_visible_ascii(credential: &str) -> Result<&str, SessionError> {
    let fits = !credential.is_empty() && credential.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then_some(credential).ok_or(SessionError::invalid(
        "the credential has characters that none has",
    ))
}

/// The members of an answer, where it is one JSON object.
pub fn members(response: &Response<Bytes>) -> Option<Members> {
    json::strict_object(response.body()).ok()
}

/// An answer that says neither yes nor no.
pub fn unexpected_status(status: StatusCode) -> SessionError {
    unavailable(answered(status), None)
}

fn answered(status: StatusCode) -> String {
    format!("answered {}", status.as_u16())
}

/// Trouble of the service, as a clause whose subject is the service.
pub fn unavailable(clause: String, wait: Option<Duration>) -> SessionError {
    let retry_after = wait.map_or(1, |wait| wait.as_secs_f64().ceil().clamp(1.0, 60.0) as u32);
    SessionError::Unavailable {
        reason: format!("the service that knows sessions {clause}"),
        retry_after,
    }
}

fn is_trouble(status: StatusCode) -> bool {
    status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}
