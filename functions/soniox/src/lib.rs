//! Soniox's temporary API keys (<https://soniox.com/docs/guides/temporary-api-keys>).
//!
//! A key has one usage type: real-time transcription or real-time speech. Its lifetime bounds when
//! a session may begin. Further members bound how often, and how long a session may last.

mod error;
mod hosts;

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde::Serialize;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
    Provider, Socket, SubjectUse, TokenDetails, TokenRequest, TokenResponse, Verdict, check_grants,
};
use voicemint::settings::Reader;

use crate::hosts::SocketHosts;

/// Real-time transcription.
const TRANSCRIBE: &str = "transcribe_websocket";
/// Real-time speech.
const SPEAK: &str = "tts_rt";
/// All usage types.
const USAGE_TYPES: [&str; 2] = [TRANSCRIBE, SPEAK];
/// The permitted lifetimes of a key, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 1..=3600;
/// The permitted session durations, in seconds.
const SESSION_SECONDS: RangeInclusive<u32> = 1..=18_000;
/// The longest `client_reference_id`, in characters.
const MAX_REFERENCE_CHARS: usize = 256;
/// The subprotocol before the key (<https://soniox.com/docs/guides/websocket-authentication>).
const KEY_PROTOCOL: &str = "soniox-api-key";

/// Soniox, with the settings of a deployment.
#[derive(Debug)]
pub struct Soniox {
    base_url: BaseUrl,
    sockets: SocketHosts,
    allowed: Vec<&'static str>,
    lifetimes: Lifetimes,
    session_cap: Option<u32>,
    single_use: bool,
}

/// What only Soniox's token requests have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// The longest duration of a session that is opened with the key, in seconds. `None` leaves it
    /// to Soniox.
    pub max_session_duration: Option<u32>,
}

/// The body of the call that mints. Soniox's defaults are not documented for all members, so each
/// member with a value is sent.
#[derive(Serialize)]
struct MintBody<'a> {
    usage_type: &'a str,
    expires_in_seconds: u32,
    single_use: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_session_duration_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_reference_id: Option<&'a str>,
}

impl Provider for Soniox {
    const NAME: &'static str = "soniox";
    // Usage logs show it for each session, and a client cannot replace it.
    const SUBJECT: SubjectUse = SubjectUse::Optional {
        max_chars: MAX_REFERENCE_CHARS,
    };
    type Options = Options;
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        let base_url = reader.base_url("PROVIDER_BASE_URL", "https://api.soniox.com");
        Self {
            sockets: SocketHosts::new(&base_url),
            base_url,
            allowed: reader.choices("ALLOWED_USAGE_TYPES", &USAGE_TYPES, &USAGE_TYPES),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
            session_cap: reader.whole_number(
                "MAX_SESSION_DURATION_SECONDS",
                SESSION_SECONDS,
                "seconds",
            ),
            single_use: reader.boolean("SINGLE_USE").unwrap_or(true),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn hosts(&self) -> Vec<&str> {
        self.sockets.public()
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Options>, Problem> {
        let usage_type = fields.choice_or_only("usage_type", &USAGE_TYPES, &self.allowed);
        let names = ["expires_in_seconds", "expires_in"];
        let expires_in = self.lifetimes.take(&mut fields, names);
        let max = self.session_cap.unwrap_or(*SESSION_SECONDS.end());
        let session = fields.whole_number(
            "max_session_duration_seconds",
            *SESSION_SECONDS.start()..=max,
            "seconds",
        );
        fields.finish()?;
        let grants = usage_type.into_iter().collect::<Vec<_>>();
        check_grants(&grants, &self.allowed, "ALLOWED_USAGE_TYPES")?;
        Ok(TokenRequest::new(expires_in)
            .with_grants(grants)
            .with_single_use(self.single_use)
            .with_options(Options {
                max_session_duration: session.or(self.session_cap),
            }))
    }

    fn mint(&self, context: &MintContext<'_, Options>) -> Result<Mint, MintError> {
        let request = context.request();
        let usage_type = request.grants().first();
        let body = MintBody {
            usage_type: usage_type.ok_or(MintError::Missing("usage type"))?,
            expires_in_seconds: request.expires_in(),
            single_use: request.is_single_use(),
            max_session_duration_seconds: request.options().max_session_duration,
            client_reference_id: context.subject(),
        };
        let url = format!("{}/v1/auth/temporary-api-key", self.base_url.as_str());
        let call = Request::post(url)
            .header(header::AUTHORIZATION, context.key()?.header("Bearer ")?)
            .header(header::CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(&body)?.into())?;
        Ok(call.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_, Options>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(response.body())?;
        let minted = MintedToken::new(response.token("api_key")?);
        Ok(minted.expires_at(response.iso_time("expires_at")?))
    }

    fn details(
        &self,
        request: &TokenRequest<Options>,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let (name, host, path) = if request.has_grant(SPEAK) {
            (SPEAK, &self.sockets.speech, "/tts-websocket")
        } else {
            (
                TRANSCRIBE,
                &self.sockets.transcription,
                "/transcribe-websocket",
            )
        };
        let socket =
            Socket::new(name, host, path).with_protocols([KEY_PROTOCOL, token.token.expose()]);
        TokenDetails::new(host).with_socket(socket)
    }

    fn verdict(&self, status: StatusCode, body: &[u8]) -> Verdict {
        error::verdict(status, body)
    }

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        error::known_type(body)
    }
}

#[cfg(test)]
mod tests;
