//! The pieces that several kinds read alike.

use url::Url;

use crate::session::claim_path::is_name;
use crate::session::claims::{Audience, IssuerClaim, Rules};
use crate::session::cookie::{CookieFormat, SessionCookie};
use crate::session::idp::definition::{Idp, SecretUse};
use crate::session::jwe::EncryptedCookie;
use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::download::Location;
use crate::settings::{Reader, callable_url};

/// A setting that another kind uses and this one does not was meant to do something, so it must not
/// be lost in silence.
pub fn refuse_settings_of_other_kinds(reader: &mut Reader, kind: &str, idp: Option<&Idp>) {
    let uses_secret = idp.map_or(["secret", "authjs"].contains(&kind), |idp| {
        idp.uses_secret()
    });
    for (name, used) in [
        ("SESSION_JWKS_URL", idp.is_some() || kind == "jwt"),
        (
            "SESSION_ALGORITHMS",
            idp.is_some() || ["jwt", "secret"].contains(&kind),
        ),
        ("SESSION_SECRET_ID", uses_secret),
        ("SESSION_INTROSPECTION_URL", kind == "introspection"),
        ("SESSION_INTROSPECTION_SECRET_ID", kind == "introspection"),
        ("SESSION_FORWARD_URL", kind == "forward"),
    ] {
        if !used && reader.optional(name).is_some() {
            reader.error(
                name,
                format_args!("must not be set where SESSION_KIND is {kind}"),
            );
        }
    }
}

/// The entries of `SESSION_ISSUER`.
pub fn issuers(reader: &mut Reader, meaning: &str) -> Vec<String> {
    let issuers = reader.list("SESSION_ISSUER");
    if issuers.is_empty() {
        reader.error(
            "SESSION_ISSUER",
            format_args!("is not set: it is {meaning}"),
        );
    }
    issuers
}

/// The entries of `SESSION_ISSUER`, where each is the `iss` of tokens: then each counts once.
pub fn issuers_by_name(reader: &mut Reader) -> Vec<String> {
    issuers(reader, "the exact \"iss\" of the app's session tokens");
    unique_issuers(reader)
}

/// The same where it may be left out.
pub fn unique_issuers(reader: &mut Reader) -> Vec<String> {
    let issuers = reader.list("SESSION_ISSUER");
    if issuers
        .iter()
        .enumerate()
        .any(|(number, issuer)| issuers.iter().take(number).any(|other| other == issuer))
    {
        reader.error("SESSION_ISSUER", "must not list an issuer twice");
    }
    issuers
}

/// The issuer of a kind that has but one, if it is named.
pub fn one_issuer(reader: &mut Reader) -> Option<String> {
    let issuers = reader.list("SESSION_ISSUER");
    if issuers.len() > 1 {
        reader.error("SESSION_ISSUER", "must be one issuer");
    }
    issuers.into_iter().next()
}

/// An audience that must be named, or waived out loud.
pub fn required_audience(reader: &mut Reader, meaning: &str) -> Audience {
    let audience = reader.list("SESSION_AUDIENCE");
    if audience.is_empty() {
        let requirement =
            format_args!("is not set: it lists {meaning}; * says out loud that any is accepted");
        reader.error("SESSION_AUDIENCE", requirement);
    }
    audience_of(reader, audience)
}

/// What a list of audiences says.
pub fn audience_of(reader: &mut Reader, audience: Vec<String>) -> Audience {
    let any = audience.iter().any(|entry| entry == "*");
    if any && audience.len() > 1 {
        reader.error("SESSION_AUDIENCE", "must be either * or a list without it");
    }
    if any {
        Audience::Any
    } else {
        Audience::OneOf(audience)
    }
}

/// The accepted algorithms: out of `known`, and `default` where nothing is set.
pub fn algorithms(
    reader: &mut Reader,
    known: &[&'static str],
    default: &[&'static str],
) -> Vec<Algorithm> {
    let names = reader.choices("SESSION_ALGORITHMS", known, default);
    names
        .into_iter()
        .filter_map(|name| name.parse().ok())
        .collect()
}

/// A list that has one entry for each issuer, in their order; nothing where it is not set.
pub fn one_per_issuer(reader: &mut Reader, name: &str, issuers: usize) -> Option<Vec<String>> {
    let entries = reader.list(name);
    if entries.is_empty() {
        return None;
    }
    if entries.len() != issuers && issuers > 0 {
        reader.error(
            name,
            "must have one entry for each entry of SESSION_ISSUER, in the same order",
        );
    }
    Some(entries)
}

/// The key sets' URLs, one for each issuer; nothing where they are not set.
pub fn key_sets(reader: &mut Reader, issuers: usize) -> Option<Vec<Option<Url>>> {
    let entries = one_per_issuer(reader, "SESSION_JWKS_URL", issuers)?;
    let url = |entry: &String| {
        callable_url(entry)
            .map_err(|requirement| reader.error("SESSION_JWKS_URL", requirement))
            .ok()
    };
    Some(entries.iter().map(url).collect())
}

/// Where an issuer's discovery document is.
pub fn discovery(reader: &mut Reader, issuer: &str) -> Option<Location> {
    let Ok(mut document) = callable_url(issuer) else {
        let requirement =
            "must be an https URL, below which the key set is discovered; or set SESSION_JWKS_URL";
        reader.error("SESSION_ISSUER", requirement);
        return None;
    };
    // OpenID Connect Discovery 1.0 section 4: the path is appended, after any slash at the end has
    // been taken off.
    let path = format!(
        "{}/.well-known/openid-configuration",
        document.path().trim_end_matches('/')
    );
    document.set_path(&path);
    Some(Location::Discovery {
        issuer: issuer.to_owned(),
        document,
    })
}

/// A URL that must be set.
pub fn required_url(reader: &mut Reader, name: &str, meaning: &str) -> Option<Url> {
    reader.required(name, meaning);
    reader.url(name)
}

/// Where the subject is, in a token or in an answer (RFC 6901).
pub fn subject_pointer(reader: &mut Reader) -> String {
    let pointer = reader
        .optional("SESSION_SUBJECT_POINTER")
        .unwrap_or_else(|| "/sub".to_owned());
    if !pointer.starts_with('/') || !is_name(&pointer) {
        let requirement =
            "must be a JSON pointer such as /user/id, with ~ and / in names as ~0 and ~1";
        reader.error("SESSION_SUBJECT_POINTER", requirement);
    }
    pointer
}

/// The cookies in which sessions travel: the product's own, unless `SESSION_COOKIE` names another
/// one of the same form.
pub fn cookies(reader: &mut Reader, idp_cookies: Vec<SessionCookie>) -> Vec<SessionCookie> {
    let Some(name) = reader.optional("SESSION_COOKIE") else {
        return idp_cookies;
    };
    if !is_cookie_name(&name) {
        reader.error(
            "SESSION_COOKIE",
            "must be the name of a cookie, such as __session",
        );
    }
    // A name given for Amplify's is that of the one cookie with the token.
    let mut formats: Vec<_> = idp_cookies
        .into_iter()
        .map(|cookie| cookie.format)
        .filter(|format| *format != CookieFormat::AmplifyUser)
        .collect();
    formats.dedup();
    if formats.is_empty() {
        formats.push(CookieFormat::Plain);
    }
    formats
        .into_iter()
        .map(|format| SessionCookie {
            name: name.clone(),
            format,
        })
        .collect()
}

/// The cookies in which encrypted sessions travel.
pub fn encrypted_cookies(
    reader: &mut Reader,
    idp_cookies: &[SessionCookie],
) -> Vec<EncryptedCookie> {
    match reader.optional("SESSION_COOKIE") {
        Some(name) => vec![EncryptedCookie {
            name,
            is_configured: true,
        }],
        None => {
            let own = |cookie: &SessionCookie| EncryptedCookie {
                name: cookie.name.clone(),
                is_configured: false,
            };
            idp_cookies.iter().map(own).collect()
        }
    }
}

/// RFC 6265 section 4.1.1: a cookie's name is a token (RFC 9110 section 5.6.2).
fn is_cookie_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

impl Rules {
    /// These rules for the tokens of an issuer, whose first name is the one that sessions get.
    pub fn for_issuer(self, names: Vec<String>, audience: Audience) -> Self {
        let issuer = names.first().cloned().unwrap_or_default();
        Self {
            issuer,
            issuer_claim: IssuerClaim::OneOf(names),
            audience,
            ..self
        }
    }
}

impl Idp {
    fn uses_secret(&self) -> bool {
        !matches!(self.secret, SecretUse::None)
    }
}
