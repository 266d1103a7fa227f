//! WorkOS AuthKit. <https://workos.com/docs/reference/authkit/session-tokens>

use super::{AudienceSetting, Product, PublishedIssuer, SecretUse, Tenant, is_id, url_setting};
use crate::session::claims::Claims;

/// WorkOS's access tokens, as Bearer: its `wos-session` cookie is sealed in a form of its own, which is not read here.
pub const WORKOS: Product = Product {
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

/// Tokens have no audience; that each client has a key set and an issuer of its own keeps apps apart.
fn tenant(entry: &str) -> Result<Tenant, &'static str> {
    let fault = "must be WorkOS's client id, such as client_01ABC, or the issuer's URL that ends with it";
    let (client, names) = match url_setting(entry)? {
        Some(url) => (url.rsplit('/').next().unwrap_or_default(), vec![url.to_owned()]),
        None => {
            // Its documentation shows both.
            let names =
                [format!("https://api.workos.com/user_management/{entry}"), "https://api.workos.com".to_owned()];
            (entry, names.to_vec())
        }
    };
    if !is_id(client) {
        return Err(fault);
    }
    let key_set = format!("https://api.workos.com/sso/jwks/{client}");
    Ok(Tenant { issuers: vec![PublishedIssuer::new(names, &key_set)?], audience: None, carriers: Vec::new() })
}

fn rule(claims: &Claims) -> Result<(), &'static str> {
    match claims.text("sid") {
        Some(id) if !id.is_empty() => Ok(()),
        _ => Err("sid is missing: the token is not one of WorkOS's session tokens"),
    }
}
