//! What an identity product is: data about its tokens, cookies and settings.

use url::Url;

use crate::session::claims::IdpRule;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::cookie::{CookieFormat, SessionCookie};
use crate::session::jwe::Scheme;
use crate::session::reason::Reason;

/// A product whose sessions are signed tokens.
#[derive(Clone)]
pub struct Idp {
    /// Its name, as `SESSION_KIND` has it.
    pub name: &'static str,
    /// What an entry of `SESSION_ISSUER` may be, for whoever left it out.
    pub issuer_setting: &'static str,
    /// What an entry of `SESSION_ISSUER` stands for; the error says what it must be.
    pub tenant: fn(&str) -> Result<IdpTenant, &'static str>,
    /// The algorithms of its tokens, unless `SESSION_ALGORITHMS` says otherwise.
    pub algorithms: &'static [&'static str],
    /// Its audience rule.
    pub audience: AudienceSetting,
    /// Whether tokens name the page that they are for: `SESSION_AUTHORIZED_PARTIES` are the allowed
    /// origins where it is not set.
    pub party_is_an_origin: bool,
    /// Whether tokens must name their key.
    pub key_id_required: bool,
    /// What its tokens must say beside.
    pub rule: IdpRule,
    /// What a secret of `SESSION_SECRET_ID` is for.
    pub secret: SecretUse,
}

/// What `SESSION_AUDIENCE` is for a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum AudienceSetting {
    /// It must be set; the text says what it lists.
    Required(&'static str),
    /// As for [`AudienceSetting::Required`]: Cognito's app clients, which access tokens do not name
    /// by `aud`.
    CognitoClients,
    /// It may be set; else it is the tenant's own, or this.
    Default(&'static [&'static str]),
    /// The tenant's own always counts; what is set must say the same.
    Tenants,
}

/// What a product does with a secret that it shares with the broker.
#[derive(Clone)]
pub enum SecretUse {
    /// Nothing.
    None,
    /// It signs tokens with one of these algorithms, next to published keys.
    Signs(&'static [&'static str]),
    /// It encrypts sessions in these cookies, beside the signed tokens.
    Encrypts(Scheme, &'static [(&'static str, CookieFormat)]),
}

/// One team's part of a product.
#[derive(Clone)]
pub struct IdpTenant {
    /// The issuers of its tokens; the first gives its name to all of them.
    pub issuers: Vec<PublishedIssuer>,
    /// For whom its tokens are, where that follows from the tenant alone.
    pub audience: Option<String>,
    /// The cookies in which its sessions travel.
    pub cookies: Vec<SessionCookie>,
}

/// An issuer that publishes its keys.
#[derive(Clone)]
pub struct PublishedIssuer {
    /// What `iss` may be.
    pub names: Vec<String>,
    /// Where its key set is, where that follows from its name.
    pub key_set: Option<Url>,
}

impl IdpTenant {
    /// A tenant with one issuer, whose key set has a path below a URL.
    pub fn with_issuer(name: String, key_set: String) -> Result<Self, &'static str> {
        Ok(Self {
            issuers: vec![PublishedIssuer::new(vec![name], &key_set)?],
            audience: None,
            cookies: Vec::new(),
        })
    }

    /// The same, with these cookies.
    #[must_use]
    pub fn with_cookies(self, cookies: Vec<SessionCookie>) -> Self {
        Self { cookies, ..self }
    }
}

impl PublishedIssuer {
    /// An issuer of these names, with its key set at a URL.
    pub fn new(names: Vec<String>, key_set: &str) -> Result<Self, &'static str> {
        Ok(Self {
            names,
            key_set: Some(crate::settings::callable_url(key_set)?),
        })
    }
}

/// A URL that was set, without a slash at its end; nothing where the entry is no URL but a
/// product's own id.
pub fn url_setting(entry: &str) -> Result<Option<&str>, &'static str> {
    if !entry.contains("://") {
        return Ok(None);
    }
    if crate::settings::callable_url(entry)?.query().is_some() {
        return Err("must not have a query");
    }
    Ok(Some(entry.trim_end_matches('/')))
}

/// Whether an id can stand in a host name or a path as it is.
pub fn is_id(entry: &str) -> bool {
    !entry.is_empty()
        && entry
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// No rule beside the common ones.
pub fn no_rule(_: &ClaimsSet) -> Result<(), Reason> {
    Ok(())
}
