//! The token cookie: a token that is sealed together with the subject it was minted for, its grants
//! and its expiry.
//!
//! A value that scripts can read must not be in a cookie too (OWASP ASVS 5.0, 3.3.4), so the cookie
//! holds nothing that a provider accepts. It is sealed with AES-256-GCM under a key that is derived
//! from the provider's API key (HKDF, RFC 5869): there is no second secret to store, and rotating
//! the API key voids the cookies.

use std::borrow::Cow;

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::provider::request::TokenRequest;
use crate::provider::token::{IssuedToken, ProviderToken};
use crate::secret::api_key::ApiKey;
use crate::session::subject::SubjectId;

/// The token cookie of one provider: seals and opens its value under one API key.
#[derive(Debug)]
pub struct TokenCookie<'a> {
    key: &'a ApiKey,
    name: &'static str,
}

/// What an opened cookie holds, apart from the subject.
#[derive(Debug)]
pub struct SealedToken {
    /// The token.
    pub token: ProviderToken,
    /// What it permits.
    pub grants: Vec<String>,
    /// When it expires: seconds since the Unix epoch.
    pub expires_at: u64,
    /// The host that minted it.
    pub base_url: String,
}

/// The sealed text. Members have short names, as browsers accept 4096 bytes.
#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    #[serde(rename = "t", borrow)]
    token: Cow<'a, str>,
    #[serde(rename = "g", borrow)]
    grants: Vec<Cow<'a, str>>,
    #[serde(rename = "e")]
    expires_at: u64,
    #[serde(rename = "b", borrow)]
    base_url: Cow<'a, str>,
    #[serde(rename = "o", borrow)]
    subject: Cow<'a, str>,
}

impl<'a> TokenCookie<'a> {
    /// The cookie of a name, under an API key.
    pub fn new(key: &'a ApiKey, name: &'static str) -> Self {
        Self { key, name }
    }

    /// Seals a token for a subject and returns the cookie's value. `None` if the machine has no
    /// random numbers: then no cookie is set.
    pub fn seal(
        &self,
        subject: &SubjectId,
        token_request: &TokenRequest,
        token: &IssuedToken,
        base_url: &str,
    ) -> Option<String> {
        let payload = Payload {
            token: token.token.expose().into(),
            grants: token_request
                .grants
                .iter()
                .map(|&grant| grant.into())
                .collect(),
            expires_at: token.expires_at,
            base_url: base_url.into(),
            subject: subject.as_str().into(),
        };
        let mut sealed = serde_json::to_vec(&payload).ok()?;
        let nonce = self
            .key
            .derived()?
            .cookie
            .seal_in_place_append_tag(Aad::from(self.name), &mut sealed)
            .ok()?;
        sealed.extend_from_slice(nonce.as_ref());
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a cookie's value if it was sealed under this key for this subject.
    pub fn open(&self, subject: &SubjectId, value: &str) -> Option<SealedToken> {
        let mut sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (text, nonce) = sealed.split_last_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .key
            .derived()?
            .cookie
            .open_in_place(nonce, Aad::from(self.name), text)
            .ok()?;
        let payload: Payload = serde_json::from_slice(opened).ok()?;
        // The subject is authenticated and not secret, so its comparison may leak timing.
        if payload.subject != subject.as_str() {
            return None;
        }
        Some(SealedToken {
            token: ProviderToken::new(&*payload.token)?,
            grants: payload.grants.into_iter().map(Cow::into_owned).collect(),
            expires_at: payload.expires_at,
            base_url: payload.base_url.into_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Session;
    use serde_json::json;

    fn token_request() -> TokenRequest {
        TokenRequest {
            grants: vec!["tts"],
            expires_in: 60,
            max_session_duration: None,
        }
    }

    fn subject_id(issuer: &str, subject: &str) -> SubjectId {
        SubjectId::from(&Session::for_tests(issuer, subject, json!({})))
    }

    fn sealed(key: &ApiKey) -> String {
        let token = ProviderToken::new("the-token").unwrap();
        let token = IssuedToken {
            token,
            expires_in: 60,
            expires_at: 1_800_000_000,
        };
        TokenCookie::new(key, "__Host-a")
            .seal(
                &subject_id("i", "ada"),
                &token_request(),
                &token,
                "https://a.test",
            )
            .unwrap()
    }

    #[test]
    fn opens_for_its_subject() {
        let key = ApiKey::for_tests("key");
        let opened = TokenCookie::new(&key, "__Host-a")
            .open(&subject_id("i", "ada"), &sealed(&key))
            .unwrap();
        assert_eq!(
            (opened.token.expose(), opened.expires_at),
            ("the-token", 1_800_000_000)
        );
        assert_eq!(
            (opened.grants, opened.base_url.as_str()),
            (vec!["tts".to_owned()], "https://a.test")
        );
    }

    #[test]
    fn does_not_open_for_another_subject_provider_or_key() {
        let (key, other) = (ApiKey::for_tests("key"), ApiKey::for_tests("yek"));
        let value = sealed(&key);
        let opens = |key, cookie, subject: &SubjectId| {
            TokenCookie::new(key, cookie)
                .open(subject, &value)
                .is_some()
        };
        assert!(opens(&key, "__Host-a", &subject_id("i", "ada")));
        assert!(
            !opens(&key, "__Host-a", &subject_id("i", "bob")),
            "another subject"
        );
        assert!(
            !opens(&key, "__Host-a", &subject_id("j", "ada")),
            "another issuer"
        );
        assert!(
            !opens(&key, "__Host-a", &subject_id("ia", "da")),
            "the same characters, split elsewhere"
        );
        assert!(
            !opens(&key, "__Host-b", &subject_id("i", "ada")),
            "another provider"
        );
        assert!(
            !opens(&other, "__Host-a", &subject_id("i", "ada")),
            "another key"
        );
    }

    #[test]
    fn does_not_open_after_a_change() {
        let key = ApiKey::for_tests("key");
        let bytes = URL_SAFE_NO_PAD.decode(sealed(&key)).unwrap();
        let opens = |bytes: &[u8]| {
            TokenCookie::new(&key, "__Host-a")
                .open(&subject_id("i", "ada"), &URL_SAFE_NO_PAD.encode(bytes))
        };
        for place in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            assert!(opens(&altered).is_none(), "byte {place}");
        }
        for length in 0..bytes.len() {
            assert!(opens(&bytes[..length]).is_none(), "cut to {length}");
        }
    }

    #[test]
    fn is_different_each_time_and_never_contains_the_token() {
        let key = ApiKey::for_tests("key");
        assert_ne!(sealed(&key), sealed(&key));
        let bytes = URL_SAFE_NO_PAD.decode(sealed(&key)).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"the-token"));
    }
}
