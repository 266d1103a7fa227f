//! Cartesia's access tokens (<https://docs.cartesia.ai/api-reference/auth/access-token>).
//!
//! A token may be used until it expires, for what its grants name: `tts`, `stt`, `agent`.

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Map, Value, json};
use voicemint::problem::Problem;
use voicemint::provider::request::{Fields, TokenRequest};
use voicemint::provider::token::{MintedToken, TokenResponse};
use voicemint::provider::{Lifetimes, Provider, check_grants, known_code};
use voicemint::secret::api_key::ApiKey;
use voicemint::settings::Reader;

/// The grants that Cartesia knows.
const GRANTS: [&str; 3] = ["tts", "stt", "agent"];
/// What a deployment permits that does not say. `agent` lets a caller start whole conversations, so
/// it must be named.
const DEFAULT_GRANTS: [&str; 2] = ["tts", "stt"];
/// The longest lifetime that Cartesia gives, in seconds.
const MAX_SECONDS: u32 = 3600;
/// The version of the API that this contract was read from; errors are JSON from this one on.
const API_VERSION: &str = "2026-03-01";

/// The codes of errors that the log names (<https://docs.cartesia.ai/use-the-api/api-errors>).
const ERROR_CODES: [&str; 1] = ["concurrency_limited"];

/// Cartesia, as a deployment permits it.
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
        // Cartesia's own schema lets both be null.
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
        // Both fields are always sent: what Cartesia does without them is not documented.
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
        let environment = |name: &str| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let mut reader = Reader::new(&environment);
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
    fn without_a_word_all_that_is_allowed_is_asked_for_a_minute() {
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
    fn the_deployments_limits_hold() {
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
    fn the_log_names_known_codes_and_nothing_else() {
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
    fn an_answer_without_a_token_is_none() {
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
