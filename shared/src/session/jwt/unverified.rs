//! Parses a JWT. Nothing in it is trusted yet (RFC 7515 section 5.2, RFC 7519 section 7.2, RFC
//! 8725).

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::json::{self, Members};
use crate::session::jose::{REFUSED_MEMBERS, is_encrypted};
use crate::session::jwt::algorithm::Algorithm;
use crate::session::reason::Reason;

/// The maximum length of a token in bytes.
pub(crate) const MAX_BYTES: usize = 8 * 1024;
/// The maximum length of a key id in bytes.
const MAX_KEY_ID_BYTES: usize = 256;

/// A token in compact serialization. Nothing in it has been verified.
pub struct UnverifiedToken<'a> {
    /// The algorithm in the header. Settings and keys decide whether it may be used.
    pub algorithm: Algorithm,
    /// The key id in the header.
    pub key_id: Option<String>,
    /// The bytes that are signed.
    pub signed: &'a str,
    /// The signature, as valid base64url.
    pub signature: &'a str,
    header: Members,
    payload: Vec<u8>,
}

impl<'a> UnverifiedToken<'a> {
    /// Parses a token.
    ///
    /// # Errors
    /// The [`Reason`] why it is not a valid token.
    pub fn parse(token: &'a str) -> Result<Self, Reason> {
        if token.len() > MAX_BYTES {
            return Err(Reason::TokenTooLong);
        }
        if is_encrypted(token) {
            return Err(Reason::TokenEncrypted);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Reason::TokenParts)?;
        let (header, payload) = signed.split_once('.').ok_or(Reason::TokenParts)?;
        if payload.contains('.') {
            return Err(Reason::TokenParts);
        }
        // This decoder accepts neither padding nor non-zero trailing bits, so a token has one
        // encoding.
        let decode = |part| {
            URL_SAFE_NO_PAD
                .decode(part)
                .map_err(|_| Reason::TokenEncoding)
        };
        let (header, payload) = (decode(header)?, decode(payload)?);
        if decode(signature)?.is_empty() {
            return Err(Reason::TokenUnsigned);
        }
        let header = json::strict_object(&header).map_err(|_| Reason::TokenHeader)?;
        if REFUSED_MEMBERS
            .iter()
            .any(|name| header.contains_key(*name))
        {
            return Err(Reason::TokenExtension);
        }
        check_type(&header)?;
        let algorithm = match header.get("alg") {
            Some(Value::String(name)) => name.parse().map_err(|_| Reason::AlgorithmUnsupported)?,
            _ => return Err(Reason::AlgorithmMissing),
        };
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) if id.len() <= MAX_KEY_ID_BYTES => Some(id.clone()),
            Some(_) => return Err(Reason::KeyIdInvalid),
        };
        Ok(Self {
            algorithm,
            key_id,
            signed,
            signature,
            header,
            payload,
        })
    }

    /// The `iss` claim. It is not verified: use it only to select the issuer whose keys must verify
    /// the token.
    pub fn unverified_issuer(&self) -> Option<Cow<'_, str>> {
        #[derive(Deserialize)]
        struct ClaimsSet<'a> {
            #[serde(borrow)]
            iss: Cow<'a, str>,
        }
        serde_json::from_slice(&self.payload)
            .ok()
            .map(|ClaimsSet { iss }| iss)
    }

    /// The payload, which need not be JSON. Call this after the signature has been verified.
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The header and the claims. Call this after the signature has been verified.
    ///
    /// # Errors
    /// [`Reason::TokenClaims`].
    pub fn into_claims(self) -> Result<(Members, Members), Reason> {
        let claims = json::strict_object(&self.payload);
        Ok((self.header, claims.map_err(|_| Reason::TokenClaims)?))
    }
}

/// Rejects tokens whose type is for another purpose: logout tokens, DPoP proofs, security events
/// (RFC 8725 section 3.11). Access tokens have `at+jwt` (RFC 9068), most others `JWT` or no type.
/// Every other type with a `+`, such as `logout+jwt` or `dc+sd-jwt`, has another purpose.
fn check_type(header: &Members) -> Result<(), Reason> {
    let Some(value) = header.get("typ") else {
        return Ok(());
    };
    let name = value
        .as_str()
        .ok_or(Reason::TokenTypeNotString)?
        .to_ascii_lowercase();
    let name = name.strip_prefix("application/").unwrap_or(&name);
    if name.contains('+') && name != "at+jwt" {
        return Err(Reason::TokenType);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(header: &str) -> String {
        format!(
            "{}.{}.c2ln",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode("{}")
        )
    }

    fn refused(token: &str) -> bool {
        UnverifiedToken::parse(token).is_err()
    }

    #[test]
    fn parses_a_plain_token() {
        let text = token(r#"{"alg":"ES256","kid":"k1","typ":"at+JWT"}"#);
        let token = UnverifiedToken::parse(&text).ok().unwrap();
        assert_eq!(token.key_id.as_deref(), Some("k1"));
        assert_eq!(token.signature, "c2ln");
        assert!(token.into_claims().unwrap().1.is_empty());
    }

    #[test]
    fn rejects_headers_that_change_the_rules() {
        for member in [
            r#""crit":["exp"]"#,
            r#""crit":[]"#,
            r#""b64":false"#,
            r#""b64":true"#,
            r#""typ":"logout+jwt""#,
            r#""typ":"application/dpop+jwt""#,
            r#""typ":"dc+sd-jwt""#,
            r#""typ":7"#,
            r#""kid":7"#,
            r#""kid":null"#,
            r#""alg":"ES256""#,
        ] {
            assert!(
                refused(&token(&format!(r#"{{"alg":"ES256",{member}}}"#))),
                "{member}"
            );
        }
        assert!(refused(&token(&format!(
            r#"{{"alg":"ES256","kid":"{}"}}"#,
            "k".repeat(257)
        ))));
        for alg in [
            r#""none""#,
            r#""NONE""#,
            r#""es256""#,
            "null",
            "[]",
            r#""""#,
        ] {
            assert!(refused(&token(&format!(r#"{{"alg":{alg}}}"#))), "{alg}");
        }
        assert!(refused(&token("{}")));
    }

    #[test]
    fn rejects_tokens_that_are_not_in_compact_form() {
        let good = token(r#"{"alg":"ES256"}"#);
        assert!(!refused(&good));
        let parts: Vec<&str> = good.split('.').collect();
        let [header, payload] = [parts[0], parts[1]];
        for bad in [
            String::new(),
            "..".to_owned(),
            header.to_owned(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}."),
            format!("{good}.x.y"),
            format!("{good}="),
            format!("{header}=.{payload}.c2ln"),
            format!("{good} "),
            format!("{header}.{payload}.c2l_/w"),
            format!("{header}.{payload}.c2lu+"),
            // The trailing bits of the last character must be zero.
            format!("{header}.{payload}.c2l"),
            format!("{good}{}", "A".repeat(MAX_BYTES)),
        ] {
            assert!(refused(&bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_input_causes_a_panic(text in "[ -~]{0,80}", parts in proptest::collection::vec("[A-Za-z0-9_=-]{0,30}", 0..6)) {
            let _ = UnverifiedToken::parse(&text);
            let _ = UnverifiedToken::parse(&parts.join("."));
        }
    }
}
