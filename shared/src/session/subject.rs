//! The identifier of a user, as cookies, limits and logs store it.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::secret::api_key::ApiKey;
use crate::session::Session;

/// The identifier of a user: a hash of issuer and subject, of fixed length.
pub(crate) struct SubjectId(String);

impl SubjectId {
    /// The identifier as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier for logs and limits: the same user has the same hash, and only those who have
    /// the API key can compute it. `None` if no keys can be derived from the API key.
    pub(crate) fn keyed_hash(&self, key: &ApiKey) -> Option<String> {
        let tag = hmac::sign(&key.derived()?.subject, self.0.as_bytes());
        tag.as_ref()
            .first_chunk::<12>()
            .map(|start| URL_SAFE_NO_PAD.encode(start))
    }
}

impl From<&Session> for SubjectId {
    fn from(session: &Session) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [session.issuer(), session.subject()] {
            // The lengths are hashed too, so that no two pairs have the same input.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        Self(URL_SAFE_NO_PAD.encode(context.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn subject_id(issuer: &str, subject: &str) -> SubjectId {
        SubjectId::from(&Session::for_tests(issuer, subject, json!({})))
    }

    #[test]
    fn the_hash_of_a_subject_needs_the_key() {
        let hash = |key, subject| {
            subject_id("i", subject)
                .keyed_hash(&ApiKey::new(key))
                .unwrap()
        };
        assert_eq!(hash("key", "ada"), hash("key", "ada"));
        assert_ne!(hash("key", "ada"), hash("key", "bob"));
        assert_ne!(hash("key", "ada"), hash("yek", "ada"));
    }
}
