//! AssemblyAI's streaming tokens
//! (<https://www.assemblyai.com/docs/streaming/api-spec/generate-streaming-token>).
//!
//! A token opens one session within its lifetime. Another field limits the duration of that session.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, header};
use serde::Serialize;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
    Provider, Socket, TokenDetails, TokenRequest, TokenResponse,
};
use voicemint::settings::Reader;

/// The permitted lifetimes of a token, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 1..=600;
/// The permitted session durations, in seconds.
const SESSION_SECONDS: RangeInclusive<u32> = 60..=10_800;
/// The grant of every token: streaming speech to text. The API has no grants, but `GRANTS_CLAIM` uses
/// this name.
const GRANT: &str = "stt";

/// AssemblyAI, with the settings of a deployment.
#[derive(Debug)]
pub struct AssemblyAi {
    base_url: BaseUrl,
    lifetimes: Lifetimes,
    session_cap: Option<u32>,
}

/// What only AssemblyAI's token requests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// The longest duration of a session that is opened with the token, in seconds. `None` leaves it
    /// to AssemblyAI.
    pub max_session_duration: Option<u32>,
}

impl Provider for AssemblyAi {
    const NAME: &'static str = "assemblyai";
    type Options = Options;
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://streaming.assemblyai.com"),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
            session_cap: reader.whole_number(
                "MAX_SESSION_DURATION_SECONDS",
                SESSION_SECONDS,
                "seconds",
            ),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Options>, Problem> {
        let names = ["expires_in_seconds", "expires_in"];
        let expires_in = self.lifetimes.take(&mut fields, names);
        let max = self.session_cap.unwrap_or(*SESSION_SECONDS.end());
        let session = fields.whole_number(
            "max_session_duration_seconds",
            *SESSION_SECONDS.start()..=max,
            "seconds",
        );
        fields.finish()?;
        Ok(TokenRequest::new(expires_in)
            .with_grants([GRANT])
            .with_single_use(true)
            .with_options(Options {
                max_session_duration: session.or(self.session_cap),
            }))
    }

    fn mint(&self, context: &MintContext<'_, Options>) -> Result<Mint, MintError> {
        let request = context.request();
        let mut url = format!(
            "{}/v3/token?expires_in_seconds={}",
            self.base_url.as_str(),
            request.expires_in()
        );
        if let Some(seconds) = request.options().max_session_duration {
            url.push_str(&format!("&max_session_duration_seconds={seconds}"));
        }
        let request = Request::get(url)
            .header(header::AUTHORIZATION, context.key()?.header("")?)
            .body(Bytes::new())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_, Options>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(response.body())?;
        let minted = MintedToken::new(response.token("token")?);
        Ok(match response.seconds("expires_in_seconds")? {
            Some(seconds) => minted.expires_in(seconds),
            None => minted,
        })
    }

    fn details(
        &self,
        _request: &TokenRequest<Options>,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let socket = Socket::new("streaming", &self.base_url, "/v3/ws")
            .with_query("token", token.token.expose());
        TokenDetails::new(&self.base_url).with_socket(socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    fn assemblyai(cap: &'static str) -> AssemblyAi {
        let environment = [("MAX_SESSION_DURATION_SECONDS", cap)];
        let mut reader = Reader::new(&environment);
        let provider = AssemblyAi::from_settings(&mut reader);
        reader.finish(Some(provider)).unwrap()
    }

    fn token_request(provider: &AssemblyAi, query: &str) -> Result<TokenRequest<Options>, Problem> {
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
                .expires_in(),
            90
        );
        assert_eq!(
            token_request(&assemblyai(""), "expires_in=90")
                .ok()
                .unwrap()
                .expires_in(),
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
                .options()
                .max_session_duration,
            None
        );
        assert_eq!(
            token_request(&assemblyai("120"), "")
                .ok()
                .unwrap()
                .options()
                .max_session_duration,
            Some(120)
        );
        assert_eq!(
            token_request(&assemblyai("120"), "max_session_duration_seconds=60")
                .ok()
                .unwrap()
                .options()
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
        let context = MintContext::new(&request, Duration::ZERO);
        let read = |body: &'static str| {
            provider.parse_token(
                &context,
                &Response::new(Bytes::from_static(body.as_bytes())),
            )
        };
        for body in [
            r#"{"token":"t","expires_in_seconds":50}"#,
            r#"{"token":"t","expires_in_seconds":3600}"#,
            r#"{"token":"t"}"#,
        ] {
            assert!(read(body).is_ok(), "{body}");
        }
        for body in [
            r#"{"token":"t","expires_in_seconds":0}"#,
            r#"{"token":"t","expires_in_seconds":-1}"#,
            "{}",
        ] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_token_opens_the_documented_sockets() {
        let provider = assemblyai("");
        let sockets = |request| {
            let request = token_request(&provider, request).unwrap();
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
            sockets(""),
            json!({"streaming": socket("wss://streaming.assemblyai.com/v3/ws?token=t-1")})
        );
    }
}
