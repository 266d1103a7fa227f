//! Settings that several kinds read in the same way.

use url::Url;

use crate::session::claim_path::is_name;
use crate::session::claims::{Audience, IssuerClaim, Rules};
use crate::session::cookie::{CookieFormat, SessionCookie};
use crate::session::idp::definition::{Idp, SecretUse};
use crate::session::jwe::EncryptedCookie;
use crate::session::jwt::algorithm::Algorithm;
use crate::session::jwt::download::Location;
use crate::settings::{Reader, callable_url};

/// Reports settings that only other kinds use: they were set for a reason, so they are not ignored
/// silently.
pub(super) fn refuse_settings_of_other_kinds(reader: &mut Reader, kind: &str, idp: Option<&Idp>) {
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
                format_args!("must not be set if SESSION_KIND is {kind}"),
            );
        }
    }
}

/// The entries of `SESSION_ISSUER`, which is required.
pub(super) fn issuers(reader: &mut Reader, meaning: &str) -> Vec<String> {
    let issuers = reader.list("SESSION_ISSUER");
    if issuers.is_empty() {
        reader.error(
            "SESSION_ISSUER",
            format_args!("is not set: it is {meaning}"),
        );
    }
    issuers
}

/// The entries of `SESSION_ISSUER` if each is an `iss`: required, and each only once.
pub(super) fn issuers_by_name(reader: &mut Reader) -> Vec<String> {
    issuers(reader, "the exact \"iss\" of the app's session tokens");
    unique_issuers(reader)
}

/// The entries of `SESSION_ISSUER`, which is optional, each only once.
pub(super) fn unique_issuers(reader: &mut Reader) -> Vec<String> {
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

/// The issuer of a kind with at most one issuer.
pub(super) fn one_issuer(reader: &mut Reader) -> Option<String> {
    let issuers = reader.list("SESSION_ISSUER");
    if issuers.len() > 1 {
        reader.error("SESSION_ISSUER", "must name exactly one issuer");
    }
    issuers.into_iter().next()
}

/// The audience, which is required. `*` explicitly accepts any.
pub(super) fn required_audience(reader: &mut Reader, meaning: &str) -> Audience {
    let audience = reader.list("SESSION_AUDIENCE");
    if audience.is_empty() {
        let requirement =
            format_args!("is not set: it lists {meaning}; * says explicitly that any is accepted");
        reader.error("SESSION_AUDIENCE", requirement);
    }
    audience_of(reader, audience)
}

/// The audience that a list of entries means.
pub(super) fn audience_of(reader: &mut Reader, audience: Vec<String>) -> Audience {
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

/// The accepted algorithms, which must be among `known`. Not set, they are `default`.
pub(super) fn algorithms(
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

/// A list with one entry per issuer, in the same order. `None` if it is not set.
pub(super) fn one_per_issuer(
    reader: &mut Reader,
    name: &str,
    issuers: usize,
) -> Option<Vec<String>> {
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

/// The URLs of the key sets, one per issuer. `None` if they are not set.
pub(super) fn key_sets(reader: &mut Reader, issuers: usize) -> Option<Vec<Option<Url>>> {
    let entries = one_per_issuer(reader, "SESSION_JWKS_URL", issuers)?;
    let url = |entry: &String| {
        callable_url(entry)
            .map_err(|requirement| reader.error("SESSION_JWKS_URL", requirement))
            .ok()
    };
    Some(entries.iter().map(url).collect())
}

/// The location of an issuer's discovery document.
pub(super) fn discovery(reader: &mut Reader, issuer: &str) -> Option<Location> {
    let Ok(mut document) = callable_url(issuer) else {
        let requirement =
            "must be an https URL, below which the key set is discovered; or set SESSION_JWKS_URL";
        reader.error("SESSION_ISSUER", requirement);
        return None;
    };
    // OpenID Connect Discovery 1.0 section 4: the path is appended after a trailing slash has been
    // removed.
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

/// A URL that is required.
pub(super) fn required_url(reader: &mut Reader, name: &str, meaning: &str) -> Option<Url> {
    reader.required(name, meaning);
    reader.url(name)
}

/// The JSON pointer to the subject in claims or in a response (RFC 6901).
pub(super) fn subject_pointer(reader: &mut Reader) -> String {
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

/// The session cookies: those of the identity provider, or the cookie that `SESSION_COOKIE` names,
/// with the same format.
pub(super) fn cookies(reader: &mut Reader, idp_cookies: Vec<SessionCookie>) -> Vec<SessionCookie> {
    let Some(name) = reader.optional("SESSION_COOKIE") else {
        return idp_cookies;
    };
    if !is_cookie_name(&name) {
        reader.error(
            "SESSION_COOKIE",
            "must be the name of a cookie, such as __session",
        );
    }
    // With Amplify, a configured name is that of the one cookie with the token.
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

/// The cookies that may contain encrypted sessions.
pub(super) fn encrypted_cookies(
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

/// The name of a cookie is a token (RFC 6265 section 4.1.1, RFC 9110 section 5.6.2).
fn is_cookie_name(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

impl Rules {
    /// These rules for the tokens of one issuer. The first name is the issuer of its sessions.
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
