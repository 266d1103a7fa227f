//! The agents of the stand-in's account. Each has `auth.enable_auth`: it accepts signed connections
//! only. Source: the types of @elevenlabs/elevenlabs-js 2.73.0 (`platform_settings.overrides`).

/// An agent.
#[derive(Debug)]
pub(crate) struct Agent {
    pub id: &'static str,
    /// The branches besides the main one.
    branches: &'static [&'static str],
    environments: &'static [&'static str],
    /// What clients may override: JSON pointers into `conversation_config_override`, or
    /// `/custom_llm_extra_body`.
    pub overrides: &'static [&'static str],
    /// What it says first.
    pub first_message: &'static str,
}

/// The environment of a request that names none.
const PRODUCTION: &str = "production";

const AGENTS: [Agent; 3] = [
    Agent {
        id: "agent_standin_greeter",
        branches: &[],
        environments: &[PRODUCTION],
        overrides: &[],
        first_message: "Hello from the stand-in.",
    },
    Agent {
        id: "agent_standin_support",
        branches: &[],
        environments: &[PRODUCTION, "staging"],
        overrides: &[
            "/agent/first_message",
            "/agent/language",
            "/conversation/text_only",
        ],
        first_message: "The stand-in can help.",
    },
    Agent {
        id: "agent_standin_tutor",
        branches: &["agtbrch_standin_patient"],
        environments: &[PRODUCTION],
        overrides: &["/agent/prompt/prompt", "/custom_llm_extra_body"],
        first_message: "The stand-in has time.",
    },
];

/// The agent of this id.
pub(crate) fn find(id: &str) -> Option<&'static Agent> {
    AGENTS.iter().find(|agent| agent.id == id)
}

impl Agent {
    /// Whether it has this branch and is deployed to this environment.
    pub fn has(&self, branch: Option<&str>, environment: Option<&str>) -> bool {
        let environment = environment.unwrap_or(PRODUCTION);
        branch.is_none_or(|branch| self.branches.contains(&branch))
            && self.environments.contains(&environment)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use voicemint_stand_in::Standin as _;

    use super::*;
    use crate::ElevenLabsAgentsStandin;

    #[test]
    fn the_example_profiles_name_agents_that_exist() {
        let profiles = ElevenLabsAgentsStandin.profiles().unwrap();
        let profiles: Value = serde_json::from_str(profiles).unwrap();
        let profiles = profiles.as_object().unwrap();
        assert!(profiles.contains_key("default"));
        for (name, profile) in profiles {
            let member = |member: &str| profile.get(member).and_then(Value::as_str);
            let agent = find(member("agent_id").unwrap()).unwrap();
            assert!(
                agent.has(member("branch_id"), member("environment")),
                "{name}"
            );
        }
    }
}
