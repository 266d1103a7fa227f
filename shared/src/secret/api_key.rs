//! An API key, and the keys that are derived from it.

use std::fmt;
use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use http::{HeaderValue, header::InvalidHeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// A provider's API key, or a secret of sessions. `Debug` does not show it, and dropping it
/// overwrites its memory.
#[derive(Debug)]
pub struct ApiKey {
    text: SecretString,
    version: String,
    derived: OnceLock<Option<DerivedKeys>>,
}

impl ApiKey {
    pub(super) fn new(text: String, version: String) -> Self {
        Self {
            text: text.into(),
            version,
            derived: OnceLock::new(),
        }
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// A header value of `scheme` followed by the key. It is marked as sensitive, so that HTTP
    /// libraries do not print it.
    ///
    /// # Errors
    /// Never for an API key that was loaded: it is visible ASCII.
    pub fn header(&self, scheme: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{scheme}{}", self.expose()))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The keys that are derived from this one. They are derived once.
    pub fn derived(&self) -> Option<&DerivedKeys> {
        self.derived
            .get_or_init(|| DerivedKeys::derive(self.expose()))
            .as_ref()
    }

    pub(super) fn differs(&self, other: &Self) -> bool {
        self.version != other.version || self.expose() != other.expose()
    }

    /// A key for tests.
    #[cfg(test)]
    pub fn for_tests(text: &str) -> Self {
        Self::new(text.to_owned(), String::new())
    }
}

/// The keys that are derived from an API key: one seals cookies, the other hashes subjects.
pub struct DerivedKeys {
    pub(crate) cookie: RandomizedNonceKey,
    pub(crate) subject: hmac::Key,
}

impl DerivedKeys {
    /// Derives the keys (HKDF, RFC 5869). `None` only if the cryptography library fails, which does
    /// not depend on the key.
    pub fn derive(key: &str) -> Option<Self> {
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

impl fmt::Debug for DerivedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DerivedKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_does_not_contain_the_key() {
        let key = ApiKey::for_tests("sk_secret");
        key.derived().unwrap();
        assert!(!format!("{key:?}").contains("sk_secret"));
    }
}
