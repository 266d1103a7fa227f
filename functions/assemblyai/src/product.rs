//! AssemblyAI's products that have one-time tokens: streaming speech to text, and the Voice Agent
//! API. Each has a host of its own, which mints the tokens and accepts them.

use serde::Serialize;

/// A product of AssemblyAI. The common token service at `token.assemblyai.com` is not used: its
/// tokens are reusable, and open every product unless they are narrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Product {
    /// Streaming speech to text
    /// (<https://www.assemblyai.com/docs/streaming/api-spec/generate-streaming-token>).
    Streaming,
    /// The Voice Agent API, which answers speech with speech
    /// (<https://www.assemblyai.com/docs/voice-agents/voice-agent-api/browser-integration>).
    Agent,
}

impl Product {
    /// The names of all products, the preferred one first.
    pub const NAMES: [&'static str; 2] = [Self::Streaming.name(), Self::Agent.name()];

    /// The product with this name. Unknown names do not occur: requests and settings are checked
    /// against [`Product::NAMES`].
    pub(crate) fn named(name: &str) -> Self {
        if name == Self::Agent.name() {
            Self::Agent
        } else {
            Self::Streaming
        }
    }

    /// The name in requests, in settings and in `connect`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Streaming => "streaming",
            Self::Agent => "agent",
        }
    }

    /// The name that `GRANTS_CLAIM` uses. The API has no grants.
    pub const fn grant(self) -> &'static str {
        match self {
            Self::Streaming => "stt",
            Self::Agent => "agent",
        }
    }

    /// The public host.
    pub(crate) const fn host(self) -> &'static str {
        match self {
            Self::Streaming => "https://streaming.assemblyai.com",
            Self::Agent => "https://agents.assemblyai.com",
        }
    }

    /// The path of the mint endpoint.
    pub(crate) const fn mint_path(self) -> &'static str {
        match self {
            Self::Streaming => "/v3/token",
            Self::Agent => "/v1/token",
        }
    }

    /// The path of the socket.
    pub(crate) const fn socket_path(self) -> &'static str {
        match self {
            Self::Streaming => "/v3/ws",
            Self::Agent => "/v1/ws",
        }
    }
}
