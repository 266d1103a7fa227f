//! Acme Voice's tokens (<https://example.com/docs/tokens>).
//!
//! Say here how long a token lives, and what it permits.

use bytes::Bytes;
use http::{Request, header};
use serde_json::json;
use voicemint::problem::Problem;
use voicemint::provider::request::{Fields, TokenRequest};
use voicemint::provider::token::{MintedToken, TokenResponse};
use voicemint::provider::{ApiKey, Lifetimes, Provider};
use voicemint::settings::Reader;

/// The longest lifetime of a token, in seconds.
const MAX_SECONDS: u32 = 3600;

/// Acme Voice, with the settings of a deployment.
#[derive(Debug)]
pub struct Acme {
    base_url: String,
    lifetimes: Lifetimes,
}

impl Provider for Acme {
    const NAME: &'static str = "acme";
    const COOKIE: &'static str = "__Host-acme-token";
    // `true` if the provider accepts a token only once.
    const SINGLE_USE: bool = false;

    fn from_settings(reader: &mut Reader) -> Self {
        // Read each setting of provider.toml here.
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.example.com"),
            lifetimes: Lifetimes::from_settings(reader, MAX_SECONDS),
        }
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        // Read each field of provider.toml here. The grants are what GRANTS_CLAIM must list.
        let expires_in = fields.whole_number("expires_in", 1..=self.lifetimes.max);
        fields.finish()?;
        Ok(TokenRequest {
            grants: Vec::new(),
            expires_in: expires_in.unwrap_or(self.lifetimes.default),
            max_session_duration: None,
        })
    }

    fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>> {
        // Write here what the provider documents.
        let body = json!({"expires_in": request.expires_in}).to_string();
        Request::post(format!("{}/acme/v1/tokens", self.base_url))
            .header(header::AUTHORIZATION, key.header("Bearer ")?)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
    }

    fn parse_token(
        &self,
        request: &TokenRequest,
        body: &[u8],
    ) -> Result<MintedToken, &'static str> {
        // If the response states a lifetime, take it instead of the requested one.
        let token = TokenResponse::parse(body)?.token("token")?;
        Ok(MintedToken {
            token,
            expires_in: request.expires_in,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert_eq!(token_request(&provider, "").ok().unwrap().expires_in, 30);
        for body in [r#"{"expires_in":31}"#, r#"{"unknown":1}"#] {
            let refused = token_request(&provider, body).unwrap_err();
            assert_eq!(refused.code, Code::RequestInvalid, "{body}");
        }
    }

    #[test]
    fn a_response_without_a_token_is_an_error() {
        let provider = with_settings(&[]);
        let request = token_request(&provider, "").ok().unwrap();
        let minted = provider.parse_token(&request, br#"{"token":"abc","more":1}"#);
        assert_eq!(minted.ok().unwrap().expires_in, 60);
        for body in ["", "{}", r#"{"token":""}"#, r#"{"token":7}"#, "<html>"] {
            let parsed = provider.parse_token(&request, body.as_bytes());
            assert!(parsed.is_err(), "{body}");
        }
    }
}
