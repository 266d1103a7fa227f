//! Who is calling: a session that the app's identity provider vouches for.
//!
//! The road of a token: `credential` finds it, `token` takes it apart, `signature` checks it with a key that `key_source` or the
//! shared secret gave, `claims` checks what it says. Only at the end of that road is there a [`Session`].

pub mod claims;
pub mod credential;
pub mod key_set;
pub mod key_source;
pub mod settings;
pub mod signature;
pub mod token;
pub mod verifier;

use serde_json::{Map, Value};

use crate::ask::Ask;
use crate::refusal::{Code, Refusal};

/// A verified session. Only the verifier makes one; it has no `Debug`, as its claims are nobody's business.
pub struct Session {
    issuer: String,
    subject: String,
    claims: Map<String, Value>,
}

impl Session {
    /// Who vouches for the subject.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Who is signed in, within the issuer.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Checks that the claim named by `GRANTS_CLAIM` covers an ask. The claim is an array of names or one text with
    /// spaces between them, as OAuth's `scope` (RFC 6749 section 3.3); without it, nothing is covered.
    ///
    /// # Errors
    /// [`Code::GrantNotAllowed`].
    pub fn permits(&self, ask: &Ask, grants_claim: Option<&str>) -> Result<(), Refusal> {
        let Some(name) = grants_claim else { return Ok(()) };
        let permitted: Vec<&str> = match self.claims.get(name) {
            Some(Value::String(text)) => text.split(' ').collect(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if ask.grants.iter().all(|grant| permitted.contains(grant)) {
            return Ok(());
        }
        let asked = ask.grants.join(", ");
        let detail = format!("This session may not ask for all of: {asked}. Ask for what its \"{name}\" claim lists.");
        Err(Refusal::new(Code::GrantNotAllowed, detail))
    }
}

#[cfg(test)]
impl Session {
    /// A session for tests of what comes after verification.
    pub fn for_tests(issuer: &str, subject: &str, claims: Value) -> Self {
        let claims = claims.as_object().cloned().unwrap_or_default();
        Self { issuer: issuer.to_owned(), subject: subject.to_owned(), claims }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_grants_claim_is_an_array_or_a_text_with_spaces() {
        let ask = Ask { grants: vec!["tts", "stt"], expires_in: 60, max_session_duration: None };
        let permitted = |claims| Session::for_tests("i", "s", claims).permits(&ask, Some("voice")).is_ok();
        assert!(permitted(json!({"voice": ["stt", "agent", "tts"]})));
        assert!(permitted(json!({"voice": "tts stt"})));
        for claims in [
            json!({}),
            json!({"voice": ["tts"]}),
            json!({"voice": "tts"}),
            json!({"voice": "tts,stt"}),
            json!({"voice": null}),
            json!({"voice": {"tts": true, "stt": true}}),
            json!({"voice": true}),
        ] {
            assert!(!permitted(claims.clone()), "{claims}");
        }
        assert!(Session::for_tests("i", "s", json!({})).permits(&ask, None).is_ok());
    }
}
