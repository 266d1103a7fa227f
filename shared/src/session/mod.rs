//! Who is calling: sessions that the app's identity provider issues.
//!
//! A signed token goes through these modules: `credential` finds it, in a header or with the help
//! of `cookie`; `jwt::unverified` parses it; its `iss` selects the `jwt::trusted_issuer`; `jwt::signature`
//! verifies it with a key of `jwt::remote_jwk_set` or with a shared secret; `claims` checks its
//! claims. `jwe` decrypts and verifies encrypted cookies; `remote` asks a service about other
//! sessions. `idp` describes the sessions of each identity provider, and `settings` selects what is
//! accepted. Only a successful verification creates a [`Session`].

pub(crate) mod claim_path;
pub(crate) mod claims;
pub(crate) mod cookie;
pub(crate) mod credential;
pub(crate) mod error;
pub(crate) mod idp;
pub(crate) mod jose;
pub(crate) mod jwe;
pub(crate) mod jwt;
pub(crate) mod reason;
pub(crate) mod remote;
pub(crate) mod settings;
pub(crate) mod subject;
pub(crate) mod verifier;

use serde_json::Value;

use crate::problem::{Code, Problem};

/// A verified session. Only the verifier creates one. It has no `Debug`, as its claims are private.
pub struct Session {
    issuer: String,
    subject: String,
    claims: Value,
}

impl Session {
    /// The issuer of the session.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The user who is signed in. It is unique within the issuer.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Checks that the claim that `GRANTS_CLAIM` names permits grants. The claim is an array of names
    /// or a string of names that are separated by spaces, as OAuth's `scope` (RFC 6749 section 3.3).
    /// Without the claim, nothing is permitted. It may be inside another claim: see
    /// [`claim_path::at`].
    ///
    /// # Errors
    /// [`Code::GrantNotAllowed`].
    pub fn permits<G: AsRef<str>>(
        &self,
        grants: &[G],
        grants_claim: Option<&str>,
    ) -> Result<(), Problem> {
        let Some(name) = grants_claim else {
            return Ok(());
        };
        let permitted: Vec<&str> = match claim_path::at(&self.claims, name) {
            Some(Value::String(text)) => text.split(' ').collect(),
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut names = grants.iter().map(AsRef::as_ref);
        // Without grants there is nothing that the claim could permit.
        if !grants.is_empty() && names.all(|grant| permitted.contains(&grant)) {
            return Ok(());
        }
        let names: Vec<&str> = grants.iter().map(AsRef::as_ref).collect();
        let requested = names.join(", ");
        let detail = format!(
            "This session does not permit all of: {requested}. Request only what its \"{name}\" claim lists."
        );
        Err(Problem::new(Code::GrantNotAllowed, detail))
    }
}

#[cfg(test)]
impl Session {
    /// A session for tests of code that runs after verification.
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
    fn the_grants_claim_is_an_array_or_a_string_with_spaces() {
        let permitted = |claims| {
            Session::for_tests("i", "s", claims)
                .permits(&["tts", "stt"], Some("voice"))
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
        let session = Session::for_tests("i", "s", json!({"voice": "tts"}));
        let problem = session.permits(&["tts", "stt"], Some("voice")).unwrap_err();
        assert_eq!(
            problem.detail,
            "This session does not permit all of: tts, stt. Request only what its \"voice\" claim lists."
        );
        assert!(
            session.permits(&["other"], None).is_ok(),
            "without GRANTS_CLAIM"
        );
        assert!(
            session.permits::<&str>(&[], Some("voice")).is_err(),
            "no grants"
        );
    }

    #[test]
    fn the_grants_claim_may_be_inside_another_claim() {
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
                session.permits(&["tts"], Some(name)).is_ok(),
                permitted,
                "{name}"
            );
        }
    }
}
