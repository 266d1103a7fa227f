//! A profile: which agent a conversation is with. Prompt, voice, tools and model are set at the agent.

use std::fmt;

use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;
use voicemint::provider::{ProfileFormat, ProfileReader};

/// The longest id that is accepted, in characters. The vendor publishes no limit.
const MAX_CHARS: usize = 128;

/// The agent of a profile, by the parameters of both mints (@elevenlabs/elevenlabs-js 2.73.0,
/// `conversationalAi.conversations`). `Debug` does not show it.
pub struct Agent {
    agent_id: String,
    branch_id: Option<String>,
    environment: Option<String>,
}

impl ProfileFormat for Agent {
    const LOCKED: bool = true;

    fn read(members: &Map<String, Value>) -> Result<Self, Vec<String>> {
        let mut reader = ProfileReader::new(members);
        let agent_id = reader.required_text("agent_id");
        let branch_id = reader.text("branch_id");
        let environment = reader.text("environment");
        for (pointer, id) in [
            ("/agent_id", Some(agent_id).filter(|id| !id.is_empty())),
            ("/branch_id", branch_id),
            ("/environment", environment),
        ] {
            if id.is_some_and(|id| !is_id(id)) {
                reader.wrong(pointer);
            }
        }
        reader.finish(Self {
            agent_id: agent_id.to_owned(),
            branch_id: branch_id.map(str::to_owned),
            environment: environment.map(str::to_owned),
        })
    }
}

impl Agent {
    /// The query of a mint, to be continued.
    pub(crate) fn query(&self) -> Serializer<'static, String> {
        let mut query = Serializer::new(String::new());
        query.append_pair("agent_id", &self.agent_id);
        let optional = [
            ("branch_id", &self.branch_id),
            ("environment", &self.environment),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        query
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent").finish_non_exhaustive()
    }
}

/// Whether a text can be an id. A space or a line break at its end is a mistake of copying.
fn is_id(text: &str) -> bool {
    text.len() <= MAX_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(profile: Value) -> Result<Agent, Vec<String>> {
        Agent::read(profile.as_object().unwrap())
    }

    #[test]
    fn a_profile_names_an_agent() {
        let query = |profile| read(profile).unwrap().query().finish();
        assert_eq!(query(json!({"agent_id": "agent_1"})), "agent_id=agent_1");
        let profile = json!({"agent_id": "a&b=c", "branch_id": "b 1".replace(' ', "+"), "environment": "é".replace('é', "%")});
        assert_eq!(
            query(profile),
            "agent_id=a%26b%3Dc&branch_id=b%2B1&environment=%25"
        );
    }

    #[test]
    fn each_wrong_member_is_reported() {
        for (profile, wrong) in [
            (json!({}), &["/agent_id"][..]),
            (json!({"agent_id": ""}), &["/agent_id"]),
            (json!({"agent_id": "agent_1\n"}), &["/agent_id"]),
            (json!({"agent_id": "a".repeat(129)}), &["/agent_id"]),
            (json!({"agentId": "agent_1"}), &["/agent_id", "/agentId"]),
            (
                json!({"agent_id": "agent_1", "branch_id": "b 1", "environment": "é", "version_id": "v"}),
                &["/branch_id", "/environment", "/version_id"],
            ),
            (
                json!({"agent_id": 7, "branch_id": null, "environment": ["production"]}),
                &["/agent_id", "/branch_id", "/environment"],
            ),
        ] {
            assert_eq!(read(profile.clone()).unwrap_err(), wrong, "{profile}");
        }
    }

    #[test]
    fn debug_output_does_not_contain_the_agent() {
        let agent = read(json!({"agent_id": "agent_1"})).unwrap();
        assert!(!format!("{agent:?}").contains("agent_1"));
    }
}
