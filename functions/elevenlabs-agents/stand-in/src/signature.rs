//! Signatures of URLs: bound to an agent, a branch and an environment, and spent on first use if the
//! URL was requested with the id of its conversation.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;
use voicemint_stand_in::request::single_parameter;
use voicemint_stand_in::{Account, Permissions, RedeemError, Scope, tokens};

use crate::agents::{self, Agent};
use crate::error::ElevenLabsError;

/// What a signature opens.
pub(crate) const SCOPE: Scope = Scope("convai");

/// The lifetime of signatures and conversation tokens.
pub(crate) const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// The parameter that holds the signature.
const SIGNATURE: &str = "conversation_signature";

/// What a signature is bound to, with the names of the parameters.
pub(crate) struct Binding<'a> {
    pub agent: &'static Agent,
    pub branch: Option<&'a str>,
    pub environment: Option<&'a str>,
}

impl Binding<'_> {
    /// The query of a signed URL.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn sign(&self, account: &Account, with_id: bool) -> Result<String, ElevenLabsError> {
        let id = with_id.then(conversation_id);
        let permissions = Permissions::new([SCOPE]).with_configuration(json!({
            "agent_id": self.agent.id,
            "branch_id": self.branch,
            "environment": self.environment,
            "conversation_id": id,
        }));
        let permissions = if with_id {
            permissions.single_use()
        } else {
            permissions
        };
        let signature = account.mint(permissions, LIFETIME);
        let signature =
            signature.map_err(|_| ElevenLabsError::Plain(StatusCode::INTERNAL_SERVER_ERROR))?;
        let mut query = Serializer::new(String::new());
        query.append_pair("agent_id", self.agent.id);
        for (name, value) in [
            ("branch_id", self.branch),
            ("environment", self.environment),
            ("conversation_id", id.as_deref()),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        Ok(query.append_pair(SIGNATURE, &signature).finish())
    }
}

/// A random id of a conversation.
pub(crate) fn conversation_id() -> String {
    format!("conv_standin_{}", tokens::request_id().replace('-', ""))
}

/// Redeems the signature of a query. Returns the agent and the id of the conversation.
///
/// # Errors
/// Why the connection is refused.
pub(crate) fn redeem(
    account: &Account,
    query: &[(String, String)],
) -> Result<(&'static Agent, String), &'static str> {
    let parameter =
        |name| single_parameter(query, name).map_err(|_| "A parameter is given more than once.");
    let signature = parameter(SIGNATURE)?;
    let signature = signature.ok_or("The agent requires a signed URL.")?;
    let terms = account
        .redeem_for_session(signature, SCOPE)
        .map_err(|error| match error {
            RedeemError::Unknown | RedeemError::NotGranted => "Invalid signature.",
            RedeemError::Expired => "The signature has expired.",
            RedeemError::Spent => "The signature has been used before.",
        })?;
    let signed = terms.configuration.unwrap_or_default();
    let signed = |name: &str| signed.get(name).and_then(Value::as_str);
    for (name, is_required) in [
        ("agent_id", true),
        ("branch_id", false),
        ("environment", false),
    ] {
        let named = parameter(name)?;
        if named != signed(name) && (is_required || named.is_some()) {
            return Err("The signature is for another agent, branch or environment.");
        }
    }
    let agent = signed("agent_id").and_then(agents::find);
    let agent = agent.ok_or("Invalid signature.")?;
    let id = signed("conversation_id").map_or_else(conversation_id, str::to_owned);
    Ok((agent, id))
}

/// The signature in a URL; all of a text that has none.
pub(crate) fn of_url(url: &str) -> &str {
    let parameters = url.split(['?', '&']);
    let mut values = parameters.filter_map(|pair| pair.strip_prefix(SIGNATURE)?.strip_prefix('='));
    values.next().unwrap_or(url)
}
