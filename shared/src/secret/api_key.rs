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
    /// All values of a secret that has several, by name.
    values: Vec<(&'static str, SecretString)>,
    version: String,
    derived: OnceLock<Option<DerivedKeys>>,
}

impl ApiKey {
    /// A key.
    pub fn new(text: impl Into<SecretString>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
            version: String::new(),
            derived: OnceLock::new(),
        }
    }

    /// A secret of several values, by name. The first one is the key. `None` without any.
    pub fn with_values(values: Vec<(&'static str, String)>) -> Option<Self> {
        let (_, first) = values.first()?;
        let key = Self::new(first.as_str());
        let values = values
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        Some(Self { values, ..key })
    }

    /// Sets which version of the secret the key is.
    #[must_use]
    pub(super) fn with_version(self, version: impl Into<String>) -> Self {
        Self {
            version: version.into(),
            ..self
        }
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// A value of a secret that has several.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut values = self.values.iter();
        let (_, value) = values.find(|(known, _)| *known == name)?;
        Some(value.expose_secret())
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
            .get_or_init(|| DerivedKeys::derive(self.material().expose_secret()))
            .as_ref()
    }

    pub(super) fn differs(&self, other: &Self) -> bool {
        self.version != other.version
            || self.material().expose_secret() != other.material().expose_secret()
    }

    /// What the derived keys depend on: all values, each after the first behind a byte that no value
    /// contains.
    fn material(&self) -> SecretString {
        let mut material = self.expose().to_owned();
        for (_, value) in self.values.iter().skip(1) {
            material.push('\0');
            material.push_str(value.expose_secret());
        }
        material.into()
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
    fn a_secret_may_have_several_values() {
        let values = |first: &str, second: &str| {
            let values = vec![("id", first.to_owned()), ("secret", second.to_owned())];
            ApiKey::with_values(values).unwrap()
        };
        let key = values("key-1", "secret-1");
        assert_eq!(key.expose(), "key-1");
        assert_eq!(key.value("id"), Some("key-1"));
        assert_eq!(key.value("secret"), Some("secret-1"));
        assert_eq!(key.value("other"), None);
        assert!(!format!("{key:?}").contains("secret-1"));
        for other in [values("key-1", "secret-2"), values("key-2", "secret-1")] {
            assert!(key.differs(&other));
        }
        assert!(!key.differs(&values("key-1", "secret-1")));
        assert_eq!(values("a", "b").material().expose_secret(), "a\0b");
        assert_eq!(ApiKey::new("key").material().expose_secret(), "key");
    }

    #[test]
    fn debug_output_does_not_contain_the_key() {
        let key = ApiKey::new("sk_secret");
        key.derived().unwrap();
        assert!(!format!("{key:?}").contains("sk_secret"));
    }
}
