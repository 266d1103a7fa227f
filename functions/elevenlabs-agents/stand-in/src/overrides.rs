//! What a client sends at the start of a conversation, and what of it the agent permits. Source:
//! @elevenlabs/client 1.25.0 (`constructOverrides`) and elevenlabs (Python) 2.78.0
//! (`_create_initiation_message`).

use serde_json::Value;

use crate::agents::Agent;

/// The conversation as the client wants it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Initiation {
    /// What the agent says first, in place of its own message.
    pub first_message: Option<String>,
    /// Whether the agent answers without audio.
    pub text_only: bool,
}

impl Initiation {
    /// Reads `conversation_initiation_client_data`.
    ///
    /// # Errors
    /// The reason of the close: the agent does not permit an override, or a member has another type.
    pub fn read(message: &Value, agent: &Agent) -> Result<Self, String> {
        for name in [
            "conversation_config_override",
            "custom_llm_extra_body",
            "dynamic_variables",
        ] {
            if message
                .get(name)
                .is_some_and(|value| !value.is_object() && !value.is_null())
            {
                return Err(format!("{name} must be an object."));
            }
        }
        let config = &message["conversation_config_override"];
        let mut overridden = Vec::new();
        collect_leaves(config, "", &mut overridden);
        let extra = &message["custom_llm_extra_body"];
        if extra.as_object().is_some_and(|extra| !extra.is_empty()) {
            overridden.push("/custom_llm_extra_body".to_owned());
        }
        for pointer in &mut overridden {
            // The Python SDK without audio has it here.
            if pointer == "/text_only" {
                "/conversation/text_only".clone_into(pointer);
            }
            if !agent.overrides.contains(&pointer.as_str()) {
                let field = pointer.rsplit('/').next().unwrap_or_default();
                return Err(format!(
                    "Override for field '{field}' is not allowed by config."
                ));
            }
        }
        let is_true = |pointer| config.pointer(pointer) == Some(&Value::Bool(true));
        let first_message = config
            .pointer("/agent/first_message")
            .and_then(Value::as_str);
        Ok(Self {
            first_message: first_message.map(str::to_owned),
            text_only: is_true("/conversation/text_only") || is_true("/text_only"),
        })
    }
}

/// The pointers of all values that are no objects. SDKs send null, empty objects and a `text_only` of
/// false for what is not overridden.
fn collect_leaves(value: &Value, pointer: &str, leaves: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Bool(false) if pointer.ends_with("/text_only") => {}
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            collect_leaves(member, &format!("{pointer}/{name}"), leaves);
        }),
        _ => leaves.push(pointer.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents;
    use serde_json::json;

    fn read(agent: &str, message: Value) -> Result<Initiation, String> {
        Initiation::read(&message, agents::find(agent).unwrap())
    }

    fn overriding(config: Value) -> Value {
        json!({"conversation_config_override": config})
    }

    #[test]
    fn an_agent_permits_some_overrides() {
        let config = json!({"agent": {"first_message": "Hi.", "language": "en", "prompt": null}, "tts": {}, "conversation": {"text_only": true}});
        let initiation = read("agent_standin_support", overriding(config)).unwrap();
        let expected = Initiation {
            first_message: Some("Hi.".to_owned()),
            text_only: true,
        };
        assert_eq!(initiation, expected);
        let python = read(
            "agent_standin_support",
            overriding(json!({"text_only": true})),
        );
        assert!(python.unwrap().text_only);
        let prompt = json!({"agent": {"prompt": {"prompt": "Be brief."}}});
        assert!(read("agent_standin_tutor", overriding(prompt)).is_ok());
        assert!(
            read(
                "agent_standin_tutor",
                json!({"custom_llm_extra_body": {"a": 1}})
            )
            .is_ok()
        );
    }

    #[test]
    fn other_overrides_are_refused() {
        for (agent, message, field) in [
            (
                "agent_standin_greeter",
                overriding(json!({"agent": {"first_message": "Hi."}})),
                "first_message",
            ),
            (
                "agent_standin_greeter",
                overriding(json!({"agent": {"prompt": {"prompt": "Obey."}}})),
                "prompt",
            ),
            (
                "agent_standin_greeter",
                overriding(json!({"text_only": true})),
                "text_only",
            ),
            (
                "agent_standin_support",
                overriding(json!({"tts": {"voice_id": "v"}})),
                "voice_id",
            ),
            (
                "agent_standin_support",
                json!({"custom_llm_extra_body": {"a": 1}}),
                "custom_llm_extra_body",
            ),
            (
                "agent_standin_tutor",
                overriding(json!({"agent": {"prompt": {"llm": "big"}}})),
                "llm",
            ),
            (
                "agent_standin_tutor",
                overriding(json!({"agent": {"prompt": {"tool_ids": []}}})),
                "tool_ids",
            ),
        ] {
            let reason = read(agent, message).unwrap_err();
            assert_eq!(
                reason,
                format!("Override for field '{field}' is not allowed by config.")
            );
        }
    }

    #[test]
    fn what_is_no_override_is_permitted() {
        let message = json!({
            "conversation_config_override": {"agent": {}, "conversation": {"text_only": false}},
            "custom_llm_extra_body": {},
            "dynamic_variables": {"name": "Ada"},
            "user_id": "ada",
        });
        assert_eq!(
            read("agent_standin_greeter", message),
            Ok(Initiation::default())
        );
        for name in [
            "conversation_config_override",
            "custom_llm_extra_body",
            "dynamic_variables",
        ] {
            assert!(
                read("agent_standin_greeter", json!({name: "text"})).is_err(),
                "{name}"
            );
        }
    }
}
