//! The `SESSION_*` settings: which kind of session there is, and what it takes.
//!
//! Another kind gets its row in [`Kind::NAMES`] and its arm in [`SessionSettings::from_settings`].

use super::claims::{Audience, Rules};
use super::key_source::Location;
use super::signature::Algorithm;
use crate::settings::{Reader, callable_url};

/// How sessions are verified.
pub enum Kind {
    /// A JWT signed with one of the issuer's published keys.
    KeySet(Location),
    /// A JWT signed with a secret shared between app and broker; the secret's name or ARN.
    SharedSecret(String),
}

impl Kind {
    const NAMES: [&'static str; 2] = ["jwt", "secret"];
}

/// All settings of sessions.
pub struct SessionSettings {
    /// How they are verified.
    pub kind: Kind,
    /// The algorithms that tokens may be signed with.
    pub algorithms: Vec<Algorithm>,
    /// What a token must say.
    pub rules: Rules,
    /// The cookie that may carry one.
    pub cookie: Option<String>,
}

impl SessionSettings {
    /// Reads the settings. Nothing comes back only where the reader knows what is wrong.
    pub fn from_settings(reader: &mut Reader) -> Option<Self> {
        let name = reader.optional("SESSION_KIND").unwrap_or_else(|| "jwt".to_owned());
        if !Kind::NAMES.contains(&name.as_str()) {
            reader.fault("SESSION_KIND", format_args!("must be one of {}", Kind::NAMES.join(", ")));
        }
        let rules = rules(reader);
        let (kind, known) = if name == "secret" {
            unused(reader, "SESSION_JWKS_URL", "secret");
            let meaning = "the name or ARN of the secret that signs sessions";
            (Some(Kind::SharedSecret(reader.required("SESSION_SECRET_ID", meaning))), &Algorithm::SYMMETRIC[..])
        } else {
            if name == "jwt" {
                unused(reader, "SESSION_SECRET_ID", "jwt");
            }
            (location(reader, &rules.issuer).map(Kind::KeySet), &Algorithm::ASYMMETRIC[..])
        };
        let algorithms = reader.choices("SESSION_ALGORITHMS", known, known);
        let algorithms = algorithms.into_iter().filter_map(Algorithm::named).collect();
        let cookie = reader.optional("SESSION_COOKIE");
        if cookie.as_deref().is_some_and(|name| !is_cookie_name(name)) {
            reader.fault("SESSION_COOKIE", "must be the name of a cookie, such as __session");
        }
        Some(Self { kind: kind?, algorithms, rules, cookie })
    }
}

fn rules(reader: &mut Reader) -> Rules {
    let issuer = reader.required("SESSION_ISSUER", "the exact \"iss\" of the app's session tokens");
    let audience = reader.list("SESSION_AUDIENCE");
    if audience.is_empty() {
        let mend =
            "is not set: it lists the \"aud\" that session tokens may have; * says out loud that any is accepted";
        reader.fault("SESSION_AUDIENCE", mend);
    }
    let any = audience.iter().any(|entry| entry == "*");
    if any && audience.len() > 1 {
        reader.fault("SESSION_AUDIENCE", "must be either * or a list without it");
    }
    let mut required = Vec::new();
    for entry in reader.list("SESSION_REQUIRED_CLAIMS") {
        match entry.split_once('=') {
            Some((name, value)) if !name.is_empty() && !value.is_empty() => {
                required.push((name.trim().to_owned(), value.trim().to_owned()));
            }
            _ => reader.fault("SESSION_REQUIRED_CLAIMS", "must be a comma-separated list of claim=value"),
        }
    }
    Rules {
        issuer,
        audience: if any { Audience::Any } else { Audience::OneOf(audience) },
        authorized_parties: reader.list("SESSION_AUTHORIZED_PARTIES"),
        required,
    }
}

fn location(reader: &mut Reader, issuer: &str) -> Option<Location> {
    if reader.optional("SESSION_JWKS_URL").is_some() {
        return reader.url("SESSION_JWKS_URL").map(Location::KeySet);
    }
    if callable_url(issuer).is_err() && !issuer.is_empty() {
        let mend = "must be an https URL, below which the key set is discovered; or set SESSION_JWKS_URL";
        reader.fault("SESSION_ISSUER", mend);
    }
    let mut document = callable_url(issuer).ok()?;
    // OpenID Connect Discovery 1.0 section 4: the path is appended, after any slash at the end has been taken off.
    let path = format!("{}/.well-known/openid-configuration", document.path().trim_end_matches('/'));
    document.set_path(&path);
    Some(Location::Discovery { issuer: issuer.to_owned(), document })
}

fn unused(reader: &mut Reader, name: &str, kind: &str) {
    if reader.optional(name).is_some() {
        reader.fault(name, format_args!("must not be set where SESSION_KIND is {kind}"));
    }
}

/// RFC 6265 section 4.1.1: a cookie's name is a token (RFC 9110 section 5.6.2).
fn is_cookie_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<SessionSettings, String> {
        let environment =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let mut reader = Reader::new(&environment);
        let settings = SessionSettings::from_settings(&mut reader);
        reader.finish(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn discovery_stands_below_the_issuer() {
        for (issuer, place) in [
            ("https://id.test", "https://id.test/.well-known/openid-configuration"),
            ("https://id.test/", "https://id.test/.well-known/openid-configuration"),
            ("https://id.test/pool", "https://id.test/pool/.well-known/openid-configuration"),
        ] {
            let settings = read(&[("SESSION_ISSUER", issuer), ("SESSION_AUDIENCE", "a")]).unwrap();
            let Kind::KeySet(Location::Discovery { issuer: named, document }) = settings.kind else {
                panic!("{issuer}")
            };
            assert_eq!((named.as_str(), document.as_str()), (issuer, place));
        }
    }

    #[test]
    fn an_audience_must_be_named_or_waived_out_loud() {
        assert!(read(&[("SESSION_ISSUER", "https://id.test")]).err().unwrap().contains("SESSION_AUDIENCE"));
        let settings = read(&[("SESSION_ISSUER", "https://id.test"), ("SESSION_AUDIENCE", "*")]).unwrap();
        assert!(matches!(settings.rules.audience, Audience::Any));
        assert!(read(&[("SESSION_ISSUER", "https://id.test"), ("SESSION_AUDIENCE", "*,a")]).is_err());
    }

    #[test]
    fn secrets_and_key_sets_do_not_mix() {
        let base = [("SESSION_ISSUER", "app"), ("SESSION_AUDIENCE", "a"), ("SESSION_KIND", "secret")];
        assert!(read(&[&base[..], &[("SESSION_SECRET_ID", "s")]].concat()).is_ok());
        assert!(read(&base).err().unwrap().contains("SESSION_SECRET_ID"));
        let both = [&base[..], &[("SESSION_SECRET_ID", "s"), ("SESSION_JWKS_URL", "https://id.test/keys")]].concat();
        assert!(read(&both).err().unwrap().contains("SESSION_JWKS_URL"));
        let asymmetric = [&base[..], &[("SESSION_SECRET_ID", "s"), ("SESSION_ALGORITHMS", "RS256")]].concat();
        assert!(read(&asymmetric).err().unwrap().contains("SESSION_ALGORITHMS"));
    }

    #[test]
    fn everything_wrong_is_named() {
        let message = read(&[
            ("SESSION_KIND", "magic"),
            ("SESSION_JWKS_URL", "http://id.test/keys"),
            ("SESSION_ALGORITHMS", "HS256"),
            ("SESSION_COOKIE", "a;b"),
            ("SESSION_REQUIRED_CLAIMS", "role"),
        ]);
        let message = message.err().unwrap();
        for name in [
            "SESSION_KIND",
            "SESSION_ISSUER",
            "SESSION_AUDIENCE",
            "SESSION_JWKS_URL",
            "SESSION_ALGORITHMS",
            "SESSION_COOKIE",
            "SESSION_REQUIRED_CLAIMS",
        ] {
            assert!(message.contains(name), "{name} in {message}");
        }
    }
}
