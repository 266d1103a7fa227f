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

impl<P: Provider> Broker<P> {
    /// Returns the token of the request's cookie if it is what the caller requests: reusable, sealed
    /// for the same purpose, and with at least half of the requested lifetime left.
    pub(super) fn resumable_token(
        &self,
        headers: &HeaderMap,
        token_cookie: &TokenCookie,
        token_request: &TokenRequest<P::Options>,
        key: &ApiKey,
    ) -> Option<IssuedToken> {
        if token_request.is_single_use() {
            return None;
        }
        let value = cookie::find(headers, &self.cookie)?;
        let sealed = token_cookie.open(key, value)?;
        let left = Duration::from_secs(sealed.expires_at).saturating_sub(self.clock.now());
        // Rounded down: the response must not promise more time than the token has.
        let expires_in = u32::try_from(left.as_secs()).ok()?;
        let fits = expires_in > 0
            && left.as_secs_f64() * 2.0 >= f64::from(token_request.expires_in())
            // The requested lifetime is within MAX_EXPIRES_IN, which may be lower now than when
            // the token was minted.
            && expires_in <= token_request.expires_in();
        if !fits {
            return None;
        }
        Some(IssuedToken {
            token: sealed.token,
            expires_in,
            expires_at: sealed.expires_at,
            members: sealed.members,
        })
    }
}
