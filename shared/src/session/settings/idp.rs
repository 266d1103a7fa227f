//! What `SESSION_ISSUER` and its like mean for an identity product.

use url::Url;

use crate::session::claims::parties::Parties;
use crate::session::claims::{Audience, IssuerClaim, Rules};
use crate::session::cookie::{Carrier, Form};
use crate::session::idp::product::{AudienceSetting, Idp, IdpTenant, SecretUse};
use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::remote_jwk_set::Location;
use crate::session::settings::authenticator::{
    AuthenticatorSettings, EncryptedSettings, IssuerSettings, KeysSetting,
};
use crate::session::settings::fields;
use crate::settings::Reader;

/// Reads the settings of a product's sessions: how they are verified, and the product's own
/// cookies.
pub fn sessions(
    reader: &mut Reader,
    product: &Idp,
    rules: Rules,
) -> (Option<AuthenticatorSettings>, Vec<Carrier>) {
    let entries = fields::issuers(reader, product.issuer_setting);
    let tenants = tenants(reader, product, &entries);
    let listed = listed_audience(reader, product);
    let mut rules = Rules {
        product: product.rule,
        ..rules
    };
    if product.party_is_an_origin {
        rules.authorized_parties = Parties::of_pages(reader);
    }
    let (secrets, key_sets) = keys(reader, product, entries.len());
    let algorithms = algorithms(reader, product, secrets.is_some());
    let mut carriers = cognito_cookies(&listed);
    let mut trusted = Vec::new();
    for (number, tenant) in tenants.iter().enumerate() {
        let key_set = key_sets.as_ref().and_then(|urls| urls.get(number)?.clone());
        let secret = secrets.as_ref().and_then(|ids| ids.get(number));
        carriers.extend(tenant.carriers.iter().cloned());
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
                        "is not set: it is where the key set of the URL in SESSION_ISSUER is";
                    reader.error("SESSION_JWKS_URL", requirement);
                    continue;
                }
            };
            let rules = rules
                .clone()
                .of(issuer.names.clone(), audience(product, tenant, &listed));
            // A product may sign in one user through several issuers.
            let rules = Rules {
                issuer: tenant.name().to_owned(),
                ..rules
            };
            let (algorithms, key_id_required) = (algorithms.clone(), product.key_id_required);
            trusted.push(IssuerSettings {
                keys,
                algorithms,
                key_id_required,
                rules,
            });
        }
    }
    check_tenants_audience(reader, product, &tenants, &listed);
    let encrypted = encrypted(reader, product, tenants.first(), &rules, &mut carriers);
    (
        Some(AuthenticatorSettings::Tokens(trusted, encrypted)),
        carriers,
    )
}

/// The tenants that the entries stand for. No two may have tokens of one issuer, as nothing else
/// tells them apart.
fn tenants(reader: &mut Reader, product: &Idp, entries: &[String]) -> Vec<IdpTenant> {
    let mut tenants: Vec<IdpTenant> = Vec::new();
    for entry in entries {
        match (product.tenant)(entry) {
            Ok(mut tenant) => {
                let known = |name: &String| {
                    tenants
                        .iter()
                        .any(|other| other.names().any(|known| known == name))
                };
                // A name that all of a product's tenants share is the first one's; each has one of
                // its own beside.
                tenant
                    .issuers
                    .iter_mut()
                    .for_each(|issuer| issuer.names.retain(|name| !known(name)));
                if tenant.issuers.iter().any(|issuer| issuer.names.is_empty()) {
                    reader.error(
                        "SESSION_ISSUER",
                        "must not list an issuer twice, in whatever form",
                    );
                }
                tenants.push(tenant);
            }
            Err(requirement) => reader.error("SESSION_ISSUER", requirement),
        }
    }
    tenants
}

/// What signs tokens: secrets of the product's, and key sets elsewhere than it has them.
fn keys(
    reader: &mut Reader,
    product: &Idp,
    issuers: usize,
) -> (Option<Vec<String>>, Option<Vec<Option<Url>>>) {
    let secrets = match product.secret {
        SecretUse::Signs(_) => fields::one_for_each(reader, "SESSION_SECRET_ID", issuers),
        _ => None,
    };
    (secrets, fields::key_sets(reader, issuers))
}

/// The algorithms of a product's tokens: those of its published keys, and with a secret those of
/// the secret too.
fn algorithms(reader: &mut Reader, product: &Idp, with_secret: bool) -> Vec<Algorithm> {
    match product.secret {
        SecretUse::Signs(names) if with_secret => {
            let known = [&Algorithm::ASYMMETRIC[..], &Algorithm::SYMMETRIC].concat();
            fields::algorithms(reader, &known, &[product.algorithms, names].concat())
        }
        _ => fields::algorithms(reader, &Algorithm::ASYMMETRIC, product.algorithms),
    }
}

/// What `SESSION_AUDIENCE` says; nothing where the product does without.
fn listed_audience(reader: &mut Reader, product: &Idp) -> Option<Audience> {
    match product.audience {
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
fn audience(product: &Idp, tenant: &IdpTenant, listed: &Option<Audience>) -> Audience {
    let names: &[&str] = match product.audience {
        AudienceSetting::Default(names) => names,
        _ => &[],
    };
    match listed {
        Some(listed) if product.audience != AudienceSetting::Tenants => listed.clone(),
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

/// What is listed cannot widen an audience that follows from the tenant.
fn check_tenants_audience(
    reader: &mut Reader,
    product: &Idp,
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
    if product.audience == AudienceSetting::Tenants && !tenants.is_empty() && !fits {
        reader.error(
            "SESSION_AUDIENCE",
            "must not be set to anything but what SESSION_ISSUER implies",
        );
    }
}

/// Amplify's cookies have the app client's id in their names.
fn cognito_cookies(listed: &Option<Audience>) -> Vec<Carrier> {
    let Some(Audience::CognitoClient(clients)) = listed else {
        return Vec::new();
    };
    let name = |client: &String| format!("CognitoIdentityServiceProvider.{client}");
    clients
        .iter()
        .map(|client| Carrier {
            name: name(client),
            form: Form::AmplifyUser,
        })
        .collect()
}

fn encrypted(
    reader: &mut Reader,
    product: &Idp,
    tenant: Option<&IdpTenant>,
    rules: &Rules,
    carriers: &mut Vec<Carrier>,
) -> Option<EncryptedSettings> {
    let SecretUse::Encrypts(scheme, cookies) = &product.secret else {
        return None;
    };
    let (secret_id, tenant) = (reader.optional("SESSION_SECRET_ID")?, tenant?);
    carriers.extend(cookies.iter().map(|(name, form)| Carrier {
        name: (*name).to_owned(),
        form: *form,
    }));
    let issuer = tenant.name().to_owned();
    // The app that encrypts is the party, and the audience of the ID token that it was signed in
    // with is itself.
    let rules = Rules {
        issuer_claim: IssuerClaim::IfPresent(issuer.clone()),
        issuer,
        audience: Audience::Any,
        authorized_parties: Parties::Any,
        ..rules.clone()
    };
    Some(EncryptedSettings {
        secret_id,
        scheme: scheme.clone(),
        cookies: fields::encrypted_cookies(reader, carriers),
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
