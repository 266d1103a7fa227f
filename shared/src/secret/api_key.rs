//! An API key, and the keys that are derived from it.

use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use http::{HeaderValue, header::InvalidHeaderValue};

/// A provider's API key, or the secret that signs sessions. It has no `Debug` and no `Serialize`.
pub struct ApiKey {
    text: String,
    version: String,
    derived: OnceLock<Option<DerivedKeys>>,
}

impl ApiKey {
    pub(super) fn new(text: String, version: String) -> Self {
        Self {
            text,
            version,
            derived: OnceLock::new(),
        }
    }

    /// The key itself.
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The key behind a scheme, as a header's value that HTTP libraries do not print.
    ///
    /// # Errors
    /// Never for a key that was loaded: it is visible ASCII.
    pub fn header(&self, scheme: &str) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{scheme}{}", self.text))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The keys that are derived from it, once.
    pub fn derived(&self) -> Option<&DerivedKeys> {
        self.derived
            .get_or_init(|| DerivedKeys::derive(&self.text))
            .as_ref()
    }

    pub(super) fn differs(&self, other: &Self) -> bool {
        self.version != other.version || self.text != other.text
    }

    /// A key for tests of what comes after loading.
    #[cfg(test)]
    pub fn for_tests(text: &str) -> Self {
        Self::new(text.to_owned(), String::new())
    }
}

/// What is derived from an API key: the key that seals cookies, and the one that hashes subjects.
pub struct DerivedKeys {
    pub(crate) cookie: RandomizedNonceKey,
    pub(crate) subject: hmac::Key,
}

impl DerivedKeys {
    /// Derives them. Nothing where the library refuses, which no key makes it do.
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
