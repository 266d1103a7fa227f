//! Firebase Authentication, and Identity Platform.
//! <https://firebase.google.com/docs/auth/admin/verify-id-tokens>

use serde_json::Value;

use crate::session::claims::claims_set::ClaimsSet;
use crate::session::cookie::SessionCookie;
use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, PublishedIssuer, SecretUse, is_id, url_setting,
};
use crate::session::reason::Reason;
use crate::settings::{callable_url, is_local};

const ID_TOKENS: &str = "https://securetoken.google.com/";
const ID_TOKEN_KEYS: &str =
    "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com";
const SESSION_COOKIES: &str = "https://session.firebase.google.com/";
const SESSION_COOKIE_KEYS: &str =
    "https://identitytoolkit.googleapis.com/v1/sessionCookiePublicKeys";

/// Firebase's ID tokens and session cookies. Each has its own issuer and keys; both identify the
/// same user.
pub(super) const FIREBASE: Idp = Idp {
    name: "firebase",
    issuer_setting: "the project id from Firebase's console",
    tenant,
    algorithms: &["RS256"],
    audience: AudienceSetting::Tenants,
    party_is_an_origin: false,
    key_id_required: true,
    rule,
    secret: SecretUse::None,
};

fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let (id_tokens, project) = match url_setting(entry)? {
        Some(url) if url.starts_with(ID_TOKENS) || is_local(&callable_url(url)?) => {
            (url.to_owned(), url.rsplit('/').next().unwrap_or_default())
        }
        Some(_) => (String::new(), ""),
        None => (format!("{ID_TOKENS}{entry}"), entry),
    };
    if !is_id(project) {
        return Err(
            "must be the Firebase project's id, or https://securetoken.google.com/<project id>",
        );
    }
    let issuers = vec![
        PublishedIssuer::new(vec![id_tokens], ID_TOKEN_KEYS)?,
        PublishedIssuer::new(
            vec![format!("{SESSION_COOKIES}{project}")],
            SESSION_COOKIE_KEYS,
        )?,
    ];
    Ok(IdpTenant {
        issuers,
        audience: Some(project.to_owned()),
        cookies: vec![SessionCookie::plain("__session")],
    })
}

fn rule(claims: &ClaimsSet) -> Result<(), Reason> {
    if claims
        .text("sub")
        .is_none_or(|subject| subject.chars().count() > 128)
    {
        return Err(Reason::FirebaseSubjectTooLong);
    }
    if !claims
        .get("auth_time")
        .and_then(Value::as_f64)
        .is_some_and(|moment| claims.is_past(moment))
    {
        return Err(Reason::FirebaseAuthTime);
    }
    Ok(())
}
