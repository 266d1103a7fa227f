//! Who is calling: a session that the app's identity provider vouches for.
//!
//! The road of a signed token: `credential` finds it with the help of `carrier`, `token` takes it
//! apart, `issuer` is chosen by its name, `signature` checks it with a key that `key_source` or a
//! shared secret gave, `claims` checks what it says. EncryptedSessions cookies are opened by `encrypted`
//! and `jwe`; `introspection` and `forward` ask a service. `products` knows what the sessions of
//! each identity product look like. Only at the end of such a road is there a [`Session`].

pub mod claim_path;
pub mod claims;
pub mod cookie;
pub mod credential;
pub mod error;
pub mod idp;
pub mod jose;
pub mod jwe;
pub mod jwt;
pub mod reason;
pub mod remote;
pub mod settings;
pub mod subject;
pub mod verifier;

use serde_json::Value;

use crate::problem::{Code, Problem};
use crate::provider::request::TokenRequest;

/// A verified session. Only the verifier makes one; it has no `Debug`, as its claims are nobody's
/// business.
pub struct Session {
    issuer: String,
    subject: String,
    claims: Value,
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

    /// Checks that the claim named by `GRANTS_CLAIM` covers an ask. The claim is an array of names
    /// or one text with spaces between them, as OAuth's `scope` (RFC 6749 section 3.3); without it,
    /// nothing is covered. It may be within another claim: see [`claim_path::at`].
    ///
    /// # Errors
    /// [`Code::GrantNotAllowed`].
    pub fn permits(&self, ask: &TokenRequest, grants_claim: Option<&str>) -> Result<(), Problem> {
        let Some(name) = grants_claim else {
            return Ok(());
        };
        let permitted: Vec<&str> = match claim_path::at(&self.claims, name) {
            Some(Value::String(text)) => text.split(' ').collect(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        if ask.grants.iter().all(|grant| permitted.contains(grant)) {
            return Ok(());
        }
        let asked = ask.grants.join(", ");
        let detail = format!(
            "This session may not ask for all of: {asked}. TokenRequest for what its \"{name}\" claim lists."
        );
        Err(Problem::new(Code::GrantNotAllowed, detail))
    }
}

#[cfg(test)]
impl Session {
    /// A session for tests of what comes after verification.
    pub fn for_tests(issuer: &str, subject: &str, claims: Value) -> Self {
        Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            claims,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_grants_claim_is_an_array_or_a_text_with_spaces() {
        let ask = TokenRequest {
            grants: vec!["tts", "stt"],
            expires_in: 60,
            max_session_duration: None,
        };
        let permitted = |claims| {
            Session::for_tests("i", "s", claims)
                .permits(&ask, Some("voice"))
                .is_ok()
        };
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
        assert!(
            Session::for_tests("i", "s", json!({}))
                .permits(&ask, None)
                .is_ok()
        );
    }

    #[test]
    fn the_grants_claim_may_be_within_another_claim() {
        let ask = TokenRequest {
            grants: vec!["tts"],
            expires_in: 60,
            max_session_duration: None,
        };
        let session = Session::for_tests(
            "i",
            "s",
            json!({"app_metadata": {"voice": "tts"}, "https://a.test/v": ["tts"]}),
        );
        for (name, permitted) in [
            ("/app_metadata/voice", true),
            ("https://a.test/v", true),
            ("/app_metadata/other", false),
            ("app_metadata/voice", false),
            ("/voice", false),
        ] {
            assert_eq!(
                session.permits(&ask, Some(name)).is_ok(),
                permitted,
                "{name}"
            );
        }
    }
}
