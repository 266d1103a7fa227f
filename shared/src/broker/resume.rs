//! Resuming the token of the caller's cookie instead of minting a new one.

use std::time::Duration;

use http::HeaderMap;

use super::Broker;
use crate::cookie;
use crate::endpoint::token_cookie::TokenCookie;
use crate::provider::Provider;
use crate::provider::request::TokenRequest;
use crate::provider::token::IssuedToken;
use crate::secret::api_key::ApiKey;
use crate::session::subject::SubjectId;

impl<P: Provider> Broker<P> {
    /// Returns the token of the request's cookie if it is what the caller requests: reusable, with
    /// the same grants and host, and with at least half of the requested lifetime left.
    pub(super) fn resumable_token(
        &self,
        headers: &HeaderMap,
        subject: &SubjectId,
        token_request: &TokenRequest,
        key: &ApiKey,
    ) -> Option<IssuedToken> {
        if P::SINGLE_USE {
            return None;
        }
        let value = cookie::find(headers, P::COOKIE)?;
        let sealed = TokenCookie::new(key, P::COOKIE).open(subject, value)?;
        let left = Duration::from_secs(sealed.expires_at).saturating_sub(self.clock.now());
        // Rounded down: the response must not promise more time than the token has.
        let expires_in = u32::try_from(left.as_secs()).ok()?;
        let fits = expires_in > 0
            && sealed.grants == token_request.grants
            && sealed.base_url == self.provider.base_url()
            && left.as_secs_f64() * 2.0 >= f64::from(token_request.expires_in)
            // The requested lifetime is within MAX_EXPIRES_IN, which may be lower now than when
            // the token was minted.
            && expires_in <= token_request.expires_in;
        if !fits {
            return None;
        }
        Some(IssuedToken {
            token: sealed.token,
            expires_in,
            expires_at: sealed.expires_at,
        })
    }
}
