//! The party to which a token was issued: `azp` (OpenID Connect Core 1.0 section 2) or `client_id`
//! (RFC 9068 section 2.2).

use serde_json::Value;
use url::Url;

use crate::origin_pattern::OriginPattern;
use crate::session::claims::claims_set::ClaimsSet;
use crate::session::reason::Reason;
use crate::settings::Reader;

const NAME: &str = "SESSION_AUTHORIZED_PARTIES";
/// The entry that accepts tokens without a party.
const ABSENT: &str = "absent";

/// The parties to which a token may have been issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizedParties {
    /// Any party is accepted, and none is required.
    Any,
    /// The party must be one of these.
    Listed {
        /// The accepted parties.
        parties: Vec<Party>,
        /// Whether a token without a party is accepted.
        or_absent: bool,
        /// Whether `client_id` counts if there is no `azp`.
        or_client: bool,
    },
}

/// A party in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Party {
    /// A client, by its id.
    Named(String),
    /// A page, by its origin: some identity providers issue tokens to pages.
    Page(OriginPattern),
}

impl AuthorizedParties {
    /// Reads `SESSION_AUTHORIZED_PARTIES`. If it is not set, any party is accepted.
    pub fn from_settings(reader: &mut Reader) -> Self {
        let listed = reader.list(NAME);
        if listed.is_empty() {
            return Self::Any;
        }
        Self::listed(reader, listed, true, |party| Party::Named(party.to_owned()))
    }

    /// Reads it for an identity provider that issues tokens to pages. If it is not set, or set to
    /// `absent` alone, the pages in `ALLOWED_ORIGINS` are accepted.
    pub fn pages_from_settings(reader: &mut Reader) -> Self {
        let mut listed = reader.list(NAME);
        let is_known = |entry: &String| ["*", ABSENT].contains(&entry.as_str()) || is_page(entry);
        if !listed.iter().all(is_known) {
            // Tokens name pages as browsers do, so any other entry would match no token.
            reader.error(
                NAME,
                "must list pages as ALLOWED_ORIGINS does, such as https://app.example.com (lower case, no path, no trailing \
                 slash; the first label may be * if at least three more follow), or be absent or *",
            );
        }
        if listed.iter().all(|entry| entry == ABSENT) {
            let origins = reader.list("ALLOWED_ORIGINS");
            if origins.is_empty() {
                let requirement = "is not set, and neither is ALLOWED_ORIGINS: one of them must list the pages that tokens may be issued to";
                reader.error(NAME, requirement);
            }
            listed.extend(origins);
        }
        let page = |entry: &str| {
            OriginPattern::parse(entry).map_or_else(|| Party::Named(entry.to_owned()), Party::Page)
        };
        // A `client_id` never names a page.
        Self::listed(reader, listed, false, page)
    }

    fn listed(
        reader: &mut Reader,
        listed: Vec<String>,
        or_client: bool,
        party: impl Fn(&str) -> Party,
    ) -> Self {
        if listed.iter().any(|entry| entry == "*") {
            if listed.len() > 1 {
                reader.error(NAME, "must be either * or a list without it");
            }
            return Self::Any;
        }
        let parties = listed
            .iter()
            .filter(|entry| *entry != ABSENT)
            .map(|entry| party(entry))
            .collect();
        Self::Listed {
            parties,
            or_absent: listed.iter().any(|entry| entry == ABSENT),
            or_client,
        }
    }

    /// Checks the party of a token.
    ///
    /// # Errors
    /// A [`Reason`] that says which party is missing or not allowed.
    pub fn check(&self, claims: &ClaimsSet) -> Result<(), Reason> {
        let Self::Listed {
            parties,
            or_absent,
            or_client,
        } = self
        else {
            return Ok(());
        };
        let (party, client) = (claims.get("azp"), claims.get("client_id"));
        match party.or(client) {
            Some(_) if party.is_none() && !or_client => Err(Reason::PartyNotPage),
            None if *or_absent => Ok(()),
            None => Err(Reason::PartyMissing),
            Some(Value::String(party)) if parties.iter().any(|known| known.is(party)) => Ok(()),
            Some(_) => Err(Reason::PartyNotAllowed),
        }
    }
}

/// Whether an entry names a page: as in `ALLOWED_ORIGINS`, or as an http origin, which pages in a
/// local network have.
fn is_page(entry: &str) -> bool {
    let origin = || {
        Url::parse(entry)
            .ok()
            .filter(|url| url.scheme() == "http")
            .map(|url| url.origin())
    };
    OriginPattern::parse(entry).is_some()
        || origin().is_some_and(|origin| origin.ascii_serialization() == entry)
}

impl Party {
    fn is(&self, party: &str) -> bool {
        match self {
            Self::Named(name) => name == party,
            Self::Page(pattern) => pattern.matches(party.as_bytes()),
        }
    }
}
