//! WorkOS AuthKit. <https://workos.com/docs/reference/authkit/session-tokens>

use crate::session::claims::claims_set::ClaimsSet;
use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, PublishedIssuer, SecretUse, is_id, url_setting,
};
use crate::session::reason::Reason;

/// WorkOS's access tokens, as Bearer. Its `wos-session` cookie has a format of its own and is not
/// supported.
pub(super) const WORKOS: Idp = Idp {
    name: "workos",
    issuer_setting: "the client id from WorkOS's dashboard",
    tenant,
    algorithms: &["RS256"],
    audience: AudienceSetting::Default(&[]),
    party_is_an_origin: false,
    key_id_required: false,
    rule,
    secret: SecretUse::None,
};

/// Tokens have no audience; instead each client has its own key set, which separates apps. The URL
/// of an auth domain does not contain the client id, so the key set must be set too.
fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let issuer = match url_setting(entry)? {
        Some(url) => PublishedIssuer {
            names: vec![url.to_owned()],
            key_set: None,
        },
        None if is_id(entry) => {
            // WorkOS documents both. The second is the same for every client.
            let names = [
                format!("https://api.workos.com/user_management/{entry}"),
                "https://api.workos.com".to_owned(),
            ];
            PublishedIssuer::new(
                names.to_vec(),
                &format!("https://api.workos.com/sso/jwks/{entry}"),
            )?
        }
        None => {
            return Err("must be WorkOS's client id, such as client_01ABC, or the issuer's URL");
        }
    };
    Ok(IdpTenant {
        issuers: vec![issuer],
        audience: None,
        cookies: Vec::new(),
    })
}

fn rule(claims: &ClaimsSet) -> Result<(), Reason> {
    match claims.text("sid") {
        Some(id) if !id.is_empty() => Ok(()),
        _ => Err(Reason::WorkosSessionIdMissing),
    }
}
