//! What signed and encrypted tokens have in common: compact serialization and header (RFC 7515, RFC
//! 7516).

/// Header members that change the meaning of a signature. A verifier must refuse extensions that it
/// does not support (RFC 7515 section 4.1.11).
///
/// Keys in a token (`jwk`, `x5c`) and URLs of keys (`jku`, `x5u`) are not refused, as some issuers
/// add them to every token, but they are never read: keys come from the settings alone (RFC 8725
/// section 3.10).
pub(crate) const REFUSED_MEMBERS: [&str; 2] = ["crit", "b64"];

/// Whether a token has five parts, as encrypted tokens have (RFC 7516 section 9).
pub(crate) fn is_encrypted(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 4
}
