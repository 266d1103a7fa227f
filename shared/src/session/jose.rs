//! What signed and encrypted tokens share: the compact form and the header (RFC 7515, RFC 7516).

/// Header members that change what a signature means. A verifier that does not know an extension
/// must refuse it (RFC 7515 section 4.1.11). Keys come from settings alone (RFC 8725 section 3.10):
/// those that come along with a token, as `jwk` or `x5c`, and places for keys, as `jku` or `x5u`,
/// are never looked at, and some issuers put them into every token.
pub const REFUSED_MEMBERS: [&str; 2] = ["crit", "b64"];

/// Whether a token has the five parts of an encrypted one (RFC 7516 section 9).
pub fn is_encrypted(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 4
}
