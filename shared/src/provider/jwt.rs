//! Tokens that the function signs by itself (RFC 7515, RFC 7519).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::provider::context::MintError;
use crate::provider::token::ProviderToken;

/// Signs claims with HS256 under a secret. `header` has the header's members other than `alg` and
/// `typ`.
///
/// # Errors
/// If the claims are not JSON, or too long for a token.
pub fn sign_hs256(
    header: &[(&str, &str)],
    claims: &impl Serialize,
    secret: &str,
) -> Result<ProviderToken, MintError> {
    let members = header.iter().copied();
    let header: Map<String, Value> = members
        .chain([("alg", "HS256"), ("typ", "JWT")])
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    let mut token = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&header)?);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims)?, &mut token);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    ProviderToken::new(token).ok_or(MintError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn signs_what_a_library_verifies() {
        use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
        let claims = json!({"sub": "ada", "exp": 4_000_000_000_u64});
        let token = sign_hs256(&[("cty", "a;v=1")], &claims, "secret").unwrap();
        let verified = |secret: &str| {
            decode::<Value>(
                token.expose(),
                &DecodingKey::from_secret(secret.as_bytes()),
                &Validation::new(Algorithm::HS256),
            )
        };
        let decoded = verified("secret").unwrap();
        assert_eq!(decoded.claims, claims);
        assert_eq!(decoded.header.cty.as_deref(), Some("a;v=1"));
        assert_eq!(decoded.header.typ.as_deref(), Some("JWT"));
        assert!(verified("other").is_err());
    }

    #[test]
    fn claims_that_are_too_long_are_an_error() {
        let claims = json!({"metadata": "m".repeat(16 * 1024)});
        assert!(matches!(
            sign_hs256(&[], &claims, "secret"),
            Err(MintError::TooLong)
        ));
    }
}
