//! Amazon Cognito user pools.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>

use crate::session::idp::definition::{
    AudienceSetting, Idp, IdpTenant, SecretUse, is_id, no_rule, url_setting,
};

/// Cognito's access and ID tokens, of the app clients that `SESSION_AUDIENCE` lists.
pub(super) const COGNITO: Idp = Idp {
    name: "cognito",
    issuer_setting: "the user pool's id from Cognito's console, such as eu-central-1_AbCdEfGhI",
    tenant,
    algorithms: &["RS256"],
    audience: AudienceSetting::CognitoClients,
    party_is_an_origin: false,
    key_id_required: false,
    rule: no_rule,
    secret: SecretUse::None,
};

fn tenant(entry: &str) -> Result<IdpTenant, &'static str> {
    let issuer = match url_setting(entry)? {
        Some(url) => url.to_owned(),
        None => {
            let region = entry
                .split_once('_')
                .map(|(region, _)| region)
                .filter(|_| is_id(entry));
            let region =
                region.ok_or("must be the user pool's id, such as eu-central-1_AbCdEfGhI")?;
            let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
            format!("https://cognito-idp.{region}.amazonaws.com{suffix}/{entry}")
        }
    };
    let key_set = format!("{issuer}/.well-known/jwks.json");
    IdpTenant::with_issuer(issuer, key_set)
}
