//! What only requests for LiveKit's tokens have.

use serde::Serialize;

/// What a request for a LiveKit token also has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Options {
    /// The caller's part of the room's name.
    pub(crate) room_name: Option<String>,
    /// The name that other participants see.
    pub(crate) participant_name: Option<String>,
}
