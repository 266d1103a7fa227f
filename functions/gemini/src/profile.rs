//! Profiles: setups of Live sessions (<https://ai.google.dev/api/live#BidiGenerateContentSetup>).

use serde_json::{Map, Value};
use voicemint::provider::{ProfileFormat, ProfileReader};

/// The setup of a session, which its token locks. It has no `Debug`, as it holds the prompt.
pub struct LiveSetup(String);

impl LiveSetup {
    /// The setup as the deployment wrote it: one JSON object.
    pub fn json(&self) -> &str {
        &self.0
    }
}

impl ProfileFormat for LiveSetup {
    const LOCKED: bool = true;

    fn read(members: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut reader = ProfileReader::new(members);
        let model = reader.required_text("model");
        let name = model.strip_prefix("models/").map(str::trim);
        // An absent or empty model has been reported.
        if !model.is_empty() && name.is_none_or(str::is_empty) {
            reader.wrong("/model");
        }
        let setup = Value::Object(members.clone()).to_string();
        reader.finish_open(Self(setup))
    }

    fn with_text(self, text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(profile: &Value) -> Result<LiveSetup, Vec<String>> {
        LiveSetup::read(profile.as_object().unwrap())
    }

    #[test]
    fn the_model_is_the_only_required_member() {
        for profile in [
            json!({"model": "models/m"}),
            json!({"model": "models/m", "tools": [], "x": {"y": null}}),
        ] {
            assert!(read(&profile).is_ok(), "{profile}");
        }
        for profile in [
            json!({}),
            json!({"setup": {"model": "models/m"}}),
            json!({"model": 7}),
            json!({"model": null}),
            json!({"model": ""}),
            json!({"model": "m"}),
            json!({"model": "models/"}),
            json!({"model": "models/ "}),
            json!({"model": "Models/m"}),
            json!({"model": "publishers/google/models/m"}),
        ] {
            let wrong = read(&profile).err().unwrap();
            assert_eq!(wrong, ["/model"], "{profile}");
        }
    }

    #[test]
    fn the_text_of_the_profile_is_kept() {
        let profile = json!({"model": "models/m"});
        assert_eq!(read(&profile).ok().unwrap().json(), profile.to_string());
        let text = "{ \"model\" : \"models/m\",\n \"a\": 0.10 }";
        let setup = read(&profile).ok().unwrap().with_text(text);
        assert_eq!(setup.json(), text);
    }
}
