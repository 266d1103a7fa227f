//! Clerk. <https://clerk.com/docs/guides/sessions/session-tokens>

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::session::claims::claims_set::ClaimsSet;
use crate::session::cookie::SessionCookie;
use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, SecretUse, is_id, url_setting,
};
use crate::session::reason::Reason;

/// Clerk's session tokens. They expire after a minute. Most name the page to which they were issued
/// in `azp`; those for native apps and for some web users do not. Clerk's own verifier accepts
/// tokens without `azp`
/// (<https://github.com/clerk/javascript/blob/main/packages/backend/src/jwt/assertions.ts>). Here a
/// setting must allow them.
pub(super) const CLERK: Idp = Idp {
    name: "clerk",
    issuer_setting: "the publishable key (pk_…) or the Frontend API URL from Clerk's dashboard",
    tenant,
    algorithms: &["RS256"],
    audience: AudienceSetting::Default(&[]),
    party_is_an_origin: true,
    key_id_required: false,
    rule,
    secret: SecretUse::None,
};

/// The values of `cat` in the header of a session token: the category, and no category.
/// <https://github.com/clerk/javascript/blob/main/packages/backend/src/tokens/jwtCategories.ts>
const SESSION_CATEGORY: &str = "cl_B7d4PD111AAA";
const NO_CATEGORY: &str = "cl_I7d4PD111III";

fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let (issuer, suffixed) = match url_setting(entry)? {
        Some(url) => (url.to_owned(), None),
        None => (
            format!("https://{}", frontend_api(entry)?),
            Some(SessionCookie::plain(suffixed_cookie(entry))),
        ),
    };
    let key_set = format!("{issuer}/.well-known/jwks.json");
    let cookies = suffixed
        .into_iter()
        .chain([SessionCookie::plain("__session")])
        .collect();
    Ok(IdpTenant::with_issuer(issuer, key_set)?.with_cookies(cookies))
}

/// A publishable key is `pk_live_` or `pk_test_`, followed by the Frontend API's host and a `$` in
/// base64.
fn frontend_api(publishable_key: &str) -> Result<String, &'static str> {
    let requirement = "must be Clerk's publishable key (pk_…) or its Frontend API URL";
    let encoded = publishable_key
        .strip_prefix("pk_live_")
        .or_else(|| publishable_key.strip_prefix("pk_test_"));
    let unpadded = encoded.map(|encoded| encoded.trim_end_matches('='));
    let host = unpadded
        .and_then(|encoded| STANDARD_NO_PAD.decode(encoded).ok())
        .and_then(|host| String::from_utf8(host).ok());
    let host = host.and_then(|host| host.strip_suffix('$').map(str::to_owned));
    host.filter(|host| is_id(host)).ok_or(requirement)
}

/// Several Clerk apps may share a site, so the cookie's name contains a part of the hash of the
/// publishable key.
fn suffixed_cookie(publishable_key: &str) -> String {
    let hash = digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        publishable_key.as_bytes(),
    );
    let suffix: String = URL_SAFE_NO_PAD.encode(hash).chars().take(8).collect();
    format!("__session_{suffix}")
}

fn rule(claims: &ClaimsSet) -> Result<(), Reason> {
    // Machine, OAuth and template tokens have the same issuer and keys as session tokens. They have
    // another type or category, and other claims.
    let typed = claims.header("typ").is_none_or(|value| value == "JWT");
    let of_session = |category: &Value| {
        [SESSION_CATEGORY, NO_CATEGORY]
            .iter()
            .any(|known| category == known)
    };
    if !typed || !claims.header("cat").is_none_or(of_session) {
        return Err(Reason::ClerkTokenType);
    }
    if claims.text("sid").is_none_or(str::is_empty) {
        return Err(Reason::ClerkSessionIdMissing);
    }
    // In a pending session, the user has not completed a step, such as choosing an organization.
    if claims.get("sts").is_some_and(|status| status != "active") {
        return Err(Reason::ClerkSessionPending);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The suffixes are those of the tests of Clerk's own library.
    #[test]
    fn the_suffix_of_the_cookie_is_part_of_the_hash_of_the_key() {
        for (key, suffix) in [
            ("pk_live_Y2xlcmsuY2xlcmsuZGV2JA", "1Z8AzTQD"),
            ("pk_test_Y2xlcmsuY2xlcmsuZGV2JA", "QvfNY2dr"),
            (
                "pk_test_ZW5vdWdoLWFscGFjYS04Mi5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k",
                "jtYvyt_H",
            ),
            (
                "pk_test_eHh4eHh4LXhhYWFhYS1hYS5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k",
                "tZJdb-5s",
            ),
        ] {
            assert_eq!(suffixed_cookie(key), format!("__session_{suffix}"));
            assert!(frontend_api(key).is_ok(), "{key}");
        }
    }
}
