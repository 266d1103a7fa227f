//! What `SESSION_ISSUER` and its like mean for an identity product.

use super::{EncryptedSettings, IssuerSettings, KeysSetting, Method, read};
use crate::session::carrier::{Carrier, Form};
use crate::session::claims::{Audience, IssuerClaim, Rules};
use crate::session::key_source::Location;
use crate::session::products::{AudienceSetting, Product, SecretUse, Tenant};
use crate::session::signature::Algorithm;
use crate::settings::Reader;

/// Reads the settings of a product's sessions: how they are verified, and the product's own cookies.
pub fn sessions(reader: &mut Reader, product: &Product, rules: Rules) -> (Option<Method>, Vec<Carrier>) {
    let entries = read::issuers(reader, product.issuer_setting);
    let tenants: Vec<_> = entries.iter().filter_map(|entry| tenant(reader, product, entry)).collect();
    let audiences: Vec<_> = tenants.iter().map(|tenant| audience(reader, product, tenant)).collect();
    let rules = Rules { product: product.rule, authorized_parties: parties(reader, product, &rules), ..rules };
    let key_sets = read::one_for_each(reader, "SESSION_JWKS_URL", entries.len());
    let secrets = match product.secret {
        SecretUse::Signs(_) => read::one_for_each(reader, "SESSION_SECRET_ID", entries.len()),
        _ => None,
    };
    if secrets.is_some() && key_sets.is_some() {
        reader.fault(
            "SESSION_JWKS_URL",
            "must not be set beside SESSION_SECRET_ID: tokens are signed one way or the other",
        );
    }
    let algorithms = match (&secrets, &product.secret) {
        (Some(_), SecretUse::Signs(names)) => read::algorithms(reader, &Algorithm::SYMMETRIC, names),
        _ => read::algorithms(reader, &Algorithm::ASYMMETRIC, product.algorithms),
    };
    let mut carriers = cognito_cookies(product, audiences.first());
    let mut trusted = Vec::new();
    for (number, (tenant, audience)) in tenants.iter().zip(audiences).enumerate() {
        let key_set = key_sets.as_ref().and_then(|urls| read::key_set(reader, urls.get(number)?));
        let secret = secrets.as_ref().and_then(|ids| ids.get(number));
        carriers.extend(tenant.carriers.iter().cloned());
        for issuer in &tenant.issuers {
            let keys = match (secret, &key_set) {
                (Some(id), _) => KeysSetting::Shared(id.clone()),
                (None, Some(url)) => KeysSetting::Published(Location::KeySet(url.clone())),
                (None, None) => KeysSetting::Published(Location::KeySet(issuer.key_set.clone())),
            };
            let rules = rules.clone().of(issuer.names.clone(), audience.clone());
            // A product may sign in one user through several issuers.
            let rules = Rules { issuer: tenant.name().to_owned(), ..rules };
            let (algorithms, key_id_required) = (algorithms.clone(), product.key_id_required);
            trusted.push(IssuerSettings { keys, algorithms, key_id_required, rules });
        }
    }
    let encrypted = encrypted(reader, product, tenants.first(), &rules, &mut carriers);
    (Some(Method::Tokens(trusted, encrypted)), carriers)
}

fn tenant(reader: &mut Reader, product: &Product, entry: &str) -> Option<Tenant> {
    (product.tenant)(entry).map_err(|mend| reader.fault("SESSION_ISSUER", mend)).ok()
}

fn audience(reader: &mut Reader, product: &Product, tenant: &Tenant) -> Audience {
    let listed = reader.list("SESSION_AUDIENCE");
    match product.audience {
        AudienceSetting::Required(meaning) => read::required_audience(reader, meaning),
        AudienceSetting::CognitoClients => {
            match read::required_audience(reader, "the ids of the app clients that tokens may be for") {
                Audience::OneOf(clients) => Audience::CognitoClient(clients),
                any => any,
            }
        }
        AudienceSetting::Default(_) if !listed.is_empty() => read::audience_of(reader, listed),
        AudienceSetting::Default(names) => {
            let own = tenant.audience.iter().cloned().chain(names.iter().map(|&name| name.to_owned()));
            let own: Vec<_> = own.collect();
            if own.is_empty() { Audience::Any } else { Audience::OneOf(own) }
        }
        AudienceSetting::Tenants => {
            let own = tenant.audience.clone().unwrap_or_default();
            if !listed.is_empty() && !listed.contains(&own) {
                reader.fault("SESSION_AUDIENCE", "must not be set to anything but what SESSION_ISSUER implies");
            }
            Audience::OneOf(vec![own])
        }
    }
}

/// Who may have got a token: pages, for a product that names them.
fn parties(reader: &mut Reader, product: &Product, rules: &Rules) -> Vec<String> {
    if !product.party_is_an_origin || !rules.authorized_parties.is_empty() {
        return rules.authorized_parties.clone();
    }
    let origins = reader.list("ALLOWED_ORIGINS");
    if origins.is_empty() {
        let mend = "is not set, and ALLOWED_ORIGINS neither: one of them lists the pages that tokens may be for";
        reader.fault("SESSION_AUTHORIZED_PARTIES", mend);
    }
    origins
}

/// Amplify's cookies have the app client's id in their names.
fn cognito_cookies(product: &Product, audience: Option<&Audience>) -> Vec<Carrier> {
    match (product.audience, audience) {
        (AudienceSetting::CognitoClients, Some(Audience::CognitoClient(clients))) => {
            let name = |client: &String| format!("CognitoIdentityServiceProvider.{client}");
            clients.iter().map(|client| Carrier { name: name(client), form: Form::AmplifyUser }).collect()
        }
        _ => Vec::new(),
    }
}

fn encrypted(
    reader: &mut Reader,
    product: &Product,
    tenant: Option<&Tenant>,
    rules: &Rules,
    carriers: &mut Vec<Carrier>,
) -> Option<EncryptedSettings> {
    let SecretUse::Encrypts(scheme, cookies) = &product.secret else { return None };
    let (secret_id, tenant) = (reader.optional("SESSION_SECRET_ID")?, tenant?);
    carriers.extend(cookies.iter().map(|(name, form)| Carrier { name: (*name).to_owned(), form: *form }));
    let issuer = tenant.name().to_owned();
    // The app that encrypts is the party, and the audience of the ID token that it was signed in with is itself.
    let rules = Rules {
        issuer_claim: IssuerClaim::IfPresent(issuer.clone()),
        issuer,
        audience: Audience::Any,
        authorized_parties: Vec::new(),
        ..rules.clone()
    };
    Some(EncryptedSettings { secret_id, scheme: scheme.clone(), cookies: read::cookie_names(reader, carriers), rules })
}

impl Tenant {
    fn name(&self) -> &str {
        self.issuers.first().and_then(|issuer| issuer.names.first()).map_or("", String::as_str)
    }
}
