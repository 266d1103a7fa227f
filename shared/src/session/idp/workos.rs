//! WorkOS AuthKit. <https://workos.com/docs/reference/authkit/session-tokens>

use crate::session::claims::claims_set::ClaimsSet;
use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, PublishedIssuer, SecretUse, is_id, url_setting,
};
use crate::session::reason::Reason;

/// WorkOS's access tokens, as Bearer: its `wos-session` cookie is sealed in a form of its own,
/// which is not read here.
pub const WORKOS: Idp = Idp {
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

/// Tokens have no audience; that each client has a key set of its own keeps apps apart. The URL of
/// an auth domain does not tell the client, so the key set must be set beside it.
fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let issuer = match url_setting(entry)? {
        Some(url) => PublishedIssuer {
            names: vec![url.to_owned()],
            key_set: None,
        },
        None if is_id(entry) => {
            // Its documentation shows both. The second is the same for everybody.
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
