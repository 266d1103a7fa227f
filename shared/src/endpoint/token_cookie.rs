//! The cookie's value: a token sealed together with who it was minted for, what it grants and when
//! it expires.
//!
//! A value that scripts can read must not also travel in a cookie (OWASP ASVS 5.0, 3.3.4), so the
//! cookie holds nothing that a provider would take. Sealed with AES-256-GCM under a key derived
//! from the provider's API key (HKDF, RFC 5869): there is no second secret to keep, and rotating
//! the key voids the cookies.

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::provider::request::TokenRequest;
use crate::provider::token::{IssuedToken, ProviderToken};
use crate::secret::api_key::ApiKey;
use crate::session::subject::SubjectId;

/// Seals and opens the cookies of one provider under one API key.
pub struct TokenCookie<'a> {
    key: &'a ApiKey,
    cookie: &'static str,
}

/// What a cookie holds beside its owner.
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

#[derive(Serialize, Deserialize)]
struct Content {
    #[serde(rename = "t")]
    token: String,
    #[serde(rename = "g")]
    grants: Vec<String>,
    #[serde(rename = "e")]
    expires_at: u64,
    #[serde(rename = "b")]
    base_url: String,
    #[serde(rename = "o")]
    owner: String,
}

impl<'a> TokenCookie<'a> {
    /// A seal for the cookie of a name.
    pub fn new(key: &'a ApiKey, cookie: &'static str) -> Self {
        Self { key, cookie }
    }

    /// Seals a token for its owner. Nothing where the machine has no random numbers: then no cookie
    /// is set.
    pub fn seal(
        &self,
        owner: &SubjectId,
        token_request: &TokenRequest,
        lease: &IssuedToken,
        base_url: &str,
    ) -> Option<String> {
        let content = Content {
            token: lease.token.expose().to_owned(),
            grants: token_request
                .grants
                .iter()
                .map(|&grant| grant.to_owned())
                .collect(),
            expires_at: lease.expires_at,
            base_url: base_url.to_owned(),
            owner: owner.as_str().to_owned(),
        };
        let mut sealed = serde_json::to_vec(&content).ok()?;
        let nonce = self
            .key
            .derived()?
            .cookie
            .seal_in_place_append_tag(Aad::from(self.cookie), &mut sealed)
            .ok()?;
        sealed.extend_from_slice(nonce.as_ref());
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a cookie's value, if it was sealed here and for this owner.
    pub fn open(&self, owner: &SubjectId, value: &str) -> Option<SealedToken> {
        let mut sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (text, nonce) = sealed.split_last_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .key
            .derived()?
            .cookie
            .open_in_place(nonce, Aad::from(self.cookie), text)
            .ok()?;
        let content: Content = serde_json::from_slice(opened).ok()?;
        // The owner is authenticated, not secret: comparing it tells nobody anything.
        (content.owner == owner.as_str()).then_some(())?;
        Some(SealedToken {
            token: ProviderToken::new(content.token)?,
            grants: content.grants,
            expires_at: content.expires_at,
            base_url: content.base_url,
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

    fn owner(issuer: &str, subject: &str) -> SubjectId {
        SubjectId::of(&Session::for_tests(issuer, subject, json!({})))
    }

    fn sealed(key: &ApiKey) -> String {
        let token = ProviderToken::new("the-token".to_owned()).unwrap();
        let lease = IssuedToken {
            token,
            expires_in: 60,
            expires_at: 1_800_000_000,
        };
        TokenCookie::new(key, "__Host-a")
            .seal(
                &owner("i", "ada"),
                &token_request(),
                &lease,
                "https://a.test",
            )
            .unwrap()
    }

    #[test]
    fn opens_for_the_one_it_was_sealed_for() {
        let key = ApiKey::for_tests("key");
        let kept = TokenCookie::new(&key, "__Host-a")
            .open(&owner("i", "ada"), &sealed(&key))
            .unwrap();
        assert_eq!(
            (kept.token.expose(), kept.expires_at),
            ("the-token", 1_800_000_000)
        );
        assert_eq!(
            (kept.grants, kept.base_url.as_str()),
            (vec!["tts".to_owned()], "https://a.test")
        );
    }

    #[test]
    fn stays_shut_for_anybody_else() {
        let (key, other) = (ApiKey::for_tests("key"), ApiKey::for_tests("yek"));
        let value = sealed(&key);
        let opens = |key, cookie, owner: &SubjectId| {
            TokenCookie::new(key, cookie).open(owner, &value).is_some()
        };
        assert!(opens(&key, "__Host-a", &owner("i", "ada")));
        assert!(
            !opens(&key, "__Host-a", &owner("i", "bob")),
            "another subject"
        );
        assert!(
            !opens(&key, "__Host-a", &owner("j", "ada")),
            "another issuer"
        );
        assert!(
            !opens(&key, "__Host-a", &owner("ia", "da")),
            "the same letters, cut elsewhere"
        );
        assert!(
            !opens(&key, "__Host-b", &owner("i", "ada")),
            "another provider"
        );
        assert!(
            !opens(&other, "__Host-a", &owner("i", "ada")),
            "another key"
        );
    }

    #[test]
    fn stays_shut_when_altered_anywhere() {
        let key = ApiKey::for_tests("key");
        let bytes = URL_SAFE_NO_PAD.decode(sealed(&key)).unwrap();
        let opens = |bytes: &[u8]| {
            TokenCookie::new(&key, "__Host-a")
                .open(&owner("i", "ada"), &URL_SAFE_NO_PAD.encode(bytes))
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
    fn never_says_the_same_twice_and_never_shows_the_token() {
        let key = ApiKey::for_tests("key");
        assert_ne!(sealed(&key), sealed(&key));
        let bytes = URL_SAFE_NO_PAD.decode(sealed(&key)).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"the-token"));
    }
}
