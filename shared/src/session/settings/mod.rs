//! The `SESSION_*` settings: the kind of sessions, and what that kind needs.
//!
//! A new identity provider is a file in `session/idp`. A kind that is verified in a new way is a
//! variant of [`AuthenticatorSettings`].

pub(crate) mod authenticator;
mod fields;
mod idp;
#[cfg(test)]
mod tests;

use crate::session::claim_path::is_name;
use crate::session::claims::authorized_parties::AuthorizedParties;
use crate::session::claims::{Audience, IssuerClaim, Rules, Times};
use crate::session::cookie::SessionCookie;
use crate::session::idp::{AUTHJS, AUTHJS_COOKIES, IDPS};
use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::download::Location;
use crate::session::settings::authenticator::{
    AuthenticatorSettings, EncryptedSettings, IssuerSettings, KeysSetting, ServiceSettings,
};
use crate::settings::Reader;

/// The kinds that are not identity providers.
const OTHER_KINDS: [&str; 5] = ["jwt", "secret", "authjs", "introspection", "forward"];

/// What the name of a claim inside another claim must be.
const POINTER: &str =
    "a JSON pointer such as /app_metadata/voice, with ~ and / in names as ~0 and ~1";

/// The settings of sessions.
pub struct SessionSettings {
    /// The way in which they are verified.
    pub authenticator: AuthenticatorSettings,
    /// The cookies that may contain one.
    pub cookies: Vec<SessionCookie>,
}

impl SessionSettings {
    /// Reads the settings. Returns `None` only if the reader has recorded an error.
    pub fn from_settings(reader: &mut Reader) -> Option<Self> {
        let kind = reader
            .optional("SESSION_KIND")
            .unwrap_or_else(|| "jwt".to_owned());
        let idp = IDPS.iter().find(|idp| idp.name == kind);
        // An unknown value is never repeated in a message, as it may be a key that was pasted here
        // by mistake.
        if idp.is_some() || OTHER_KINDS.contains(&kind.as_str()) {
            fields::refuse_settings_of_other_kinds(reader, &kind, idp);
        }
        let rules = common_rules(reader);
        let (authenticator, cookies) = match (idp, kind.as_str()) {
            (Some(idp), _) => idp::sessions(reader, idp, rules),
            (None, "jwt") => (jwt(reader, rules), Vec::new()),
            (None, "secret") => (secret(reader, rules), Vec::new()),
            (None, "authjs") => authjs(reader, rules),
            (None, "introspection") => (introspection(reader, rules), Vec::new()),
            (None, "forward") => (forward(reader, rules), Vec::new()),
            // Which other settings are required depends on the kind, so no other error is reported.
            (None, _) => {
                let names = IDPS.iter().map(|idp| idp.name).chain(OTHER_KINDS);
                let names = names.collect::<Vec<_>>().join(", ");
                reader.error("SESSION_KIND", format_args!("must be one of {names}"));
                (None, Vec::new())
            }
        };
        let cookies = fields::cookies(reader, cookies);
        Some(Self {
            authenticator: authenticator?,
            cookies,
        })
    }
}

/// Reads `GRANTS_CLAIM`: the claim that lists the grants that the caller may request.
pub(crate) fn grants_claim(reader: &mut Reader) -> Option<String> {
    let name = reader.optional("GRANTS_CLAIM")?;
    if !is_name(&name) {
        reader.error(
            "GRANTS_CLAIM",
            format_args!("must be a claim's name, or {POINTER}"),
        );
    }
    Some(name)
}

/// The rules that all kinds share. Each kind adds its own.
fn common_rules(reader: &mut Reader) -> Rules {
    let mut required = Vec::new();
    for entry in reader.list("SESSION_REQUIRED_CLAIMS") {
        match entry.split_once('=') {
            Some((name, value))
                if !name.is_empty() && is_name(name.trim()) && !value.is_empty() =>
            {
                required.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            _ => {
                let requirement = format_args!(
                    "must be a comma-separated list of claim=value (a claim's name, or {POINTER})"
                );
                reader.error("SESSION_REQUIRED_CLAIMS", requirement);
            }
        }
    }
    Rules {
        issuer: String::new(),
        issuer_claim: IssuerClaim::OneOf(Vec::new()),
        subject_pointer: fields::subject_pointer(reader),
        audience: Audience::OneOf(Vec::new()),
        authorized_parties: AuthorizedParties::from_settings(reader),
        required,
        times: Times::MustExpire,
        idp_rule: |_| Ok(()),
    }
}

fn jwt(reader: &mut Reader, rules: Rules) -> Option<AuthenticatorSettings> {
    let issuers = fields::issuers_by_name(reader);
    let audience = fields::required_audience(reader, "the \"aud\" that session tokens may have");
    let algorithms = fields::algorithms(reader, &Algorithm::ASYMMETRIC, &Algorithm::ASYMMETRIC);
    let key_sets = fields::key_sets(reader, issuers.len());
    let mut trusted = Vec::new();
    for (number, issuer) in issuers.into_iter().enumerate() {
        let location = match &key_sets {
            Some(urls) => urls.get(number).cloned().flatten().map(Location::JwkSet),
            None => fields::discovery(reader, &issuer),
        };
        let rules = rules.clone().for_issuer(vec![issuer], audience.clone());
        let keys = KeysSetting::Published(location?);
        trusted.push(IssuerSettings {
            keys,
            algorithms: algorithms.clone(),
            key_id_required: false,
            rules,
        });
    }
    Some(AuthenticatorSettings::Tokens(trusted, None))
}

fn secret(reader: &mut Reader, rules: Rules) -> Option<AuthenticatorSettings> {
    let issuers = fields::unique_issuers(reader);
    let audience = fields::required_audience(reader, "the \"aud\" that session tokens may have");
    let algorithms = fields::algorithms(reader, &Algorithm::SYMMETRIC, &Algorithm::SYMMETRIC);
    let secrets = fields::one_per_issuer(reader, "SESSION_SECRET_ID", issuers.len());
    if secrets.is_none() {
        reader.error(
            "SESSION_SECRET_ID",
            "is not set: it is the name or ARN of the secret that signs sessions",
        );
    }
    let secrets = secrets?;
    let issuer_of = |keys, rules| IssuerSettings {
        keys,
        algorithms: algorithms.clone(),
        key_id_required: false,
        rules,
    };
    let trusted = match secrets.as_slice() {
        // The secret alone determines the issuer.
        [id] if issuers.is_empty() => {
            let issuer = "secret".to_owned();
            let rules = Rules {
                issuer,
                issuer_claim: IssuerClaim::Unchecked,
                audience,
                ..rules
            };
            vec![issuer_of(KeysSetting::Shared(id.clone()), rules)]
        }
        _ => {
            if issuers.is_empty() {
                let requirement = "is not set: with several secrets it has one entry for each, which distinguishes their tokens";
                reader.error("SESSION_ISSUER", requirement);
            }
            let pairs = issuers.into_iter().zip(secrets);
            let of = |name, id| {
                issuer_of(
                    KeysSetting::Shared(id),
                    rules.clone().for_issuer(vec![name], audience.clone()),
                )
            };
            pairs.map(|(name, id)| of(name, id)).collect()
        }
    };
    Some(AuthenticatorSettings::Tokens(trusted, None))
}

fn authjs(
    reader: &mut Reader,
    rules: Rules,
) -> (Option<AuthenticatorSettings>, Vec<SessionCookie>) {
    let secret_id = reader.required(
        "SESSION_SECRET_ID",
        "the name or ARN of the secret that holds AUTH_SECRET",
    );
    let cookies = AUTHJS_COOKIES
        .map(|(name, format)| SessionCookie {
            name: name.to_owned(),
            format,
        })
        .to_vec();
    let issuer = reader
        .optional("SESSION_ISSUER")
        .unwrap_or_else(|| "authjs".to_owned());
    // The app that encrypts is the party and the audience, so the settings for tokens do not apply.
    let (audience, authorized_parties) = (Audience::Any, AuthorizedParties::Any);
    let rules = Rules {
        issuer,
        issuer_claim: IssuerClaim::Unchecked,
        audience,
        authorized_parties,
        ..rules
    };
    let encrypted_cookies = fields::encrypted_cookies(reader, &cookies);
    let encrypted = EncryptedSettings {
        secret_id,
        scheme: AUTHJS,
        cookies: encrypted_cookies,
        rules,
    };
    (
        Some(AuthenticatorSettings::Tokens(Vec::new(), Some(encrypted))),
        cookies,
    )
}

fn introspection(reader: &mut Reader, rules: Rules) -> Option<AuthenticatorSettings> {
    let url = fields::required_url(
        reader,
        "SESSION_INTROSPECTION_URL",
        "the authorization server's introspection endpoint",
    );
    let meaning = "the name or ARN of the secret that holds client_id and client_secret";
    let client = reader.required("SESSION_INTROSPECTION_SECRET_ID", meaning);
    let audience = reader.list("SESSION_AUDIENCE");
    if audience.is_empty() && rules.required.is_empty() {
        // Otherwise any client of the server could mint tokens with the access tokens of its users.
        let requirement = "is not set, and neither is SESSION_REQUIRED_CLAIMS: one of them must say which active tokens are meant for this \
                    service; * accepts any";
        reader.error("SESSION_AUDIENCE", requirement);
    }
    let audience = if audience.is_empty() {
        Audience::Any
    } else {
        fields::audience_of(reader, audience)
    };
    let issuer = fields::one_issuer(reader);
    let issuer_claim = issuer
        .clone()
        .map_or(IssuerClaim::Unchecked, IssuerClaim::IfPresent);
    let url = url?;
    let issuer = issuer.unwrap_or_else(|| url.origin().ascii_serialization());
    let rules = Rules {
        issuer,
        issuer_claim,
        audience,
        times: Times::IfPresent,
        ..rules
    };
    Some(AuthenticatorSettings::Introspection(
        ServiceSettings { url, rules },
        client,
    ))
}

fn forward(reader: &mut Reader, rules: Rules) -> Option<AuthenticatorSettings> {
    let url = fields::required_url(
        reader,
        "SESSION_FORWARD_URL",
        "the app's URL that returns the signed-in user",
    );
    let url = url?;
    let issuer = reader
        .optional("SESSION_ISSUER")
        .unwrap_or_else(|| url.origin().ascii_serialization());
    let (issuer_claim, audience) = (IssuerClaim::Unchecked, Audience::Any);
    let rules = Rules {
        issuer,
        issuer_claim,
        audience,
        times: Times::Unchecked,
        ..rules
    };
    Some(AuthenticatorSettings::Forward(ServiceSettings {
        url,
        rules,
    }))
}
