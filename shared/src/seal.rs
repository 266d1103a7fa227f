//! The cookie's value: a token sealed together with who it was minted for, what it grants and when
//! it expires.
//!
//! A value that scripts can read must not also travel in a cookie (OWASP ASVS 5.0, 3.3.4), so the
//! cookie holds nothing that a provider would take. Sealed with AES-256-GCM under a key derived
//! from the provider's API key (HKDF, RFC 5869): there is no second secret to keep, and rotating
//! the key voids the cookies.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::ask::Ask;
use crate::provider::{Lease, ProviderToken};
use crate::secret::ApiKey;
use crate::session::Session;

/// What is derived from an API key: the key that seals cookies, and the one that hashes subjects.
pub struct DerivedKeys {
    cookie: RandomizedNonceKey,
    subject: hmac::Key,
}

impl DerivedKeys {
    /// Derives them. Nothing where the library refuses, which no key makes it do.
    pub fn of(key: &str) -> Option<Self> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"voicemint v1");
        let prk = salt.extract(key.as_bytes());
        let derive = |purpose: &[u8]| {
            let mut derived = [0; 32];
            prk.expand(&[purpose], hkdf::HKDF_SHA256)
                .ok()?
                .fill(&mut derived)
                .ok()?;
            Some(derived)
        };
        let cookie = RandomizedNonceKey::new(&AES_256_GCM, &derive(b"cookie")?).ok()?;
        let subject = hmac::Key::new(hmac::HMAC_SHA256, &derive(b"subject")?);
        Some(Self { cookie, subject })
    }
}

/// Seals and opens the cookies of one provider under one API key.
pub struct Seal<'a> {
    key: &'a ApiKey,
    cookie: &'static str,
}

/// What a cookie holds beside its owner.
pub struct Kept {
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

impl<'a> Seal<'a> {
    /// A seal for the cookie of a name.
    pub fn new(key: &'a ApiKey, cookie: &'static str) -> Self {
        Self { key, cookie }
    }

    /// Seals a token for its owner. Nothing where the machine has no random numbers: then no cookie
    /// is set.
    pub fn seal(&self, owner: &Owner, ask: &Ask, lease: &Lease, base_url: &str) -> Option<String> {
        let content = Content {
            token: lease.token.expose().to_owned(),
            grants: ask.grants.iter().map(|&grant| grant.to_owned()).collect(),
            expires_at: lease.expires_at,
            base_url: base_url.to_owned(),
            owner: owner.0.clone(),
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
    pub fn open(&self, owner: &Owner, value: &str) -> Option<Kept> {
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
        (content.owner == owner.0).then_some(())?;
        Some(Kept {
            token: ProviderToken::new(content.token)?,
            grants: content.grants,
            expires_at: content.expires_at,
            base_url: content.base_url,
        })
    }
}

/// An owner as logs may show it: the same for the same person, and of no use without the API key.
pub fn subject_hash(key: &ApiKey, owner: &Owner) -> Option<String> {
    let tag = hmac::sign(&key.derived()?.subject, owner.0.as_bytes());
    tag.as_ref()
        .first_chunk::<12>()
        .map(|start| URL_SAFE_NO_PAD.encode(start))
}

/// Whose a token is: issuer and subject, as one text of fixed length.
pub struct Owner(String);

impl Owner {
    /// The owner of what a session mints.
    pub fn of(session: &Session) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [session.issuer(), session.subject()] {
            // The lengths go in as well, so that no two pairs meet.
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

    fn ask() -> Ask {
        Ask {
            grants: vec!["tts"],
            expires_in: 60,
            max_session_duration: None,
        }
    }

    fn owner(issuer: &str, subject: &str) -> Owner {
        Owner::of(&Session::for_tests(issuer, subject, json!({})))
    }

    fn sealed(key: &ApiKey) -> String {
        let token = ProviderToken::new("the-token".to_owned()).unwrap();
        let lease = Lease {
            token,
            expires_in: 60,
            expires_at: 1_800_000_000,
        };
        Seal::new(key, "__Host-a")
            .seal(&owner("i", "ada"), &ask(), &lease, "https://a.test")
            .unwrap()
    }

    #[test]
    fn opens_for_the_one_it_was_sealed_for() {
        let key = ApiKey::for_tests("key");
        let kept = Seal::new(&key, "__Host-a")
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
        let opens =
            |key, cookie, owner: &Owner| Seal::new(key, cookie).open(owner, &value).is_some();
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
            Seal::new(&key, "__Host-a").open(&owner("i", "ada"), &URL_SAFE_NO_PAD.encode(bytes))
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

    #[test]
    fn the_hash_of_a_subject_needs_the_key() {
        let hash =
            |key, subject| subject_hash(&ApiKey::for_tests(key), &owner("i", subject)).unwrap();
        assert_eq!(hash("key", "ada"), hash("key", "ada"));
        assert_ne!(hash("key", "ada"), hash("key", "bob"));
        assert_ne!(hash("key", "ada"), hash("yek", "ada"));
    }
}
