//! The token cookie: a token that is sealed for the subject and the request that it was minted for.
//!
//! A value that scripts can read must not be in a cookie too (OWASP ASVS 5.0, 3.3.4), so the cookie
//! holds nothing that a provider accepts. It is sealed with AES-256-GCM under a key that is derived
//! from the provider's API key (HKDF, RFC 5869): there is no second secret to store, and rotating
//! the API key voids the cookies.
//!
//! What must be equal when a token is resumed is authenticated with it (the associated data of RFC
//! 5116) and not stored: a value that was sealed for another subject, host, profile or request does
//! not open.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::aead::{Aad, NONCE_LEN, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::provider::token::{IssuedToken, ProviderToken};
use crate::secret::api_key::ApiKey;

/// What a token is sealed for. All of it must be equal for the cookie to open.
#[derive(Debug, Serialize)]
pub(crate) struct Purpose<'a, R> {
    /// The cookie's name.
    pub name: &'a str,
    /// The subject's identifier.
    pub subject: &'a str,
    /// The host that mints.
    pub base_url: &'a str,
    /// The request. Its serialized form leaves out what need not be equal.
    pub request: &'a R,
    /// The profile's version.
    pub profile: Option<&'a str>,
}

/// The token cookie of one purpose.
#[derive(Debug)]
pub(crate) struct TokenCookie {
    purpose: Vec<u8>,
}

/// What an opened cookie holds. `Debug` shows neither the token nor the members, which may contain it.
pub(crate) struct SealedToken {
    /// The token.
    pub token: ProviderToken,
    /// When it expires: seconds since the Unix epoch.
    pub expires_at: u64,
    /// What the response also has.
    pub members: Map<String, Value>,
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedToken")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// The sealed text. Members have short names, as browsers accept 4096 bytes.
#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    #[serde(rename = "t", borrow)]
    token: Cow<'a, str>,
    #[serde(rename = "e")]
    expires_at: u64,
    #[serde(rename = "m", default, skip_serializing_if = "Map::is_empty")]
    members: Map<String, Value>,
}

impl TokenCookie {
    /// The cookie of a purpose. `None` only if the request cannot be serialized.
    pub(crate) fn new<R: Serialize>(purpose: &Purpose<'_, R>) -> Option<Self> {
        let purpose = serde_json::to_vec(purpose).ok()?;
        Some(Self { purpose })
    }

    /// Seals a token and returns the cookie's value. `None` if the machine has no random numbers:
    /// then no cookie is set.
    pub(crate) fn seal(&self, key: &ApiKey, token: &IssuedToken) -> Option<String> {
        let payload = Payload {
            token: token.token.expose().into(),
            expires_at: token.expires_at,
            members: token.members.clone(),
        };
        let mut sealed = serde_json::to_vec(&payload).ok()?;
        let nonce = key
            .derived()?
            .cookie
            .seal_in_place_append_tag(Aad::from(&self.purpose), &mut sealed)
            .ok()?;
        sealed.extend_from_slice(nonce.as_ref());
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens a cookie's value if it was sealed under this key for this purpose.
    pub(crate) fn open(&self, key: &ApiKey, value: &str) -> Option<SealedToken> {
        let mut sealed = URL_SAFE_NO_PAD.decode(value).ok()?;
        let (text, nonce) = sealed.split_last_chunk_mut::<NONCE_LEN>()?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key
            .derived()?
            .cookie
            .open_in_place(nonce, Aad::from(&self.purpose), text)
            .ok()?;
        let payload: Payload = serde_json::from_slice(opened).ok()?;
        Some(SealedToken {
            token: ProviderToken::new(&*payload.token)?,
            expires_at: payload.expires_at,
            members: payload.members,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PURPOSE: Purpose<'static, &str> = Purpose {
        name: "__Host-a",
        subject: "ada",
        base_url: "https://a.test",
        request: &"request",
        profile: Some("1"),
    };

    fn cookie(purpose: &Purpose<'_, &str>) -> TokenCookie {
        TokenCookie::new(purpose).unwrap()
    }

    fn sealed(key: &ApiKey) -> String {
        let token = IssuedToken {
            token: ProviderToken::new("the-token").unwrap(),
            expires_in: 60,
            expires_at: 1_800_000_000,
            members: Map::from_iter([("id".to_owned(), json!("i-1"))]),
        };
        cookie(&PURPOSE).seal(key, &token).unwrap()
    }

    #[test]
    fn opens_for_its_purpose() {
        let key = ApiKey::new("key");
        let opened = cookie(&PURPOSE).open(&key, &sealed(&key)).unwrap();
        assert_eq!(
            (opened.token.expose(), opened.expires_at),
            ("the-token", 1_800_000_000)
        );
        let shown = format!("{opened:?}");
        assert!(!shown.contains("i-1"), "{shown}");
        assert_eq!(Value::from(opened.members), json!({"id": "i-1"}));
    }

    #[test]
    fn does_not_open_for_another_purpose_or_key() {
        let (key, other) = (ApiKey::new("key"), ApiKey::new("yek"));
        let value = sealed(&key);
        let opens = |key, purpose: Purpose<'_, &str>| cookie(&purpose).open(key, &value).is_some();
        assert!(opens(&key, PURPOSE));
        assert!(!opens(&other, PURPOSE), "another key");
        for (other, purpose) in [
            (
                "name",
                Purpose {
                    name: "__Host-b",
                    ..PURPOSE
                },
            ),
            (
                "subject",
                Purpose {
                    subject: "bob",
                    ..PURPOSE
                },
            ),
            (
                "host",
                Purpose {
                    base_url: "https://b.test",
                    ..PURPOSE
                },
            ),
            (
                "request",
                Purpose {
                    request: &"other",
                    ..PURPOSE
                },
            ),
            (
                "version",
                Purpose {
                    profile: Some("2"),
                    ..PURPOSE
                },
            ),
            (
                "profile",
                Purpose {
                    profile: None,
                    ..PURPOSE
                },
            ),
            (
                "split of the same characters",
                Purpose {
                    name: "__Host-aa",
                    subject: "da",
                    ..PURPOSE
                },
            ),
        ] {
            assert!(!opens(&key, purpose), "another {other}");
        }
    }

    #[test]
    fn does_not_open_after_a_change() {
        let key = ApiKey::new("key");
        let bytes = URL_SAFE_NO_PAD.decode(sealed(&key)).unwrap();
        let opens = |bytes: &[u8]| cookie(&PURPOSE).open(&key, &URL_SAFE_NO_PAD.encode(bytes));
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
    fn a_cookie_of_an_earlier_version_does_not_open() {
        let key = ApiKey::new("key");
        let content = json!({
            "t": "the-token", "g": ["tts"], "e": 1_800_000_000, "b": "https://a.test", "o": "ada",
        });
        let mut sealed = serde_json::to_vec(&content).unwrap();
        let cipher = &key.derived().unwrap().cookie;
        let nonce = cipher
            .seal_in_place_append_tag(Aad::from(PURPOSE.name), &mut sealed)
            .unwrap();
        sealed.extend_from_slice(nonce.as_ref());
        let value = URL_SAFE_NO_PAD.encode(sealed);
        assert!(cookie(&PURPOSE).open(&key, &value).is_none());
    }

    #[test]
    fn is_different_each_time_and_never_contains_the_token() {
        let key = ApiKey::new("key");
        assert_ne!(sealed(&key), sealed(&key));
        let bytes = URL_SAFE_NO_PAD.decode(sealed(&key)).unwrap();
        assert!(!bytes.windows(9).any(|window| window == b"the-token"));
    }
}
