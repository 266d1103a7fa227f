//! Deepgram's tokens (<https://developers.deepgram.com/reference/auth/tokens/grant>).
//!
//! A token can be used until it expires, for speech to text, text to speech and voice agents alike:
//! Deepgram has no narrower tokens, and locks nothing of a session.

use std::ops::RangeInclusive;

use bytes::Bytes;
use http::{Request, Response, header};
use serde::Serialize;
use serde_json::Value;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Lifetimes, Mint, MintContext, MintError, MintedToken, NoProfile,
    Provider, Socket, TokenDetails, TokenRequest, TokenResponse, known_code,
};
use voicemint::settings::Reader;

/// The permitted lifetimes of a token, in seconds
/// (<https://github.com/deepgram/deepgram-js-sdk/issues/420>).
const LIFETIME_SECONDS: RangeInclusive<u32> = 1..=3600;
/// The grants of every token. The API has no grants, but `GRANTS_CLAIM` uses these names: a session
/// must list all of them, as a token opens all.
const GRANTS: [&str; 3] = ["listen", "speak", "agent"];
/// The hosts (@deepgram/sdk 5.13.0, `environments.js`).
const HOST: &str = "https://api.deepgram.com";
const AGENT_HOST: &str = "https://agent.deepgram.com";
/// The subprotocol that precedes the token in a browser's list (@deepgram/sdk 5.13.0).
const SUBPROTOCOL: &str = "bearer";

/// The error codes that the log shows (<https://developers.deepgram.com/docs/errors>, and the page of
/// the endpoint).
const ERROR_CODES: [&str; 4] = [
    "INVALID_AUTH",
    "FORBIDDEN",
    "INSUFFICIENT_PERMISSIONS",
    "INVALID_JSON",
];

/// Deepgram, with the settings of a deployment.
#[derive(Debug)]
pub struct Deepgram {
    base_url: BaseUrl,
    /// `None` if only another base URL is known: its agents can be anywhere.
    agent_url: Option<BaseUrl>,
    lifetimes: Lifetimes,
}

impl Provider for Deepgram {
    const NAME: &'static str = "deepgram";
    type Options = ();
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        let has_own_base_url = reader.optional("PROVIDER_BASE_URL").is_some();
        let public_agent_url = || (!has_own_base_url).then(|| BaseUrl::new(AGENT_HOST));
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", HOST),
            agent_url: reader
                .optional_base_url("AGENT_BASE_URL", AGENT_HOST)
                .or_else(public_agent_url),
            lifetimes: Lifetimes::from_settings(reader, LIFETIME_SECONDS),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn hosts(&self) -> Vec<&str> {
        let agent_url = self.agent_url.iter().map(BaseUrl::public);
        let mut hosts = vec![self.base_url.public()];
        hosts.extend(agent_url.filter(|url| *url != self.base_url.public()));
        hosts
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        let expires_in = self
            .lifetimes
            .take(&mut fields, ["ttl_seconds", "expires_in"]);
        fields.finish()?;
        Ok(TokenRequest::new(expires_in).with_grants(GRANTS))
    }

    fn mint(&self, context: &MintContext<'_>) -> Result<Mint, MintError> {
        let body = MintBody {
            ttl_seconds: context.request().expires_in(),
        };
        let request = Request::post(format!("{}/v1/auth/grant", self.base_url.as_str()))
            .header(header::AUTHORIZATION, context.key()?.header("Token ")?)
            .header(header::CONTENT_TYPE, "application/json")
            .body(serde_json::to_vec(&body)?.into())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(response.body())?;
        let token = response.token("access_token")?;
        if !token.expose().bytes().all(is_token_character) {
            return Err("the provider's token cannot be a WebSocket subprotocol");
        }
        let minted = MintedToken::new(token);
        // Optional in the specification: without it the lifetime is the requested one.
        Ok(minted.expires_in(response.seconds("expires_in")?))
    }

    fn details(
        &self,
        _request: &TokenRequest,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let socket = |name, host, path| {
            Socket::new(name, host, path).with_protocols([SUBPROTOCOL, token.token.expose()])
        };
        let details = TokenDetails::new(&self.base_url)
            .with_socket(socket("listen", &self.base_url, "/v1/listen"))
            .with_socket(socket("speak", &self.base_url, "/v1/speak"));
        match &self.agent_url {
            Some(host) => details.with_socket(socket("agent", host, "/v1/agent/converse")),
            None => details,
        }
    }

    /// Deepgram's errors have `err_code`, or `category`, or are plain text without any code.
    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let code = body.get("err_code").or_else(|| body.get("category"))?;
        known_code(code.as_str()?, &ERROR_CODES)
    }
}

/// The body of the call that mints.
#[derive(Serialize)]
struct MintBody {
    ttl_seconds: u32,
}

/// Whether a subprotocol may have this character: `tchar` of RFC 9110 section 5.6.2, without which
/// `new WebSocket` fails in browsers.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests;
