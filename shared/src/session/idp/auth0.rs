//! Auth0. <https://auth0.com/docs/secure/tokens/access-tokens/validate-access-tokens>

use serde_json::Value;

use crate::json::Members;
use crate::session::cookie::CookieFormat;
use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, SecretUse, is_id, no_rule, url_setting,
};
use crate::session::jwe::compact::{ContentKey, Encryption};
use crate::session::jwe::{EncryptedCookie, Scheme};

/// Auth0's access tokens. With a secret, also the cookies of nextjs-auth0, which are encrypted with
/// that secret.
pub(super) const AUTH0: Idp = Idp {
    name: "auth0",
    issuer_setting: "the tenant's domain from Auth0's dashboard",
    tenant,
    algorithms: &["RS256"],
    audience: AudienceSetting::Required("the API identifiers that access tokens may be for"),
    party_is_an_origin: false,
    key_id_required: false,
    rule: no_rule,
    secret: SecretUse::Encrypts(
        Scheme { keys, claims },
        &[
            ("__session", CookieFormat::Chunked("__")),
            ("appSession", CookieFormat::Chunked(".")),
        ],
    ),
};

/// The library treats a session as expired this long before its absolute expiry, in seconds.
const ENDS_EARLY_SECONDS: f64 = 30.0;

fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let url = match url_setting(entry)? {
        Some(url) => url.to_owned(),
        None if is_id(entry) => format!("https://{entry}"),
        None => return Err("must be Auth0's domain, such as my-app.eu.auth0.com"),
    };
    // Auth0's issuers end with a slash.
    IdpTenant::with_issuer(format!("{url}/"), format!("{url}/.well-known/jwks.json"))
}

/// nextjs-auth0 derives one key from `AUTH0_SECRET` for all cookies.
/// <https://github.com/auth0/nextjs-auth0>
fn keys(secret: &[u8], _: &EncryptedCookie) -> Vec<ContentKey> {
    ContentKey::derive(Encryption::A256Gcm, secret, b"", b"JWE CEK")
        .into_iter()
        .collect()
}

/// The claims of the user are a member of the session. Version 4 has the times of the session next
/// to them, earlier versions in the header. The times in the user's claims belong to an ID token
/// that has expired long ago.
fn claims(header: &Members, mut session: Members) -> Option<Members> {
    let Some(Value::Object(mut user)) = session.remove("user") else {
        return None;
    };
    for time in ["exp", "iat", "nbf"] {
        user.remove(time);
    }
    let times = if header.contains_key("iat") {
        header
    } else {
        &session
    };
    let end = session
        .get("internal")
        .and_then(|internal| internal.get("sessionExpiresAt"))
        .and_then(Value::as_f64);
    let expiry = times.get("exp")?.as_f64()?;
    user.insert(
        "exp".to_owned(),
        end.map_or(expiry, |end| expiry.min(end - ENDS_EARLY_SECONDS))
            .into(),
    );
    Some(user)
}
