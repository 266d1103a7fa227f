//! Gemini Live's ephemeral tokens (<https://ai.google.dev/gemini-api/docs/ephemeral-tokens>).
//!
//! A token opens one session at the constrained socket of `v1alpha`. It has two times: until when a
//! session can be started, and until when its messages are accepted. The whole setup of the session
//! comes from the token, so that the client's has no effect.

mod error;
mod profile;
mod request;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Mint, MintContext, MintError, MintedToken, Provider, Socket,
    TokenDetails, TokenRequest, TokenResponse, Verdict, rfc3339,
};
use voicemint::settings::Reader;

use crate::error::GoogleError;
pub use crate::profile::LiveSetup;
use crate::request::Durations;
pub use crate::request::Options;

/// The socket that accepts tokens (@google/genai 3.3.0). The socket without `Constrained` does not.
const SOCKET: &str =
    "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained";
/// How each token begins.
const TOKEN_PREFIX: &str = "auth_tokens/";

/// Gemini Live, with the settings of a deployment.
#[derive(Debug)]
pub struct Gemini {
    base_url: BaseUrl,
    durations: Durations,
}

impl Provider for Gemini {
    const NAME: &'static str = "gemini";
    type Options = Options;
    type Profile = LiveSetup;

    fn from_settings(reader: &mut Reader) -> Self {
        let default = "https://generativelanguage.googleapis.com";
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", default),
            durations: Durations::from_settings(reader),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Options>, Problem> {
        let (expires_in, options) = self.durations.take(&mut fields);
        fields.finish()?;
        Ok(TokenRequest::new(expires_in)
            .with_single_use(true)
            .with_options(options))
    }

    fn mint(&self, context: &MintContext<'_, Options, LiveSetup>) -> Result<Mint, MintError> {
        let request = context.request();
        let start = context.now().as_secs();
        // Without a field mask, the token locks the whole setup, set or not.
        let body = format!(
            r#"{{"uses":1,"expireTime":"{}","newSessionExpireTime":"{}","bidiGenerateContentSetup":{}}}"#,
            rfc3339(request.options().session_ends(start)),
            rfc3339(start + u64::from(request.expires_in())),
            context.profile()?.json(),
        );
        let call = Request::post(format!("{}/v1alpha/auth_tokens", self.base_url.as_str()))
            .header("x-goog-api-key", context.key()?.header("")?)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())?;
        Ok(call.into())
    }

    fn parse_token(
        &self,
        context: &MintContext<'_, Options, LiveSetup>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(response.body())?;
        let token = response.token("name")?;
        if !is_token_name(token.expose()) {
            return Err("the provider's token does not begin with auth_tokens/");
        }
        let asked = context
            .request()
            .options()
            .session_ends(context.now().as_secs());
        let (start_by, session_ends) = stated_times(&response, asked)?;
        Ok(MintedToken::new(token)
            .expires_at(Some(start_by))
            .with_member("session_expires_at", rfc3339(session_ends)))
    }

    fn details(
        &self,
        _request: &TokenRequest<Options>,
        token: &IssuedToken,
        _profile: Option<&LiveSetup>,
    ) -> TokenDetails<'_> {
        let socket = Socket::new("live", &self.base_url, SOCKET)
            .with_query("access_token", token.token.expose());
        TokenDetails::new(&self.base_url).with_socket(socket)
    }

    fn verdict(&self, status: StatusCode, body: &[u8]) -> Verdict {
        GoogleError::parse(body).verdict(status)
    }

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        GoogleError::parse(body).known_code()
    }
}

/// Whether a text is the name of a token: the prefix, and something after it.
fn is_token_name(text: &str) -> bool {
    text.strip_prefix(TOKEN_PREFIX)
        .is_some_and(|id| !id.is_empty())
}

/// Until when a session can be started, and until when its messages are accepted: as the response
/// states, but not later than `asked`. Google documents both times as input only, so they may be
/// absent.
///
/// # Errors
/// A clause for the log, if one of them is not a time.
fn stated_times(response: &TokenResponse, asked: u64) -> Result<(u64, u64), &'static str> {
    let session_ends = response.iso_time("expireTime")?.unwrap_or(asked).min(asked);
    let start_by = response.iso_time("newSessionExpireTime")?;
    let start_by = start_by.unwrap_or(session_ends).min(session_ends);
    Ok((start_by, session_ends))
}

#[cfg(test)]
mod tests;
