//! Cartesia's access tokens (<https://docs.cartesia.ai/api-reference/auth/access-token>).
//!
//! A token can be used until it expires. Its grants say for what: `tts`, `stt`, `agent`.

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Map, Value, json};
use voicemint::problem::Problem;
use voicemint::provider::request::{Fields, TokenRequest};
use voicemint::provider::token::{MintedToken, TokenResponse};
use voicemint::provider::{ApiKey, Lifetimes, Provider, check_grants, known_code};
use voicemint::settings::Reader;

/// All grants.
const GRANTS: [&str; 3] = ["tts", "stt", "agent"];
/// The grants that a deployment permits by default. `agent` lets a caller start whole conversations,
/// so a deployment must permit it explicitly.
const DEFAULT_GRANTS: [&str; 2] = ["tts", "stt"];
/// The longest lifetime of a token, in seconds.
const MAX_SECONDS: u32 = 3600;
/// The API version that this module implements. From this version on, errors are JSON.
const API_VERSION: &str = "2026-03-01";

/// The error codes that the log shows (<https://docs.cartesia.ai/use-the-api/api-errors>).
const ERROR_CODES: [&str; 1] = ["concurrency_limited"];

/// Cartesia, with the settings of a deployment.
#[derive(Debug)]
pub struct Cartesia {
    base_url: String,
    allowed: Vec<&'static str>,
    lifetimes: Lifetimes,
}

impl Provider for Cartesia {
    const NAME: &'static str = "cartesia";
    const COOKIE: &'static str = "__Host-cartesia-token";
    const SINGLE_USE: bool = false;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.cartesia.ai"),
            allowed: reader.choices("ALLOWED_GRANTS", &GRANTS, &DEFAULT_GRANTS),
            lifetimes: Lifetimes::from_settings(reader, MAX_SECONDS),
        }
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        // In Cartesia's schema both may be null.
        fields.null_is_absent("grants");
        fields.null_is_absent("expires_in");
        let grants = fields.switches("grants", &GRANTS);
        let expires_in = fields.whole_number("expires_in", 1..=self.lifetimes.max);
        fields.finish()?;
        let grants = grants.unwrap_or_else(|| self.allowed.clone());
        check_grants(&grants, &self.allowed, "ALLOWED_GRANTS")?;
        let expires_in = expires_in.unwrap_or(self.lifetimes.default);
        Ok(TokenRequest {
            grants,
            expires_in,
            max_session_duration: None,
        })
    }

    fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>> {
        // Both fields are always sent: Cartesia does not document their defaults.
        let grants: Map<String, Value> = request
            .grants
            .iter()
            .map(|&grant| (grant.to_owned(), true.into()))
            .collect();
        let body = json!({"grants": grants, "expires_in": request.expires_in}).to_string();
        Request::post(format!("{}/access-token", self.base_url))
            .header(header::AUTHORIZATION, key.header("Bearer ")?)
            .header("cartesia-version", API_VERSION)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
    }

    fn parse_token(
        &self,
        request: &TokenRequest,
        body: &[u8],
    ) -> Result<MintedToken, &'static str> {
        let token = TokenResponse::parse(body)?.token("token")?;
        // The response does not state the lifetime. By Cartesia's documentation it is the requested
        // one.
        Ok(MintedToken {
            token,
            expires_in: request.expires_in,
        })
    }

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        let body: Value = serde_json::from_slice(body).ok()?;
        known_code(body.get("error_code")?.as_str()?, &ERROR_CODES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use voicemint::problem::Code;

    fn cartesia(variables: &'static [(&str, &str)]) -> Cartesia {
        let mut reader = Reader::new(&variables);
        let provider = Cartesia::from_settings(&mut reader);
        reader.finish(Some(provider)).unwrap()
    }

    fn token_request(provider: &Cartesia, body: &str) -> Result<TokenRequest, Problem> {
        let request = Request::post("/")
            .header("content-type", "application/json")
            .body(Bytes::from(body.to_owned()));
        provider.token_request(Fields::read(&request.unwrap())?)
    }

    #[test]
    fn the_default_is_all_permitted_grants_for_a_minute() {
        let expected = TokenRequest {
            grants: vec!["tts", "stt"],
            expires_in: 60,
            max_session_duration: None,
        };
        for body in ["", "{}", r#"{"grants":null,"expires_in":null}"#] {
            assert_eq!(
                token_request(&cartesia(&[]), body).ok().unwrap(),
                expected,
                "{body}"
            );
        }
    }

    #[test]
    fn the_deployments_settings_limit_a_request() {
        let provider = cartesia(&[("ALLOWED_GRANTS", "tts"), ("MAX_EXPIRES_IN", "30")]);
        assert_eq!(token_request(&provider, "").ok().unwrap().expires_in, 30);
        assert_eq!(
            token_request(&provider, r#"{"grants":{"stt":true}}"#)
                .unwrap_err()
                .code,
            Code::GrantNotAllowed
        );
        assert_eq!(
            token_request(&provider, r#"{"expires_in":31}"#)
                .unwrap_err()
                .code,
            Code::RequestInvalid
        );
        assert_eq!(
            token_request(&provider, r#"{"grants":{"video":true}}"#)
                .unwrap_err()
                .code,
            Code::RequestInvalid
        );
    }

    #[test]
    fn the_log_shows_known_error_codes_only() {
        let code = |body: &str| cartesia(&[]).error_code(body.as_bytes());
        assert_eq!(
            code(r#"{"error_code":"concurrency_limited","title":"x"}"#),
            Some("concurrency_limited")
        );
        for body in [
            r#"{"error_code":null}"#,
            r#"{"error_code":"sk_car_secret"}"#,
            "Title: Message",
            "[]",
        ] {
            assert_eq!(code(body), None, "{body}");
        }
    }

    #[test]
    fn a_response_without_a_token_is_an_error() {
        let provider = cartesia(&[]);
        let request = token_request(&provider, r#"{"expires_in":120}"#)
            .ok()
            .unwrap();
        assert_eq!(
            provider
                .parse_token(&request, br#"{"token":"abc","more":1}"#)
                .ok()
                .unwrap()
                .expires_in,
            120
        );
        for body in [
            "",
            "{}",
            r#"{"token":""}"#,
            r#"{"token":null}"#,
            r#"{"token":7}"#,
            "<html>",
            r#"{"token":"a b"}"#,
        ] {
            assert!(
                provider.parse_token(&request, body.as_bytes()).is_err(),
                "{body}"
            );
        }
    }
}
