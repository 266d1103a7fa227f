//! WorkOS AuthKit: access tokens. Its cookie has a proprietary format that only the app reads.

use serde_json::json;

use crate::identity::claims::Claims;
use crate::identity::issuer::{Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;

/// The client ID of the app.
pub const CLIENT_ID: &str = "client_01VOICEMINTDEV0000000000";

pub struct WorkOs;

impl SessionKind for WorkOs {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![
            ("SESSION_ISSUER", CLIENT_ID.to_owned()),
            (
                "SESSION_JWKS_URL",
                format!("{}/sso/jwks/{CLIENT_ID}", issuer.base_url),
            ),
        ]
    }

    fn claims(&self, _issuer: &Issuer, login: &Login) -> Claims {
        login.with_grants(json!({
            "iss": format!("https://api.workos.com/user_management/{CLIENT_ID}"),
            "sub": format!("user_{}", login.id("user", 26).to_ascii_uppercase()),
            "sid": format!("session_{}", login.id("session", 26).to_ascii_uppercase()),
            "jti": login.id("token", 26).to_ascii_uppercase(),
            "org_id": "org_01VOICEMINTDEV0000000000000",
            "role": "member",
            "roles": ["member"],
            "permissions": ["voice:speak"],
            "exp": login.expires_at(),
            "iat": login.issued_at(),
        }))
    }
}
