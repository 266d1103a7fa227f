//! Firebase: ID tokens for apps, and session cookies that a server makes from them.

use aws_lc_rs::error::Unspecified;
use serde_json::{Value, json};

use crate::identity::claims::Claims;
use crate::identity::cookie::Cookie;
use crate::identity::issuer::{Credentials, Issuer, Settings};
use crate::identity::login::Login;
use crate::identity::session_kind::SessionKind;

const PROJECT: &str = "voicemint-dev";
const ID_TOKENS: &str = "https://securetoken.google.com/";
const SESSION_COOKIES: &str = "https://session.firebase.google.com/";

pub struct Firebase;

impl SessionKind for Firebase {
    fn settings(&self, issuer: &Issuer) -> Settings {
        vec![
            ("SESSION_ISSUER", PROJECT.to_owned()),
            (
                "SESSION_JWKS_URL",
                format!("{}/.well-known/jwks.json", issuer.base_url),
            ),
        ]
    }

    fn claims(&self, _issuer: &Issuer, login: &Login) -> Claims {
        let id = login.id("user", 28);
        login.with_grants(json!({
            "name": login.user,
            "iss": format!("{ID_TOKENS}{PROJECT}"),
            "aud": PROJECT,
            "auth_time": login.issued_at(),
            "user_id": id,
            "sub": id,
            "iat": login.issued_at(),
            "exp": login.expires_at(),
            "email": login.email(),
            "email_verified": true,
            "firebase": {"identities": {"email": [login.email()]}, "sign_in_provider": "password"},
        }))
    }

    fn own_cookies(&self, _issuer: &Issuer) -> Vec<String> {
        vec!["__session".to_owned()]
    }

    fn issue(&self, issuer: &Issuer, claims: &Claims) -> Result<Credentials, Unspecified> {
        let bearer = issuer.sign(&self.header(), claims)?;
        let session = issuer.sign(&self.header(), &session_cookie_claims(claims))?;
        let cookies = self
            .cookie_names(issuer)
            .into_iter()
            .map(|name| Cookie::new(name, session.clone()))
            .collect();
        Ok(Credentials { bearer, cookies })
    }
}

/// The same claims with the issuer of session cookies. A forged issuer is not changed.
fn session_cookie_claims(claims: &Claims) -> Claims {
    let mut claims = claims.clone();
    if let Some(project) = claims
        .get("iss")
        .and_then(Value::as_str)
        .and_then(|issuer| issuer.strip_prefix(ID_TOKENS))
    {
        let issuer = format!("{SESSION_COOKIES}{project}");
        claims.insert("iss".to_owned(), issuer.into());
    }
    claims
}
