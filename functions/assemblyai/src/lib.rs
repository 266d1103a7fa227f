//! AssemblyAI's streaming tokens
//! (<https://www.assemblyai.com/docs/streaming/api-spec/generate-streaming-token>).
//!
//! A token opens one session within its lifetime. Another field limits the duration of that session.

use bytes::Bytes;
use http::{Request, header};
use voicemint::problem::Problem;
use voicemint::provider::request::{Fields, TokenRequest};
use voicemint::provider::token::{MintedToken, TokenResponse};
use voicemint::provider::{ApiKey, Lifetimes, Provider};
use voicemint::settings::Reader;

/// The longest lifetime of a token, in seconds.
const MAX_SECONDS: u32 = 600;
/// The permitted session durations, in seconds.
const SESSION_SECONDS: std::ops::RangeInclusive<u32> = 60..=10_800;
/// The grant of every token: streaming speech to text. The API has no grants, but `GRANTS_CLAIM` uses
/// this name.
const GRANT: &str = "stt";

/// AssemblyAI, with the settings of a deployment.
#[derive(Debug)]
pub struct AssemblyAi {
    base_url: String,
    lifetimes: Lifetimes,
    session_cap: Option<u32>,
}

impl Provider for AssemblyAi {
    const NAME: &'static str = "assemblyai";
    const COOKIE: &'static str = "__Host-assemblyai-token";
    const SINGLE_USE: bool = true;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://streaming.assemblyai.com"),
            lifetimes: Lifetimes::from_settings(reader, MAX_SECONDS),
            session_cap: reader.whole_number(
                "MAX_SESSION_DURATION_SECONDS",
                SESSION_SECONDS,
                "seconds",
            ),
        }
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        if fields.has("expires_in_seconds") && fields.has("expires_in") {
            fields.error(
                "expires_in",
                "is an alias of expires_in_seconds: send only one of them",
            );
        }
        let lifetime = 1..=self.lifetimes.max;
        let expires_in = fields.whole_number("expires_in_seconds", lifetime.clone());
        let alias = fields.whole_number("expires_in", lifetime);
        let max = self.session_cap.unwrap_or(*SESSION_SECONDS.end());
        let session = fields.whole_number(
            "max_session_duration_seconds",
            *SESSION_SECONDS.start()..=max,
        );
        fields.finish()?;
        Ok(TokenRequest {
            grants: vec![GRANT],
            expires_in: expires_in.or(alias).unwrap_or(self.lifetimes.default),
            max_session_duration: session.or(self.session_cap),
        })
    }

    fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>> {
        let mut url = format!(
            "{}/v3/token?expires_in_seconds={}",
            self.base_url, request.expires_in
        );
        if let Some(seconds) = request.max_session_duration {
            url.push_str(&format!("&max_session_duration_seconds={seconds}"));
        }
        Request::get(url)
            .header(header::AUTHORIZATION, key.header("")?)
            .body(Bytes::new())
    }

    fn parse_token(
        &self,
        request: &TokenRequest,
        body: &[u8],
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(body)?;
        let token = response.token("token")?;
        let expires_in = match response.member("expires_in_seconds") {
            None => Some(request.expires_in),
            Some(seconds) => seconds
                .as_u64()
                .and_then(|seconds| u32::try_from(seconds).ok()),
        };
        let expires_in = expires_in.filter(|seconds| *seconds > 0);
        let expires_in = expires_in.ok_or("the provider's response has no valid lifetime")?;
        Ok(MintedToken { token, expires_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assemblyai(cap: &'static str) -> AssemblyAi {
        let environment = [("MAX_SESSION_DURATION_SECONDS", cap)];
        let mut reader = Reader::new(&environment);
        let provider = AssemblyAi::from_settings(&mut reader);
        reader.finish(Some(provider)).unwrap()
    }

    fn token_request(provider: &AssemblyAi, query: &str) -> Result<TokenRequest, Problem> {
        provider.token_request(Fields::read(
            &Request::get(format!("/?{query}"))
                .body(Bytes::new())
                .unwrap(),
        )?)
    }

    #[test]
    fn the_lifetime_has_two_names_but_only_one_may_be_sent() {
        assert_eq!(
            token_request(&assemblyai(""), "expires_in_seconds=90")
                .ok()
                .unwrap()
                .expires_in,
            90
        );
        assert_eq!(
            token_request(&assemblyai(""), "expires_in=90")
                .ok()
                .unwrap()
                .expires_in,
            90
        );
        assert!(token_request(&assemblyai(""), "expires_in=90&expires_in_seconds=90").is_err());
        assert!(token_request(&assemblyai(""), "expires_in=601").is_err());
    }

    #[test]
    fn the_deployment_limits_the_session_duration() {
        assert_eq!(
            token_request(&assemblyai(""), "")
                .ok()
                .unwrap()
                .max_session_duration,
            None
        );
        assert_eq!(
            token_request(&assemblyai("120"), "")
                .ok()
                .unwrap()
                .max_session_duration,
            Some(120)
        );
        assert_eq!(
            token_request(&assemblyai("120"), "max_session_duration_seconds=60")
                .ok()
                .unwrap()
                .max_session_duration,
            Some(60)
        );
        assert!(token_request(&assemblyai("120"), "max_session_duration_seconds=121").is_err());
        assert!(token_request(&assemblyai(""), "max_session_duration_seconds=59").is_err());
    }

    #[test]
    fn the_response_states_the_lifetime() {
        let provider = assemblyai("");
        let request = token_request(&provider, "").ok().unwrap();
        let read = |body: &str| {
            provider
                .parse_token(&request, body.as_bytes())
                .ok()
                .map(|minted| minted.expires_in)
        };
        assert_eq!(read(r#"{"token":"t","expires_in_seconds":50}"#), Some(50));
        assert_eq!(
            read(r#"{"token":"t","expires_in_seconds":3600}"#),
            Some(3600)
        );
        assert_eq!(read(r#"{"token":"t"}"#), Some(60));
        for body in [
            r#"{"token":"t","expires_in_seconds":0}"#,
            r#"{"token":"t","expires_in_seconds":-1}"#,
            "{}",
        ] {
            assert_eq!(read(body), None, "{body}");
        }
    }
}
