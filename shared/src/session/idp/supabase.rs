//! Supabase. <https://supabase.com/docs/guides/auth/jwt-fields>

use crate::session::claims::claims_set::ClaimsSet;
use crate::session::cookie::{CookieFormat, SessionCookie};
use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, SecretUse, is_id, url_setting,
};
use crate::session::reason::Reason;
use crate::settings::callable_url;

/// Supabase's access tokens. With a secret, also those that are signed with a project's legacy JWT
/// secret: both are valid while a project migrates to signing keys
/// (<https://supabase.com/docs/guides/auth/signing-keys>).
pub(super) const SUPABASE: Idp = Idp {
    name: "supabase",
    issuer_setting: "the project's reference or URL from Supabase's dashboard",
    tenant,
    algorithms: &["ES256", "RS256"],
    audience: AudienceSetting::Default(&["authenticated"]),
    party_is_an_origin: false,
    key_id_required: false,
    rule,
    secret: SecretUse::Signs(&["HS256"]),
};

fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let url = match url_setting(entry)? {
        Some(url) => url.to_owned(),
        None if is_id(entry) && !entry.contains('.') => format!("https://{entry}.supabase.co"),
        None => {
            return Err(
                "must be the project's reference, or its URL such as https://abc.supabase.co",
            );
        }
    };
    if !["/", "/auth/v1"].contains(&callable_url(&url)?.path()) {
        return Err("must be the project's reference, or its URL such as https://abc.supabase.co");
    }
    let issuer = format!("{}/auth/v1", url.trim_end_matches("/auth/v1"));
    // The library names its cookie after the first label of the project's host.
    let host = issuer.split_once("://").map_or("", |(_, rest)| rest);
    let label = host.split(['.', ':', '/']).next().unwrap_or_default();
    let cookie = SessionCookie {
        name: format!("sb-{label}-auth-token"),
        format: CookieFormat::SupabaseJson,
    };
    let key_set = format!("{issuer}/.well-known/jwks.json");
    Ok(IdpTenant::with_issuer(issuer, key_set)?.with_cookies(vec![cookie]))
}

fn rule(claims: &ClaimsSet) -> Result<(), Reason> {
    // The public `anon` key is a token that is signed with the same legacy secret, so a valid
    // signature does not prove that there is a user.
    if claims.text("role") != Some("authenticated") {
        return Err(Reason::SupabaseRole);
    }
    // Supabase's OAuth server signs tokens for other apps with the same keys and for the same
    // audience.
    if claims.get("client_id").is_some() {
        return Err(Reason::SupabaseClient);
    }
    Ok(())
}
