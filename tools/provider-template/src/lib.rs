//! Acme Voice's tokens (<https://example.com/docs/tokens>).
//!
//! Say here how long a token lives, and what it permits.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, header};
use serde_json::json;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile, Provider,
    TokenRequest, TokenResponse,
};
use voicemint::settings::Reader;

/// The permitted lifetimes of a token, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 1..=3600;

/// Acme Voice, with the settings of a deployment.
#[derive(Debug)]
pub struct Acme {
    base_url: BaseUrl,
    lifetimes: Lifetimes,
}

impl Provider for Acme {
    const NAME: &'static str = "acme";
    // What only this provider's requests have, and its profiles. SECRET, SUBJECT, CALLS and
    // IS_REPEATABLE have defaults.
    type Options = ();
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        // Read each setting of provider.toml here.
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.example.com"),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        // Read each field of provider.toml here. Add `.with_grants(…)`, which GRANTS_CLAIM must
        // list, and `.with_single_use(true)` if the provider accepts a token only once.
        let expires_in = self.lifetimes.take(&mut fields, ["expires_in"]);
        fields.finish()?;
        Ok(TokenRequest::new(expires_in))
    }

    fn mint(&self, context: &MintContext<'_>) -> Result<Mint, MintError> {
        // Write here what the provider documents.
        let body = json!({"expires_in": context.request().expires_in()}).to_string();
        let call = Request::post(format!("{}/acme/v1/tokens", self.base_url.as_str()))
            .header(header::AUTHORIZATION, context.key()?.header("Bearer ")?)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())?;
        Ok(call.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        // If the response states an expiry, add `.expires_in(…)` or `.expires_at(…)`.
        TokenResponse::parse(response.body())?
            .token("token")
            .map(MintedToken::new)
    }

    // If the token opens WebSockets, list them in `details`, as functions/cartesia does.
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use voicemint::problem::Code;

    fn with_settings(variables: &'static [(&str, &str)]) -> Acme {
        let mut reader = Reader::new(&variables);
        let provider = Acme::from_settings(&mut reader);
        reader.finish(Some(provider)).unwrap()
    }

    fn token_request(provider: &Acme, body: &str) -> Result<TokenRequest, Problem> {
        let request = Request::post("/")
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_owned()));
        provider.token_request(Fields::read(&request.unwrap())?)
    }

    #[test]
    fn the_deployments_settings_limit_a_request() {
        let provider = with_settings(&[("MAX_EXPIRES_IN", "30")]);
        assert_eq!(token_request(&provider, "").ok().unwrap().expires_in(), 30);
        for body in [r#"{"expires_in":31}"#, r#"{"unknown":1}"#] {
            let refused = token_request(&provider, body).unwrap_err();
            assert_eq!(refused.code, Code::RequestInvalid, "{body}");
        }
    }

    #[test]
    fn a_response_without_a_token_is_an_error() {
        let provider = with_settings(&[]);
        let request = token_request(&provider, "").ok().unwrap();
        let context = MintContext::new(&request, Duration::ZERO);
        let parse = |body: &'static str| {
            let response = Response::new(Bytes::from_static(body.as_bytes()));
            provider.parse_token(&context, &response)
        };
        assert!(parse(r#"{"token":"abc","more":1}"#).is_ok());
        for body in ["", "{}", r#"{"token":""}"#, r#"{"token":7}"#, "<html>"] {
            assert!(parse(body).is_err(), "{body}");
        }
    }
}
