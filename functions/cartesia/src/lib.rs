//! Cartesia's access tokens (<https://docs.cartesia.ai/api-reference/auth/access-token>).
//!
//! A token can be used until it expires. Its grants say for what: `tts`, `stt`, `agent`.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, header};
use serde::{Serialize, Serializer};
use serde_json::Value;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
    Provider, Socket, TokenDetails, TokenRequest, TokenResponse, check_grants, known_code,
};
use voicemint::settings::Reader;

/// All grants.
const GRANTS: [&str; 3] = ["tts", "stt", "agent"];
/// The grants that a deployment permits by default. `agent` lets a caller start whole conversations,
/// so a deployment must permit it explicitly.
const DEFAULT_GRANTS: [&str; 2] = ["tts", "stt"];
/// The permitted lifetimes of a token, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 1..=3600;
/// The API version that this module implements. From this version on, errors are JSON.
const API_VERSION: &str = "2026-03-01";
/// The grants that open a socket, and its path.
const SOCKETS: [(&str, &str); 2] = [("tts", "/tts/websocket"), ("stt", "/stt/websocket")];

/// The error codes that the log shows (<https://docs.cartesia.ai/use-the-api/api-errors>).
const ERROR_CODES: [&str; 1] = ["concurrency_limited"];

/// Cartesia, with the settings of a deployment.
#[derive(Debug)]
pub struct Cartesia {
    base_url: BaseUrl,
    allowed: Vec<&'static str>,
    lifetimes: Lifetimes,
}

impl Provider for Cartesia {
    const NAME: &'static str = "cartesia";
    type Options = ();
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.cartesia.ai"),
            allowed: reader.choices("ALLOWED_GRANTS", &GRANTS, &DEFAULT_GRANTS),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        // In Cartesia's schema both may be null.
        fields.null_is_absent("grants");
        fields.null_is_absent("expires_in");
        let grants = fields.switches("grants", &GRANTS);
        let expires_in = self.lifetimes.take(&mut fields, ["expires_in"]);
        fields.finish()?;
        let grants = grants.unwrap_or_else(|| self.allowed.clone());
        check_grants(&grants, &self.allowed, "ALLOWED_GRANTS")?;
        Ok(TokenRequest::new(expires_in).with_grants(grants))
    }

    fn mint(&self, context: &MintContext<'_>) -> Result<Mint, MintError> {
        let request = context.request();
        // Both fields are always sent: Cartesia does not document their defaults.
        let body = MintBody {
            grants: Grants(request),
            expires_in: request.expires_in(),
        };
        let request = Request::post(format!("{}/access-token", self.base_url.as_str()))
            .header(header::AUTHORIZATION, context.key()?.header("Bearer ")?)
            .header("cartesia-version", API_VERSION)
            .header(header::CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(&body)?.into())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        // The response does not state the lifetime. By Cartesia's documentation it is the requested
        // one.
        TokenResponse::parse(response.body())?
            .token("token")
            .map(MintedToken::new)
    }

    fn details(
        &self,
        request: &TokenRequest,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let granted = SOCKETS.iter().filter(|(grant, _)| request.has_grant(grant));
        granted.fold(
            TokenDetails::new(&self.base_url),
            |details, (grant, path)| {
                let socket = Socket::new(grant, &self.base_url, path)
                    .with_query("cartesia_version", API_VERSION)
                    .with_query("access_token", token.token.expose());
                details.with_socket(socket)
            },
        )
    }

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        let body: Value = serde_json::from_slice(body).ok()?;
        known_code(body.get("error_code")?.as_str()?, &ERROR_CODES)
    }
}

/// The body of the call that mints.
#[derive(Serialize)]
struct MintBody<'a> {
    grants: Grants<'a>,
    expires_in: u32,
}

/// An object with a member `true` for each grant.
struct Grants<'a>(&'a TokenRequest);

impl Serialize for Grants<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.grants().iter().map(|grant| (grant, true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;
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
        let expected = TokenRequest::new(60).with_grants(["tts", "stt"]);
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
        assert_eq!(token_request(&provider, "").ok().unwrap().expires_in(), 30);
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
        let request = token_request(&provider, r#"{"expires_in":120}"#).unwrap();
        let context = MintContext::new(&request, Duration::ZERO);
        let read = |body: &'static str| {
            provider.parse_token(
                &context,
                &Response::new(Bytes::from_static(body.as_bytes())),
            )
        };
        assert!(read(r#"{"token":"abc","more":1}"#).is_ok());
        for body in [
            "",
            "{}",
            r#"{"token":""}"#,
            r#"{"token":null}"#,
            r#"{"token":7}"#,
            "<html>",
            r#"{"token":"a b"}"#,
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_token_opens_the_documented_sockets() {
        let sockets = |provider: &Cartesia, request| {
            let request = token_request(provider, request).unwrap();
            let token = IssuedToken {
                token: voicemint::provider::ProviderToken::new("t-1").unwrap(),
                expires_in: 60,
                expires_at: 1_800_000_000,
                members: serde_json::Map::new(),
            };
            let details = provider.details(&request, &token, None);
            serde_json::to_value(details.connect()).unwrap()
        };
        let socket = |url: &str| json!({"url": url, "protocols": []});
        assert_eq!(
            sockets(&cartesia(&[]), ""),
            json!({
                "tts": socket("wss://api.cartesia.ai/tts/websocket?cartesia_version=2026-03-01&access_token=t-1"),
                "stt": socket("wss://api.cartesia.ai/stt/websocket?cartesia_version=2026-03-01&access_token=t-1"),
            })
        );
        for (base_url, expected) in [
            (
                "HTTPS://Proxy.example.com:8443/voice/",
                "wss://proxy.example.com:8443/voice",
            ),
            ("http://localhost:8787", "ws://localhost:8787"),
            ("http://[::1]:1/a/b", "ws://[::1]:1/a/b"),
        ] {
            let settings: [(&str, &str); 1] = [("PROVIDER_BASE_URL", base_url)];
            let mut reader = Reader::new(&settings);
            let provider = Cartesia::from_settings(&mut reader);
            let provider = reader.finish(Some(provider)).unwrap();
            let query = "?cartesia_version=2026-03-01&access_token=t-1";
            assert_eq!(
                sockets(&provider, r#"{"grants":{"stt":true}}"#),
                json!({"stt": socket(&format!("{expected}/stt/websocket{query}"))})
            );
        }
    }
}
