//! A profile: the session that a client secret is minted with.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
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
    session: Box<RawValue>,
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

    /// The session as the mint endpoint of its type takes it: as the deployment wrote it.
    pub fn session(&self) -> &RawValue {
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
        reader.finish_open(Self {
            // If there is none, the profile is wrong and this value is not used.
            session_type: session_type.unwrap_or(SessionType::Realtime),
            model: model.to_owned(),
            session: RawValue::NULL.to_owned(),
        })
    }

    fn with_text(self, text: &str) -> Self {
        let session = match self.session_type {
            SessionType::Realtime | SessionType::Transcription => text.to_owned(),
            SessionType::Translation => without_type(text),
        };
        // The text has been parsed already.
        match RawValue::from_string(session) {
            Ok(session) => Self { session, ..self },
            Err(_) => self,
        }
    }
}

/// The text of an object without its `type`, which the endpoint of translations does not know. The
/// other members keep their order and their text.
fn without_type(text: &str) -> String {
    let members: OrderedMembers = serde_json::from_str(text).unwrap_or_default();
    let kept = members.0.iter().filter(|(name, _)| name != TYPE);
    let kept: Vec<_> = kept
        .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), value.get()))
        .collect();
    format!("{{{}}}", kept.join(","))
}

/// The members of an object, in their order.
#[derive(Default)]
struct OrderedMembers(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for OrderedMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = OrderedMembers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OrderedMembers, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(OrderedMembers(members))
            }
        }

        deserializer.deserialize_map(Members)
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
        let read = SessionProfile::read(profile.as_object().unwrap())?;
        Ok(read.with_text(&profile.to_string()))
    }

    fn session(profile: &SessionProfile) -> Value {
        serde_json::from_str(profile.session().get()).unwrap()
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
            assert_eq!(session(&read), profile);
        }
    }

    #[test]
    fn a_translation_has_no_type() {
        let profile =
            json!({"type": "translation", "model": "m-3", "audio": {"output": {"language": "fr"}}});
        let read = read(&profile).unwrap();
        assert_eq!(read.session_type(), SessionType::Translation);
        assert_eq!(
            session(&read),
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
    fn a_session_keeps_the_text_of_the_profile() {
        let read = |text: &str| {
            let members: Map<String, Value> = serde_json::from_str(text).unwrap();
            SessionProfile::read(&members).unwrap().with_text(text)
        };
        let members =
            r#""z": {"b": 1e2, "a": 0.10}, "n":123456789012345678901234567890, "é":"\u00e9""#;
        let text = format!(r#"{{"type":"realtime", "model":"m-1", {members}}}"#);
        assert_eq!(read(&text).session().get(), text);
        let text = format!(r#"{{ "model" : "m-1", "type": "translation", {members}}}"#);
        let sent = r#"{"model":"m-1","z":{"b": 1e2, "a": 0.10},"n":123456789012345678901234567890,"é":"\u00e9"}"#;
        assert_eq!(read(&text).session().get(), sent);
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
