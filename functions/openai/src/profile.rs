//! A profile: the session that a client secret is minted with.

use std::fmt;

use serde_json::{Map, Value};
use voicemint::provider::{ProfileFormat, ProfileReader};

/// The member of a profile that says what its sessions do.
const TYPE: &str = "type";

/// What a session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType {
    /// A conversation.
    Realtime,
    /// A transcript of speech.
    Transcription,
    /// Speech in another language.
    Translation,
}

impl SessionType {
    fn new(name: &str) -> Option<Self> {
        match name {
            "realtime" => Some(Self::Realtime),
            "transcription" => Some(Self::Transcription),
            "translation" => Some(Self::Translation),
            _ => None,
        }
    }
}

/// A profile: OpenAI's session object, which is passed on unchanged except for the `type` of
/// translations. `Debug` does not show it.
pub struct SessionProfile {
    session_type: SessionType,
    model: String,
    session: Map<String, Value>,
}

impl SessionProfile {
    /// What the session does.
    pub fn session_type(&self) -> SessionType {
        self.session_type
    }

    /// The session's model. Empty for a transcription, whose model is a member of its audio input.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The session as the mint endpoint of its type takes it.
    pub fn session(&self) -> &Map<String, Value> {
        &self.session
    }
}

impl ProfileFormat for SessionProfile {
    // Over a WebSocket, `session.update` changes nearly all of it, and the page writes the model into
    // the URL.
    const LOCKED: bool = false;

    fn read(members: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut reader = ProfileReader::new(members);
        let name = reader.required_text(TYPE);
        let session_type = SessionType::new(name);
        if session_type.is_none() && !name.is_empty() {
            reader.wrong(format!("/{TYPE}"));
        }
        let model = match session_type {
            Some(SessionType::Realtime | SessionType::Translation) => reader.required_text("model"),
            Some(SessionType::Transcription) => "",
            None => reader.text("model").unwrap_or_default(),
        };
        let mut session = members.clone();
        if session_type == Some(SessionType::Translation) {
            // This endpoint's request has no type.
            session.remove(TYPE);
        }
        reader.finish_open(Self {
            // If there is none, the profile is wrong and this value is not used.
            session_type: session_type.unwrap_or(SessionType::Realtime),
            model: model.to_owned(),
            session,
        })
    }
}

impl fmt::Debug for SessionProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionProfile")
            .field("session_type", &self.session_type)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(profile: &Value) -> Result<SessionProfile, Vec<String>> {
        SessionProfile::read(profile.as_object().unwrap())
    }

    #[test]
    fn a_profile_is_the_session() {
        for (profile, session_type, model) in [
            (
                json!({"type": "realtime", "model": "m-1", "instructions": "Hé \u{1f600}", "tools": []}),
                SessionType::Realtime,
                "m-1",
            ),
            (
                json!({"type": "transcription", "audio": {"input": {"transcription": {"model": "m-2"}}}}),
                SessionType::Transcription,
                "",
            ),
        ] {
            let read = read(&profile).unwrap();
            assert_eq!((read.session_type(), read.model()), (session_type, model));
            assert_eq!(Value::from(read.session().clone()), profile);
        }
    }

    #[test]
    fn a_translation_has_no_type() {
        let profile =
            json!({"type": "translation", "model": "m-3", "audio": {"output": {"language": "fr"}}});
        let read = read(&profile).unwrap();
        assert_eq!(read.session_type(), SessionType::Translation);
        assert_eq!(
            Value::from(read.session().clone()),
            json!({"model": "m-3", "audio": {"output": {"language": "fr"}}})
        );
    }

    #[test]
    fn wrong_members_are_reported_by_their_pointers() {
        for (profile, wrong) in [
            (json!({}), &["/type"][..]),
            (json!({"type": 7, "model": "m-1"}), &["/type"]),
            (json!({"type": ""}), &["/type"]),
            (json!({"type": "video", "model": 7}), &["/type", "/model"]),
            (json!({"type": "Realtime", "model": "m-1"}), &["/type"]),
            (json!({"type": "realtime"}), &["/model"]),
            (json!({"type": "realtime", "model": null}), &["/model"]),
            (json!({"type": "translation", "model": ""}), &["/model"]),
        ] {
            assert_eq!(read(&profile).unwrap_err(), wrong, "{profile}");
        }
    }

    #[test]
    fn numbers_are_passed_on_as_they_are() {
        let text = r#"{"big":18446744073709551615,"float":0.1,"model":"m-1","small":-9007199254740993,"type":"realtime","whole":1.0}"#;
        let read = read(&serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!(serde_json::to_string(read.session()).unwrap(), text);
    }

    #[test]
    fn debug_output_does_not_contain_the_profile() {
        let profile = json!({"type": "realtime", "model": "m-1", "instructions": "be kind"});
        let shown = format!("{:?}", read(&profile).unwrap());
        assert!(
            !shown.contains("be kind") && !shown.contains("m-1"),
            "{shown}"
        );
    }
}
