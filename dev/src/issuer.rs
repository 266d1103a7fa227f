//! The built-in identity provider: anybody may sign in as anybody. It publishes a discovery document and a key set, so
//! that the broker verifies its sessions just as it verifies those of a real one.

use std::time::Duration;

use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyUncompressedBin};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// The audience of the sessions.
pub const AUDIENCE: &str = "voicemint-dev";
const KEY_ID: &str = "dev";

/// An issuer with one ES256 key, made at start and gone at the end.
pub struct Issuer {
    url: String,
    key: EncodingKey,
    public_key: Value,
}

impl Issuer {
    /// An issuer at a URL.
    ///
    /// # Errors
    /// Where the machine has no random numbers.
    pub fn new(url: String) -> Result<Self, Unspecified> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        let point: EcPublicKeyUncompressedBin = pair.public_key().as_be_bytes()?;
        // SEC 1 section 2.3.3: 4, then the two coordinates of 32 bytes.
        let (x, y) = point.as_ref().get(1..).unwrap_or_default().split_at_checked(32).ok_or(Unspecified)?;
        let public_key = json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": KEY_ID,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        });
        let key = EncodingKey::from_ec_der(pair.to_pkcs8v1()?.as_ref());
        Ok(Self { url, key, public_key })
    }

    /// Signs a session for a user, good from `now` (since the Unix epoch) for `seconds`.
    ///
    /// # Errors
    /// Where the machine has no random numbers.
    pub fn session(&self, user: &str, now: Duration, seconds: u32) -> jsonwebtoken::errors::Result<String> {
        let issued = now.as_secs();
        let expires = issued + u64::from(seconds);
        let claims = json!({"iss": self.url, "aud": AUDIENCE, "sub": user, "iat": issued, "exp": expires});
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, &claims, &self.key)
    }

    /// The discovery document (OpenID Connect Discovery 1.0 section 3).
    pub fn discovery(&self) -> Value {
        let key_set = format!("{}/.well-known/jwks.json", self.url);
        json!({
            "issuer": self.url,
            "jwks_uri": key_set,
            "authorization_endpoint": format!("{}/", self.url),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
        })
    }

    /// The key set (RFC 7517).
    pub fn key_set(&self) -> Value {
        json!({"keys": [self.public_key]})
    }
}
