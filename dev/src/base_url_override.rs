//! A provider whose responses name another base URL than the one that mints, for clients that reach
//! the stand-ins by another URL than the broker does.

use bytes::Bytes;
use http::{Request, StatusCode};
use voicemint::problem::Problem;
use voicemint::provider::request::{Fields, TokenRequest};
use voicemint::provider::token::MintedToken;
use voicemint::provider::{ApiKey, Provider, Verdict};
use voicemint::settings::Reader;

/// The setting for the base URL in responses. `--set` cannot set it, since names of settings are in
/// upper case.
pub const SETTING: &str = "response_base_url";

/// A provider with another base URL in its responses. Everything else is delegated to the provider.
pub struct BaseUrlOverride<P> {
    provider: P,
    base_url: Option<String>,
}

impl<P: Provider> Provider for BaseUrlOverride<P> {
    const NAME: &'static str = P::NAME;
    const COOKIE: &'static str = P::COOKIE;
    const SINGLE_USE: bool = P::SINGLE_USE;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            provider: P::from_settings(reader),
            base_url: reader.optional(SETTING),
        }
    }

    fn base_url(&self) -> &str {
        self.base_url
            .as_deref()
            .unwrap_or_else(|| self.provider.base_url())
    }

    fn token_request(&self, fields: Fields) -> Result<TokenRequest, Problem> {
        self.provider.token_request(fields)
    }

    fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>> {
        self.provider.mint_request(request, key)
    }

    fn parse_token(
        &self,
        request: &TokenRequest,
        body: &[u8],
    ) -> Result<MintedToken, &'static str> {
        self.provider.parse_token(request, body)
    }

    fn verdict(&self, status: StatusCode, body: &[u8]) -> Verdict {
        self.provider.verdict(status, body)
    }

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        self.provider.error_code(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use voicemint_elevenlabs::ElevenLabs;

    #[test]
    fn errors_are_delegated_to_the_provider() {
        let provider =
            BaseUrlOverride::<ElevenLabs>::from_settings(&mut Reader::new(&|_: &str| None));
        let body = br#"{"detail":{"status":"quota_exceeded"}}"#;
        assert_eq!(provider.error_code(body), Some("quota_exceeded"));
        let plain = ElevenLabs::from_settings(&mut Reader::new(&|_: &str| None));
        assert_eq!(
            provider.verdict(StatusCode::UNAUTHORIZED, body),
            plain.verdict(StatusCode::UNAUTHORIZED, body)
        );
    }
}
