//! The data that describes an identity provider: its tokens, cookies and settings.

use url::Url;

use crate::session::claims::IdpRule;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::cookie::{CookieFormat, SessionCookie};
use crate::session::jwe::Scheme;
use crate::session::reason::Reason;

/// An identity provider whose sessions are signed tokens.
#[derive(Clone, Debug)]
pub(crate) struct Idp {
    /// The value of `SESSION_KIND`.
    pub name: &'static str,
    /// What an entry of `SESSION_ISSUER` is, for the message if it is not set.
    pub issuer_setting: &'static str,
    /// Reads an entry of `SESSION_ISSUER`. The error says what the entry must be.
    pub tenant: fn(&str) -> Result<IdpTenant, &'static str>,
    /// The algorithms of its tokens, unless `SESSION_ALGORITHMS` is set.
    pub algorithms: &'static [&'static str],
    /// The meaning of `SESSION_AUDIENCE`.
    pub audience: AudienceSetting,
    /// Whether its tokens are issued to pages: then `SESSION_AUTHORIZED_PARTIES` defaults to the
    /// allowed origins.
    pub party_is_an_origin: bool,
    /// Whether its tokens must have a key id.
    pub key_id_required: bool,
    /// An additional rule for its claims.
    pub rule: IdpRule,
    /// The meaning of `SESSION_SECRET_ID`.
    pub secret: SecretUse,
}

/// The meaning of `SESSION_AUDIENCE` for an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AudienceSetting {
    /// It must be set. The text says what it lists.
    Required(&'static str),
    /// It must be set, and lists Cognito's app clients, which access tokens do not name in `aud`.
    CognitoClients,
    /// It is optional. The default is the tenant's audience or these.
    Default(&'static [&'static str]),
    /// The tenant's audience is always used. If it is set, it must equal that.
    Tenants,
}

/// What an identity provider uses a secret for that it shares with the broker.
#[derive(Clone, Debug)]
pub(crate) enum SecretUse {
    /// It has none.
    None,
    /// It signs tokens with one of these algorithms, in addition to published keys.
    Signs(&'static [&'static str]),
    /// It encrypts sessions in these cookies, in addition to signed tokens.
    Encrypts(Scheme, &'static [(&'static str, CookieFormat)]),
}

/// One customer's tenant at an identity provider: a project, instance, user pool or client.
#[derive(Clone, Debug)]
pub(crate) struct IdpTenant {
    /// The issuers of its tokens. The name of the first is the issuer of all its sessions.
    pub issuers: Vec<PublishedIssuer>,
    /// The audience of its tokens, if the tenant determines it.
    pub audience: Option<String>,
    /// Its session cookies.
    pub cookies: Vec<SessionCookie>,
}

/// An issuer that publishes its keys.
#[derive(Clone, Debug)]
pub(crate) struct PublishedIssuer {
    /// The accepted values of `iss`.
    pub names: Vec<String>,
    /// The URL of its key set, if its name determines it.
    pub key_set: Option<Url>,
}

impl IdpTenant {
    /// A tenant with one issuer and the URL of its key set.
    ///
    /// # Errors
    /// What the URL must be.
    pub(crate) fn with_issuer(name: String, key_set: String) -> Result<Self, &'static str> {
        Ok(Self {
            issuers: vec![PublishedIssuer::new(vec![name], &key_set)?],
            audience: None,
            cookies: Vec::new(),
        })
    }

    /// Sets the session cookies.
    #[must_use]
    pub(crate) fn with_cookies(self, cookies: Vec<SessionCookie>) -> Self {
        Self { cookies, ..self }
    }
}

impl PublishedIssuer {
    /// An issuer with these names and the URL of its key set.
    ///
    /// # Errors
    /// What the URL must be.
    pub(crate) fn new(names: Vec<String>, key_set: &str) -> Result<Self, &'static str> {
        Ok(Self {
            names,
            key_set: Some(crate::settings::callable_url(key_set)?),
        })
    }
}

/// An entry that is a URL, without trailing slashes. `None` if it is not a URL, but an id at the
/// identity provider.
///
/// # Errors
/// What the URL must be.
pub(crate) fn url_setting(entry: &str) -> Result<Option<&str>, &'static str> {
    if !entry.contains("://") {
        return Ok(None);
    }
    if crate::settings::callable_url(entry)?.query().is_some() {
        return Err("must not have a query");
    }
    Ok(Some(entry.trim_end_matches('/')))
}

/// Whether an id can be part of a host name or path without encoding.
pub(crate) fn is_id(entry: &str) -> bool {
    !entry.is_empty()
        && entry
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// No additional rule.
pub(crate) fn no_rule(_: &ClaimsSet) -> Result<(), Reason> {
    Ok(())
}
