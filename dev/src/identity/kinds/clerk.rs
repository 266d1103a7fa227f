//! Clerk: session tokens of version 2, in a cookie that the page's scripts can read.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::identity::claims::Claims;
use crate::identity::claims::members;
use crate::identity::issuer::{Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;

/// Clerk's own host for this app.
const FRONTEND_API: &str = "clerk.voicemint.test";

pub struct Clerk;

impl SessionKind for Clerk {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![
            ("SESSION_ISSUER", publishable_key(FRONTEND_API)),
            (
                "SESSION_JWKS_URL",
                format!("{}/.well-known/jwks.json", issuer.base_url),
            ),
        ]
    }

    fn claims(&self, issuer: &Issuer, login: &Login) -> Claims {
        login.with_grants(json!({
            "azp": issuer.base_url,
            "exp": login.expires_at(),
            "fva": [0, -1],
            "iat": login.issued_at(),
            "iss": format!("https://{FRONTEND_API}"),
            "jti": login.id("token", 20),
            "nbf": login.issued_at().saturating_sub(10),
            "sid": format!("sess_{}", login.id("session", 27)),
            "sts": "active",
            "sub": format!("user_{}", login.id("user", 27)),
            "v": 2,
        }))
    }

    fn header(&self) -> Claims {
        // The token's category: a session, not a machine.
        members(json!({"typ": "JWT", "cat": "cl_B7d4PD111AAA"}))
    }

    fn own_cookies(&self, _issuer: &Issuer) -> Vec<String> {
        vec![
            format!(
                "__session_{}",
                cookie_suffix(&publishable_key(FRONTEND_API))
            ),
            "__session".to_owned(),
        ]
    }
}

/// The publishable key of a test instance.
pub fn publishable_key(frontend_api: &str) -> String {
    format!(
        "pk_test_{}",
        STANDARD_NO_PAD.encode(format!("{frontend_api}$"))
    )
}

/// The suffix that distinguishes the cookies of two apps on one host.
pub fn cookie_suffix(publishable_key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, publishable_key.as_bytes());
    URL_SAFE_NO_PAD.encode(hash).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_suffixes_match_those_of_clerk() {
        // Pairs from the tests of Clerk's SDK.
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
            assert_eq!(cookie_suffix(key), suffix);
        }
        assert_eq!(
            publishable_key("clerk.clerk.dev"),
            "pk_test_Y2xlcmsuY2xlcmsuZGV2JA"
        );
    }
}
