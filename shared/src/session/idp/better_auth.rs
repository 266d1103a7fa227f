//! better-auth's JWT plugin. <https://www.better-auth.com/docs/plugins/jwt>

use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, SecretUse, no_rule, url_setting,
};
use crate::settings::callable_url;

/// The tokens of better-auth's JWT plugin, as Bearer. Its session cookie is opaque: use `forward`
/// for it.
pub(super) const BETTER_AUTH: Idp = Idp {
    name: "better-auth",
    issuer_setting: "the app's base URL, as in better-auth's settings",
    tenant,
    algorithms: &["EdDSA", "ES256", "ES512", "RS256", "PS256"],
    audience: AudienceSetting::Default(&[]),
    party_is_an_origin: false,
    key_id_required: false,
    rule: no_rule,
    secret: SecretUse::None,
};

/// Issuer and audience are the origin of the base URL. A base URL without a path implies the path
/// `/api/auth`.
fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let url =
        url_setting(entry)?.ok_or("must be the app's base URL, such as https://app.example.com")?;
    let parsed = callable_url(url)?;
    let origin = parsed.origin().ascii_serialization();
    let base = if parsed.path() == "/" {
        format!("{origin}/api/auth")
    } else {
        url.to_owned()
    };
    let tenant = IdpTenant::with_issuer(origin.clone(), format!("{base}/jwks"))?;
    Ok(IdpTenant {
        audience: Some(origin),
        ..tenant
    })
}
