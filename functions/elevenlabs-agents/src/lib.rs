//! ElevenLabs Agents: signed URLs for WebSockets
//! (<https://elevenlabs.io/docs/api-reference/conversations/get-signed-url>) and conversation tokens
//! for WebRTC (<https://elevenlabs.io/docs/api-reference/conversations/get-webrtc-token>).
//!
//! Both expire after 15 minutes and open one conversation with the agent of the profile.

mod agent;
mod error;
mod livekit;
mod signed_url;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::Serialize;
use serde_json::Value;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Mint, MintContext, MintError, MintedToken, Provider,
    ProviderToken, Socket, SubjectUse, TokenDetails, TokenRequest, TokenResponse, Verdict,
    check_grants,
};
use voicemint::settings::Reader;

pub use crate::agent::Agent;
use crate::signed_url::SignedUrl;

/// The connections that a token can be for.
const CONNECTIONS: [&str; 2] = ["websocket", "webrtc"];
/// The lifetime of every token, in seconds. The vendor's responses do not state it.
const LIFETIME_SECONDS: u32 = 900;
/// The subprotocol of the conversation's socket (@elevenlabs/client 1.25.0).
const SUBPROTOCOL: &str = "convai";
/// The longest `participant_name` that is sent. The vendor publishes no limit.
const MAX_PARTICIPANT_CHARS: usize = 128;
/// The longest id of a conversation that is accepted.
const MAX_CONVERSATION_ID_BYTES: usize = 128;

const DEFAULT_BASE_URL: &str = "https://api.elevenlabs.io";

/// ElevenLabs Agents, with the settings of a deployment.
#[derive(Debug)]
pub struct ElevenLabsAgents {
    base_url: BaseUrl,
    allowed: Vec<&'static str>,
}

/// How a page connects with the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Connection {
    /// The token is the URL of a WebSocket.
    Websocket,
    /// The token opens a room of LiveKit.
    Webrtc,
}

impl Provider for ElevenLabsAgents {
    const NAME: &'static str = "elevenlabs-agents";
    const SUBJECT: SubjectUse = SubjectUse::Optional {
        max_chars: MAX_PARTICIPANT_CHARS,
    };
    type Options = Connection;
    type Profile = Agent;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", DEFAULT_BASE_URL),
            allowed: reader.choices("ALLOWED_CONNECTIONS", &CONNECTIONS, &["websocket"]),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest<Connection>, Problem> {
        let named = fields.choice("connection", &CONNECTIONS);
        // The lifetime is fixed: a caller may send it, but no other value.
        fields.whole_number("expires_in", LIFETIME_SECONDS..=LIFETIME_SECONDS, "seconds");
        fields.finish()?;
        let is_allowed = |name: &&str| self.allowed.contains(name);
        let default = CONNECTIONS.into_iter().find(is_allowed);
        let connection = named.or(default).unwrap_or("websocket");
        check_grants(&[connection], &self.allowed, "ALLOWED_CONNECTIONS")?;
        // GRANTS_CLAIM lists profiles, so a connection is no grant.
        let connection = match connection {
            "webrtc" => Connection::Webrtc,
            _ => Connection::Websocket,
        };
        Ok(TokenRequest::new(LIFETIME_SECONDS)
            .with_single_use(true)
            .with_options(connection))
    }

    fn mint(&self, context: &MintContext<'_, Connection, Agent>) -> Result<Mint, MintError> {
        let mut query = context.profile()?.query();
        let call = match context.request().options() {
            Connection::Websocket => {
                // Without an id of the conversation, a signed URL opens any number of them.
                query.append_pair("include_conversation_id", "true");
                "get-signed-url"
            }
            Connection::Webrtc => {
                if let Some(subject) = context.subject() {
                    query.append_pair("participant_name", subject);
                }
                "token"
            }
        };
        let (base_url, query) = (self.base_url.as_str(), query.finish());
        let url = format!("{base_url}/v1/convai/conversation/{call}?{query}");
        let request = Request::get(url)
            .header("xi-api-key", context.key()?.header("")?)
            .body(Bytes::new())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        context: &MintContext<'_, Connection, Agent>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        let response = TokenResponse::parse(response.body())?;
        let minted = match context.request().options() {
            Connection::Websocket => parse_signed_url(&response, &self.base_url)?,
            Connection::Webrtc => parse_conversation_token(&response)?,
        };
        let (token, expires_at, conversation_id) = minted;
        let mut minted = MintedToken::new(token).expires_at(expires_at);
        if let Some(id) = conversation_id {
            minted = minted.with_member("conversation_id", id);
        }
        Ok(minted)
    }

    fn details(
        &self,
        request: &TokenRequest<Connection>,
        token: &IssuedToken,
        _profile: Option<&Agent>,
    ) -> TokenDetails<'_> {
        let details = TokenDetails::new(&self.base_url);
        match request.options() {
            Connection::Websocket => {
                let url = token.token.expose().to_owned();
                let socket = Socket::at("conversation", url);
                details.with_socket(socket.with_protocols([SUBPROTOCOL]))
            }
            Connection::Webrtc => {
                details.with_member("livekit_url", livekit::url(self.base_url.as_str()))
            }
        }
    }

    fn verdict(&self, status: StatusCode, body: &[u8]) -> Verdict {
        error::verdict(status, body)
    }

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        error::code_for_log(body)
    }
}

/// A token, when it expires by its own statement, and the id of the conversation.
type Parsed = (ProviderToken, Option<u64>, Option<String>);

/// Reads a response with a signed URL, in whose query the id is.
fn parse_signed_url(response: &TokenResponse, base_url: &BaseUrl) -> Result<Parsed, &'static str> {
    let url = response.text("signed_url");
    let url = url.ok_or("the provider's response has no signed URL")?;
    let url = SignedUrl::parse(url, base_url)?;
    let id = url.conversation_id().filter(|id| !id.is_empty());
    let id = id.map(checked_id).transpose()?;
    Ok((url.token()?, None, id))
}

/// Reads a response with a conversation token and an id.
fn parse_conversation_token(response: &TokenResponse) -> Result<Parsed, &'static str> {
    let token = response.token("token")?;
    let expires_at = livekit::expires_at(token.expose())?;
    let id = match response.member("conversation_id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if id.is_empty() => None,
        Some(Value::String(id)) => Some(checked_id(id.clone())?),
        Some(_) => return Err(INVALID_ID),
    };
    Ok((token, expires_at, id))
}

const INVALID_ID: &str = "the provider's response has an invalid id of the conversation";

/// An id of 1 to [`MAX_CONVERSATION_ID_BYTES`] of visible ASCII.
fn checked_id(id: String) -> Result<String, &'static str> {
    let is_short = (1..=MAX_CONVERSATION_ID_BYTES).contains(&id.len());
    if is_short && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(id)
    } else {
        Err(INVALID_ID)
    }
}
