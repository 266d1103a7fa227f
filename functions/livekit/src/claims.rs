//! The claims of an access token (<https://docs.livekit.io/frontends/reference/tokens-grants/>, and
//! `AccessToken` of livekit-server-sdk 2.19).

use serde::Serialize;
use voicemint::provider::{MintContext, MintError};

use crate::options::Options;
use crate::profile::RoomProfile;

/// The longest identity that LiveKit's server accepts by default, in bytes
/// (`max_participant_identity_length` of its configuration).
pub(crate) const MAX_IDENTITY_BYTES: usize = 256;

/// The claims of a token that lets a participant join a room.
#[derive(Serialize)]
pub(crate) struct Claims<'a> {
    /// The API key.
    iss: &'a str,
    /// The participant's identity. A second participant of the same identity replaces the first.
    sub: &'a str,
    /// The start of the validity, and its end: seconds since the Unix epoch.
    nbf: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a str>,
    video: VideoGrant,
    #[serde(rename = "roomConfig", skip_serializing_if = "Option::is_none")]
    room_config: Option<RoomConfiguration<'a>>,
}

/// What the participant may do. All permissions are written, so that a default has no say.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VideoGrant {
    room: String,
    room_join: bool,
    can_publish: bool,
    can_subscribe: bool,
    can_publish_data: bool,
}

/// What LiveKit does when it creates the room.
#[derive(Serialize)]
struct RoomConfiguration<'a> {
    agents: [AgentDispatch<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AgentDispatch<'a> {
    agent_name: &'a str,
}

impl<'a> Claims<'a> {
    /// The claims of a request, issued by this API key.
    ///
    /// # Errors
    /// [`MintError::Missing`] without a profile or a subject.
    pub(crate) fn new(
        context: &MintContext<'a, Options, RoomProfile>,
        api_key: &'a str,
    ) -> Result<Self, MintError> {
        let (request, profile) = (context.request(), context.profile()?);
        let subject_hash = context.subject_hash()?;
        let options = request.options();
        let identity = context.subject().ok_or(MintError::Missing("subject"))?;
        // A subject of other characters than ASCII may have more bytes than characters.
        let identity = if identity.len() > MAX_IDENTITY_BYTES {
            subject_hash
        } else {
            identity
        };
        let now = context.now().as_secs();
        let permissions = profile.permissions;
        Ok(Self {
            iss: api_key,
            sub: identity,
            nbf: now,
            exp: now + u64::from(request.expires_in()),
            name: options.participant_name.as_deref(),
            metadata: profile.metadata.as_deref(),
            video: VideoGrant {
                room: profile.room(subject_hash, options.room_name.as_deref()),
                room_join: true,
                can_publish: permissions.can_publish,
                can_subscribe: permissions.can_subscribe,
                can_publish_data: permissions.can_publish_data,
            },
            room_config: profile
                .agent_name
                .as_deref()
                .map(|agent_name| RoomConfiguration {
                    agents: [AgentDispatch { agent_name }],
                }),
        })
    }
}
