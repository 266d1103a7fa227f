//! A profile: the room that a participant joins, and what the participant may do there.

use std::fmt;

use serde_json::{Map, Value};
use voicemint::provider::{ProfileFormat, ProfileReader};

/// The part of a room's name that stands for the keyed hash of the subject.
const SUBJECT: &str = "{subject}";
/// The part of a room's name that stands for the caller's `room_name`.
const ROOM_NAME: &str = "{room_name}";

/// The longest name of a room, before its parts are filled in, and of an agent, in bytes.
const MAX_ROOM_BYTES: usize = 128;
const MAX_AGENT_NAME_BYTES: usize = 128;
/// The longest metadata, in bytes: the token travels in a URL.
const MAX_METADATA_BYTES: usize = 4096;

/// A room, and what a participant may do there. `Debug` does not show it.
pub struct RoomProfile {
    room: String,
    /// The agent that LiveKit dispatches to the room.
    pub(crate) agent_name: Option<String>,
    /// The participant's metadata, which all participants of the room can read.
    pub(crate) metadata: Option<String>,
    pub(crate) permissions: Permissions,
}

/// What a participant may do. Everything that a profile does not mention is permitted, as at LiveKit.
#[derive(Clone, Copy)]
pub(crate) struct Permissions {
    pub(crate) can_publish: bool,
    pub(crate) can_subscribe: bool,
    pub(crate) can_publish_data: bool,
}

impl ProfileFormat for RoomProfile {
    const LOCKED: bool = true;
    /// LiveKit's clients have a fixed body.
    const IN_QUERY: bool = true;

    fn read(members: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut reader = ProfileReader::new(members);
        let room = reader.required_text("room");
        let is_long = room.len() > MAX_ROOM_BYTES;
        if has_unknown_part(room) || is_long || room.contains(char::is_control) {
            reader.wrong("/room");
        }
        let agent_name = reader.text("agent_name");
        if agent_name.is_some_and(|name| name.len() > MAX_AGENT_NAME_BYTES) {
            reader.wrong("/agent_name");
        }
        let metadata = reader.text("metadata");
        if metadata.is_some_and(|text| text.len() > MAX_METADATA_BYTES) {
            reader.wrong("/metadata");
        }
        let (agent_name, metadata) = (agent_name.map(str::to_owned), metadata.map(str::to_owned));
        let permissions = reader.nested("permissions", |inner| {
            let mut permits = |name| inner.boolean(name).unwrap_or(true);
            Permissions {
                can_publish: permits("can_publish"),
                can_subscribe: permits("can_subscribe"),
                can_publish_data: permits("can_publish_data"),
            }
        });
        let all = Permissions {
            can_publish: true,
            can_subscribe: true,
            can_publish_data: true,
        };
        reader.finish(Self {
            room: room.to_owned(),
            agent_name,
            metadata,
            permissions: permissions.unwrap_or(all),
        })
    }
}

impl RoomProfile {
    /// Whether callers name a part of the room.
    pub(crate) fn uses_room_name(&self) -> bool {
        self.room.contains(ROOM_NAME)
    }

    /// The room of a subject, given by its hash, and the caller's part of its name. Neither can
    /// contain a brace, so one cannot stand for the other.
    pub(crate) fn room(&self, subject_hash: &str, room_name: Option<&str>) -> String {
        self.room
            .replace(SUBJECT, subject_hash)
            .replace(ROOM_NAME, room_name.unwrap_or_default())
    }
}

impl fmt::Debug for RoomProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoomProfile").finish_non_exhaustive()
    }
}

/// Whether a room's name has braces other than the known parts. A misspelt `{subject}` would put all
/// users into one room.
fn has_unknown_part(room: &str) -> bool {
    let rest = room.replace(SUBJECT, "").replace(ROOM_NAME, "");
    rest.contains(['{', '}'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(profile: Value) -> Result<RoomProfile, Vec<String>> {
        RoomProfile::read(profile.as_object().unwrap())
    }

    #[test]
    fn a_room_has_the_subject_and_the_callers_part() {
        let profile = read(json!({"room": "{room_name}-of-{subject}"})).unwrap();
        assert!(profile.uses_room_name());
        assert_eq!(profile.room("5f", Some("lobby")), "lobby-of-5f");
        let profile = read(json!({"room": "stage"})).unwrap();
        assert!(!profile.uses_room_name());
        assert_eq!(profile.room("5f", None), "stage");
    }

    #[test]
    fn what_is_not_mentioned_is_permitted() {
        let permissions = |profile| {
            let Permissions {
                can_publish,
                can_subscribe,
                can_publish_data,
            } = read(profile).unwrap().permissions;
            (can_publish, can_subscribe, can_publish_data)
        };
        assert_eq!(permissions(json!({"room": "a"})), (true, true, true));
        let muted = json!({"room": "a", "permissions": {"can_publish": false}});
        assert_eq!(permissions(muted), (false, true, true));
    }

    #[test]
    fn wrong_members_are_named() {
        for (profile, pointers) in [
            (json!({}), &["/room"][..]),
            (json!({"room": ""}), &["/room"]),
            (json!({"room": 7}), &["/room"]),
            (json!({"room": "a-{Subject}"}), &["/room"]),
            (json!({"room": "a-{subject"}), &["/room"]),
            (json!({"room": "{{subject}}"}), &["/room"]),
            (json!({"room": "{sub{subject}ject}"}), &["/room"]),
            (json!({"room": "a", "agent": "x"}), &["/agent"]),
            (json!({"room": "a", "metadata": {}}), &["/metadata"]),
            (
                json!({"room": "a".repeat(129), "metadata": "m".repeat(4097), "agent_name": "n".repeat(129)}),
                &["/room", "/agent_name", "/metadata"],
            ),
            (json!({"room": "a\n"}), &["/room"]),
            (
                json!({"room": "a", "agent_name": 1, "permissions": {"can_publish": "no", "canSubscribe": true}}),
                &[
                    "/agent_name",
                    "/permissions/can_publish",
                    "/permissions/canSubscribe",
                ],
            ),
            (json!({"room": "a", "permissions": []}), &["/permissions"]),
        ] {
            assert_eq!(read(profile.clone()).unwrap_err(), pointers, "{profile}");
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_profile() {
        let profile = read(json!({"room": "secret-room", "metadata": "secret-data"})).unwrap();
        assert!(!format!("{profile:?}").contains("secret"));
    }
}
