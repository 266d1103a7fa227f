//! OpenAI's client secrets for Realtime sessions
//! (<https://platform.openai.com/docs/api-reference/realtime-sessions/create-realtime-client-secret>).
//!
//! A client secret opens sessions of one type until it expires. It carries a configuration, the
//! profile, which the client can change.

mod error;
mod profile;
#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, Provider,
    ProviderToken, Socket, TokenDetails, TokenRequest, TokenResponse, Verdict,
};
use voicemint::settings::Reader;

pub use crate::profile::{SessionProfile, SessionType};

/// The permitted lifetimes of a client secret, in seconds.
const LIFETIME_SECONDS: RangeInclusive<u32> = 10..=7200;

/// OpenAI Realtime, with the settings of a deployment.
#[derive(Debug)]
pub struct OpenAi {
    base_url: BaseUrl,
    lifetimes: Lifetimes,
}

impl Provider for OpenAi {
    const NAME: &'static str = "openai";
    type Options = ();
    type Profile = SessionProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.openai.com"),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        let expires_in = self.lifetimes.take(&mut fields, ["expires_in"]);
        fields.finish()?;
        // By the specification a client secret opens several sessions, but a reused one was reported
        // to be refused. To be safe, none is issued twice.
        Ok(TokenRequest::new(expires_in).with_single_use(true))
    }

    fn mint(&self, context: &MintContext<'_, (), SessionProfile>) -> Result<Mint, MintError> {
        let profile = context.profile()?;
        let path = match profile.session_type() {
            SessionType::Realtime | SessionType::Transcription => "/v1/realtime/client_secrets",
            SessionType::Translation => "/v1/realtime/translations/client_secrets",
        };
        let body = MintBody {
            expires_after: ExpiresAfter {
                anchor: "created_at",
                seconds: context.request().expires_in(),
            },
            session: profile.session(),
        };
        let request = Request::post(format!("{}{path}", self.base_url.as_str()))
            .header(header::AUTHORIZATION, context.key()?.header("Bearer ")?)
            .header(header::CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(&body)?.into())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_, (), SessionProfile>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(response.body())?;
        let token = response.token("value")?;
        if !is_subprotocol(&token) {
            return Err("the provider's token cannot be sent as a subprotocol");
        }
        // The response also has the session with its instructions, which no caller may see.
        let minted = MintedToken::new(token);
        Ok(minted.expires_at(response.seconds("expires_at")?))
    }

    fn details(
        &self,
        _request: &TokenRequest,
        token: &IssuedToken,
        profile: Option<&SessionProfile>,
    ) -> TokenDetails<'_> {
        let details = TokenDetails::new(&self.base_url);
        match profile {
            Some(profile) => details.with_socket(self.socket(profile, &token.token)),
            None => details,
        }
    }

    fn verdict(&self, status: StatusCode, body: &[u8]) -> Verdict {
        error::verdict(status, body)
    }

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        error::known(body)
    }
}

impl OpenAi {
    /// The socket of a profile's sessions
    /// (<https://platform.openai.com/docs/guides/realtime-websocket>). Browsers cannot send headers,
    /// so the token is a subprotocol.
    fn socket(&self, profile: &SessionProfile, token: &ProviderToken) -> Socket {
        let socket = |name, path| Socket::new(name, &self.base_url, path);
        let socket = match profile.session_type() {
            SessionType::Realtime => {
                socket("realtime", "/v1/realtime").with_query("model", profile.model())
            }
            SessionType::Transcription => {
                socket("transcription", "/v1/realtime").with_query("intent", "transcription")
            }
            SessionType::Translation => socket("translation", "/v1/realtime/translations")
                .with_query("model", profile.model()),
        };
        let secret = format!("openai-insecure-api-key.{}", token.expose());
        socket.with_protocols(["realtime".to_owned(), secret])
    }
}

/// Whether a token can be part of a subprotocol: browsers refuse other characters than those of
/// HTTP's tokens (RFC 6455 section 4.1, RFC 9110 section 5.6.2).
fn is_subprotocol(token: &ProviderToken) -> bool {
    let is_separator = |byte: u8| b"\"(),/:;<=>?@[\\]{}".contains(&byte);
    !token.expose().bytes().any(is_separator)
}

/// The body of the call that mints.
#[derive(Serialize)]
struct MintBody<'a> {
    expires_after: ExpiresAfter,
    session: &'a RawValue,
}

#[derive(Serialize)]
struct ExpiresAfter {
    anchor: &'static str,
    seconds: u32,
}
