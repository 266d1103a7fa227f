//! Opaque tokens. Their claims are stored here.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use serde_json::Value;

use super::claims::Claims;

/// Opaque tokens with their claims.
#[derive(Default)]
pub struct OpaqueTokens(Mutex<BTreeMap<String, Claims>>);

impl OpaqueTokens {
    /// Makes a token for claims.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn issue(&self, claims: &Claims) -> Result<String, Unspecified> {
        let token = format!("opaque_{}", random_hex()?);
        self.tokens().insert(token.clone(), claims.clone());
        Ok(token)
    }

    /// The claims of a token that has not expired.
    pub fn find(&self, token: &str, now: Duration) -> Option<Claims> {
        let mut tokens = self.tokens();
        let expired = |claims: &Claims| {
            claims
                .get("exp")
                .and_then(Value::as_f64)
                .is_some_and(|exp| exp <= now.as_secs_f64())
        };
        if tokens.get(token).is_some_and(expired) {
            tokens.remove(token);
        }
        tokens.get(token).cloned()
    }

    /// Removes a token.
    pub fn revoke(&self, token: &str) {
        self.tokens().remove(token);
    }

    fn tokens(&self) -> MutexGuard<'_, BTreeMap<String, Claims>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 32 random bytes in hexadecimal, as `openssl rand -hex 32` prints them.
pub(super) fn random_hex() -> Result<String, Unspecified> {
    let mut random = [0; 32];
    rand::fill(&mut random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::claims::members;
    use serde_json::json;

    #[test]
    fn a_token_is_found_until_it_expires_or_is_revoked() {
        let tokens = OpaqueTokens::default();
        let claims = members(json!({"sub": "ada", "exp": 100}));
        let (first, second) = (
            tokens.issue(&claims).unwrap(),
            tokens.issue(&claims).unwrap(),
        );
        assert_ne!(first, second);
        assert_eq!(tokens.find(&first, Duration::from_secs(99)), Some(claims));
        assert_eq!(tokens.find(&first, Duration::from_secs(100)), None);
        tokens.revoke(&second);
        assert_eq!(tokens.find(&second, Duration::from_secs(99)), None);
        assert_eq!(tokens.find("unknown", Duration::ZERO), None);
    }
}
