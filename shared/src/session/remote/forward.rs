//! Sessions of any kind, by asking the app: the caller's one credential is passed on to a URL of
//! the app's, and a success that names a subject is a session. Nothing is cached, so signing out
//! counts at once.

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use url::Url;

use crate::json;
use crate::session::Session;
use crate::session::claims::Rules;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::error::SessionError;
use crate::session::remote::{ServiceClient, check_visible_ascii, members, unexpected_status};
use crate::transport::retry::Budget;

/// The longest credential that is passed on, in bytes.
const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

/// Asks the app.
pub struct Forward {
    /// The app's URL.
    pub url: Url,
    /// The cookie in which the app's session travels.
    pub cookie: Option<String>,
    /// The way there.
    pub remote: ServiceClient,
    /// Where the subject is, and which claims make a session.
    pub rules: Rules,
}

impl Forward {
    /// Makes a session of a credential that the app knows.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn verify(&self, by_cookie: bool, session: &str) -> Result<Session, SessionError> {
        let response = self
            .remote
            .ask(
                self.request(by_cookie, session)?,
                &mut Budget::without_deadline(),
            )
            .await?;
        match response.status() {
            status if status.is_success() => {
                // An app that answers "nobody" with success has no subject in it.
                let claims = members(&response).ok_or_else(|| {
                    let kind = json::kind(response.body());
                    SessionError::invalid(format!(
                        "the app's answer is no plain JSON object: it is {kind}"
                    ))
                })?;
                Ok(self
                    .rules
                    .session(ClaimsSet::new(claims, self.remote.clock.now()))?)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(SessionError::invalid("the app does not know it"))
            }
            // Odd credentials are a stranger's to choose, so what an app says of them is no trouble
            // of the app's.
            status @ (StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::UNPROCESSABLE_ENTITY) => {
                let status = status.as_u16();
                Err(SessionError::invalid(format!(
                    "the app answered {status}, as for a session that it does not know; if it does so for good ones, \
                     SESSION_FORWARD_URL is wrong"
                )))
            }
            // To a page for signing in, most likely.
            StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::TEMPORARY_REDIRECT => {
                Err(SessionError::invalid(
                    "the app answered with a redirect, as it does when nobody is signed in",
                ))
            }
            status => Err(unexpected_status(status)),
        }
    }

    /// Nothing of the caller's request but the credential.
    fn request(&self, by_cookie: bool, session: &str) -> Result<Request<Bytes>, SessionError> {
        let session = check_visible_ascii(session)?;
        if session.len() > MAX_CREDENTIAL_BYTES {
            // Servers refuse longer headers by statuses that look like trouble, which a stranger
            // could cause.
            return Err(SessionError::invalid("the credential is longer than 8 KiB"));
        }
        let (name, value) = match &self.cookie {
            Some(cookie) if by_cookie => (header::COOKIE, format!("{cookie}={session}")),
            _ => (header::AUTHORIZATION, format!("Bearer {session}")),
        };
        let mut value = HeaderValue::try_from(value)
            .map_err(|_| SessionError::invalid("the credential fits no header"))?;
        value.set_sensitive(true);
        let request = Request::get(self.url.as_str())
            .header(name, value)
            .header(header::ACCEPT, "application/json");
        // A shared cache between here and the app must not answer for it with another user's
        // session.
        let request = request.header(header::CACHE_CONTROL, "no-cache");
        request
            .body(Bytes::new())
            .map_err(|_| SessionError::misconfigured("SESSION_FORWARD_URL cannot be called"))
    }
}
