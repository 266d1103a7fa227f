//! What `SESSION_ISSUER` and other settings mean for an identity provider.

use url::Url;

use crate::session::claims::authorized_parties::AuthorizedParties;
use crate::session::claims::{Audience, IssuerClaim, Rules};
use crate::session::cookie::{CookieFormat, SessionCookie};
use crate::session::idp::definition::{AudienceSetting, Idp, IdpTenant, SecretUse};
use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::download::Location;
use crate::session::settings::authenticator::{
    AuthenticatorSettings, EncryptedSettings, IssuerSettings, KeysSetting,
};
use crate::session::settings::fields;
use crate::settings::Reader;

/// Reads the settings of an identity provider: the way in which its sessions are verified, and its
/// cookies.
pub(super) fn sessions(
    reader: &mut Reader,
    idp: &Idp,
    rules: Rules,
) -> (Option<AuthenticatorSettings>, Vec<SessionCookie>) {
    let entries = fields::issuers(reader, idp.issuer_setting);
    let tenants = tenants(reader, idp, &entries);
    let listed = listed_audience(reader, idp);
    let mut rules = Rules {
        idp_rule: idp.rule,
        ..rules
    };
    if idp.party_is_an_origin {
        rules.authorized_parties = AuthorizedParties::pages_from_settings(reader);
    }
    let (secrets, key_sets) = keys(reader, idp, entries.len());
    let algorithms = algorithms(reader, idp, secrets.is_some());
    let mut cookies = cognito_cookies(&listed);
    let mut trusted = Vec::new();
    for (number, tenant) in tenants.iter().enumerate() {
        let key_set = key_sets.as_ref().and_then(|urls| urls.get(number)?.clone());
        let secret = secrets.as_ref().and_then(|ids| ids.get(number));
        cookies.extend(tenant.cookies.iter().cloned());
        for issuer in &tenant.issuers {
            let key_set = key_set
                .as_ref()
                .or(issuer.key_set.as_ref())
                .map(|url| Location::JwkSet(url.clone()));
            let keys = match (secret, key_set) {
                (Some(id), Some(location)) => KeysSetting::Both(id.clone(), location),
                (Some(id), None) => KeysSetting::Shared(id.clone()),
                (None, Some(location)) => KeysSetting::Published(location),
                (None, None) => {
                    let requirement =
                        "is not set: it is the URL of the key set for the URL in SESSION_ISSUER";
                    reader.error("SESSION_JWKS_URL", requirement);
                    continue;
                }
            };
            let rules = rules
                .clone()
                .for_issuer(issuer.names.clone(), audience(idp, tenant, &listed));
            // An identity provider may issue tokens for one user with several issuers.
            let rules = Rules {
                issuer: tenant.name().to_owned(),
                ..rules
            };
            let (algorithms, key_id_required) = (algorithms.clone(), idp.key_id_required);
            trusted.push(IssuerSettings {
                keys,
                algorithms,
                key_id_required,
                rules,
            });
        }
    }
    check_tenants_audience(reader, idp, &tenants, &listed);
    let encrypted = encrypted(reader, idp, tenants.first(), &rules, &mut cookies);
    (
        Some(AuthenticatorSettings::Tokens(trusted, encrypted)),
        cookies,
    )
}

/// The tenants that the entries name. No two may have the same issuer, as only the issuer
/// distinguishes their tokens.
fn tenants(reader: &mut Reader, idp: &Idp, entries: &[String]) -> Vec<IdpTenant> {
    let mut tenants: Vec<IdpTenant> = Vec::new();
    for entry in entries {
        match (idp.tenant)(entry) {
            Ok(mut tenant) => {
                let known = |name: &String| {
                    tenants
                        .iter()
                        .any(|other| other.names().any(|known| known == name))
                };
                // A name that several tenants share belongs to the first. Each tenant has a name of
                // its own too.
                tenant
                    .issuers
                    .iter_mut()
                    .for_each(|issuer| issuer.names.retain(|name| !known(name)));
                if tenant.issuers.iter().any(|issuer| issuer.names.is_empty()) {
                    reader.error(
                        "SESSION_ISSUER",
                        "must not list an issuer twice, not even in different forms",
                    );
                }
                tenants.push(tenant);
            }
            Err(requirement) => reader.error("SESSION_ISSUER", requirement),
        }
    }
    tenants
}

/// The configured secrets and key sets that verify tokens.
fn keys(
    reader: &mut Reader,
    idp: &Idp,
    issuers: usize,
) -> (Option<Vec<String>>, Option<Vec<Option<Url>>>) {
    let secrets = match idp.secret {
        SecretUse::Signs(_) => fields::one_per_issuer(reader, "SESSION_SECRET_ID", issuers),
        _ => None,
    };
    (secrets, fields::key_sets(reader, issuers))
}

/// The algorithms of the tokens: those of published keys, and with a secret also those of the
/// secret.
fn algorithms(reader: &mut Reader, idp: &Idp, with_secret: bool) -> Vec<Algorithm> {
    match idp.secret {
        SecretUse::Signs(names) if with_secret => {
            let known = [&Algorithm::ASYMMETRIC[..], &Algorithm::SYMMETRIC].concat();
            fields::algorithms(reader, &known, &[idp.algorithms, names].concat())
        }
        _ => fields::algorithms(reader, &Algorithm::ASYMMETRIC, idp.algorithms),
    }
}

/// The audience in `SESSION_AUDIENCE`. `None` if it is optional and not set.
fn listed_audience(reader: &mut Reader, idp: &Idp) -> Option<Audience> {
    match idp.audience {
        AudienceSetting::Required(meaning) => Some(fields::required_audience(reader, meaning)),
        AudienceSetting::CognitoClients => Some(
            match fields::required_audience(
                reader,
                "the ids of the app clients that tokens may be for",
            ) {
                Audience::OneOf(clients) => Audience::CognitoClient(clients),
                _ => Audience::CognitoClient(Vec::new()),
            },
        ),
        AudienceSetting::Default(_) | AudienceSetting::Tenants => {
            let listed = reader.list("SESSION_AUDIENCE");
            (!listed.is_empty()).then(|| fields::audience_of(reader, listed))
        }
    }
}

/// The audience of a tenant's tokens.
fn audience(idp: &Idp, tenant: &IdpTenant, listed: &Option<Audience>) -> Audience {
    let names: &[&str] = match idp.audience {
        AudienceSetting::Default(names) => names,
        _ => &[],
    };
    match listed {
        Some(listed) if idp.audience != AudienceSetting::Tenants => listed.clone(),
        _ => {
            let own: Vec<_> = tenant
                .audience
                .iter()
                .cloned()
                .chain(names.iter().map(|&name| name.to_owned()))
                .collect();
            if own.is_empty() {
                Audience::Any
            } else {
                Audience::OneOf(own)
            }
        }
    }
}

/// Reports a `SESSION_AUDIENCE` that differs from the audience that the tenant determines.
fn check_tenants_audience(
    reader: &mut Reader,
    idp: &Idp,
    tenants: &[IdpTenant],
    listed: &Option<Audience>,
) {
    let own: Vec<_> = tenants
        .iter()
        .filter_map(|tenant| tenant.audience.clone())
        .collect();
    let fits = listed
        .as_ref()
        .is_none_or(|listed| *listed == Audience::OneOf(own));
    if idp.audience == AudienceSetting::Tenants && !tenants.is_empty() && !fits {
        reader.error(
            "SESSION_AUDIENCE",
            "must not differ from what SESSION_ISSUER implies",
        );
    }
}

/// Amplify's cookies, whose names contain the app client's id.
fn cognito_cookies(listed: &Option<Audience>) -> Vec<SessionCookie> {
    let Some(Audience::CognitoClient(clients)) = listed else {
        return Vec::new();
    };
    let name = |client: &String| format!("CognitoIdentityServiceProvider.{client}");
    clients
        .iter()
        .map(|client| SessionCookie {
            name: name(client),
            format: CookieFormat::AmplifyUser,
        })
        .collect()
}

fn encrypted(
    reader: &mut Reader,
    idp: &Idp,
    tenant: Option<&IdpTenant>,
    rules: &Rules,
    cookies: &mut Vec<SessionCookie>,
) -> Option<EncryptedSettings> {
    let SecretUse::Encrypts(scheme, library_cookies) = &idp.secret else {
        return None;
    };
    let (secret_id, tenant) = (reader.optional("SESSION_SECRET_ID")?, tenant?);
    cookies.extend(library_cookies.iter().map(|(name, format)| SessionCookie {
        name: (*name).to_owned(),
        format: *format,
    }));
    let issuer = tenant.name().to_owned();
    // The app that encrypts is the party, and also the audience of the ID token in the session.
    let rules = Rules {
        issuer_claim: IssuerClaim::IfPresent(issuer.clone()),
        issuer,
        audience: Audience::Any,
        authorized_parties: AuthorizedParties::Any,
        ..rules.clone()
    };
    Some(EncryptedSettings {
        secret_id,
        scheme: scheme.clone(),
        cookies: fields::encrypted_cookies(reader, cookies),
        rules,
    })
}

impl IdpTenant {
    fn names(&self) -> impl Iterator<Item = &String> {
        self.issuers.iter().flat_map(|issuer| &issuer.names)
    }

    fn name(&self) -> &str {
        self.names().next().map_or("", String::as_str)
    }
}
