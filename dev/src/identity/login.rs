//! A login, and the identifiers that products derive for its user.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use super::claims::{Claims, members};

/// A login of one user.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// The user's name.
    pub user: &'a str,
    /// The permitted grants, separated by spaces; `None` omits the claim.
    pub grants: Option<&'a str>,
    /// The time of the login, since the Unix epoch.
    pub now: Duration,
    /// The lifetime of the session, in seconds.
    pub seconds: u32,
}

impl Login<'_> {
    /// Seconds since the Unix epoch.
    pub fn issued_at(&self) -> u64 {
        self.now.as_secs()
    }

    /// Seconds since the Unix epoch.
    pub fn expires_at(&self) -> u64 {
        self.issued_at() + u64::from(self.seconds)
    }

    /// The grants as a list.
    pub fn grants(&self) -> Option<Value> {
        self.grants
            .map(|grants| grants.split_whitespace().map(Value::from).collect())
    }

    /// The members of a JSON object, with the grants in the place of custom claims.
    pub fn with_grants(&self, object: Value) -> Claims {
        let mut claims = members(object);
        claims.extend(self.grants().map(|grants| ("grants".to_owned(), grants)));
        claims
    }

    /// An email address: the name itself if it is one.
    pub fn email(&self) -> String {
        if self.user.contains('@') {
            return self.user.to_owned();
        }
        let letters = self.user.chars().map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '.'
            }
        });
        format!(
            "{}@example.com",
            letters.collect::<String>().to_ascii_lowercase()
        )
    }

    /// At most 64 hexadecimal digits, always the same for the same name and purpose.
    pub fn id(&self, purpose: &str, digits: usize) -> String {
        let hash = digest(&SHA256, format!("{purpose} {}", self.user).as_bytes());
        let id: String = hash
            .as_ref()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        id.chars().take(digits).collect()
    }

    /// The same as a UUID of version 8 (RFC 9562 section 5.8).
    pub fn uuid(&self, purpose: &str) -> String {
        let id = self.id(purpose, 30);
        let part = |from: usize, to: usize| id.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-8{}-8{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 15),
            part(15, 18),
            part(18, 30)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn login<'a>(user: &'a str, grants: Option<&'a str>) -> Login<'a> {
        Login {
            user,
            grants,
            now: Duration::from_secs(1_000),
            seconds: 60,
        }
    }

    #[test]
    fn the_same_name_gives_the_same_identifiers() {
        let (ada, bob) = (login("ada", None), login("bob", None));
        assert_eq!(ada.uuid("user"), login("ada", Some("tts")).uuid("user"));
        assert_ne!(ada.uuid("user"), bob.uuid("user"));
        assert_ne!(ada.uuid("user"), ada.uuid("session"));
        let lengths: Vec<_> = ada.uuid("user").split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(
            login("Ada Lovelace", None).email(),
            "ada.lovelace@example.com"
        );
        assert_eq!(login("ada@example.org", None).email(), "ada@example.org");
    }

    #[test]
    fn an_empty_list_of_grants_differs_from_no_claim() {
        assert_eq!(
            login("ada", None).with_grants(json!({"a": 1})),
            members(json!({"a": 1}))
        );
        assert_eq!(login("ada", Some("")).grants(), Some(json!([])));
        assert_eq!(
            login("ada", Some(" tts  stt")).grants(),
            Some(json!(["tts", "stt"]))
        );
    }
}
