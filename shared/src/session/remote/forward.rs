//! Sessions of any kind: the broker forwards the caller's credential to a URL of the app, and a
//! successful response that names a subject makes a session. Responses are not cached, so signing
//! out takes effect immediately.

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use url::Url;

use crate::json;
use crate::session::Session;
use crate::session::claims::Rules;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::error::SessionError;
use crate::session::reason::Reason;
use crate::session::remote::{ServiceClient, check_visible_ascii, members, unexpected_status};
use crate::transport::retry::Budget;

/// The maximum length of a credential in bytes. Servers refuse longer headers by statuses that look
/// like an outage, which a caller could then cause.
const MAX_CREDENTIAL_BYTES: usize = 8 * 1024;

/// Verifies sessions by asking the app.
pub(crate) struct Forward {
    /// The app's URL.
    pub url: Url,
    /// The name of the app's session cookie.
    pub cookie: Option<String>,
    /// Calls the app.
    pub client: ServiceClient,
    /// Where the subject is in the response, and the rules for its claims.
    pub rules: Rules,
}

impl Forward {
    /// Verifies a credential.
    ///
    /// # Errors
    /// See [`SessionError`].
    pub(crate) async fn verify(
        &self,
        by_cookie: bool,
        session: &str,
    ) -> Result<Session, SessionError> {
        let request = self.request(by_cookie, session)?;
        let response = self
            .client
            .send(request, &mut Budget::without_deadline())
            .await?;
        match response.status() {
            status if status.is_success() => {
                // If nobody is signed in, the response has no subject, which the rules refuse.
                let claims = members(&response).ok_or_else(|| Reason::ForwardNotObject {
                    kind: json::kind(response.body()),
                })?;
                let claims = ClaimsSet::new(claims, self.client.clock.now());
                Ok(self.rules.session(claims)?)
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Reason::ForwardRejected.into()),
            // A caller can send malformed credentials, so these statuses do not mean that the app
            // is unavailable.
            status @ (StatusCode::BAD_REQUEST
            | StatusCode::NOT_FOUND
            | StatusCode::UNPROCESSABLE_ENTITY) => Err(Reason::ForwardStatus {
                status: status.as_u16(),
            }
            .into()),
            // Probably to a sign-in page.
            StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::TEMPORARY_REDIRECT => {
                Err(Reason::ForwardRedirect.into())
            }
            status => Err(unexpected_status(status)),
        }
    }

    /// The request contains nothing of the caller's request but the credential.
    fn request(&self, by_cookie: bool, session: &str) -> Result<Request<Bytes>, SessionError> {
        let session = check_visible_ascii(session)?;
        if session.len() > MAX_CREDENTIAL_BYTES {
            return Err(Reason::CredentialTooLong.into());
        }
        let (name, value) = match &self.cookie {
            Some(cookie) if by_cookie => (header::COOKIE, format!("{cookie}={session}")),
            _ => (header::AUTHORIZATION, format!("Bearer {session}")),
        };
        let mut value = HeaderValue::try_from(value).map_err(|_| Reason::CredentialHeader)?;
        value.set_sensitive(true);
        Request::get(self.url.as_str())
            .header(name, value)
            .header(header::ACCEPT, "application/json")
            // A shared cache must not answer with another user's session.
            .header(header::CACHE_CONTROL, "no-cache")
            .body(Bytes::new())
            .map_err(|_| SessionError::misconfigured(Reason::ForwardUrl))
    }
}
