//! The rules that the claims of a verified token must meet to make a session (RFC 7519 section 4.1,
//! RFC 8725 sections 3.8 to 3.10).

pub(crate) mod authorized_parties;
pub(crate) mod claims_set;
#[cfg(test)]
mod tests;

use serde_json::Value;
use thiserror::Error;

use crate::json::Members;
use crate::session::Session;
use crate::session::claim_path::at;
use crate::session::claims::authorized_parties::AuthorizedParties;
use crate::session::claims::claims_set::{ClaimsSet, LEEWAY_SECONDS};
use crate::session::reason::Reason;

/// The rules that claims must meet.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The issuer of the session. It is one name even if `iss` has several spellings.
    pub issuer: String,
    /// The rule for `iss`.
    pub issuer_claim: IssuerClaim,
    /// A JSON pointer to the subject.
    pub subject_pointer: String,
    /// The rule for the audience.
    pub audience: Audience,
    /// The parties to which the token may have been issued.
    pub authorized_parties: AuthorizedParties,
    /// Claims and the values that they must have.
    pub required: Vec<(String, String)>,
    /// The rule for `exp`, `nbf` and `iat`.
    pub times: Times,
    /// The identity provider's own rule.
    pub idp_rule: IdpRule,
}

/// A rule that only one identity provider has.
pub(crate) type IdpRule = fn(&ClaimsSet) -> Result<(), Reason>;

/// The rule for `exp`, `nbf` and `iat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// `exp` is required, and each of them is checked if present.
    MustExpire,
    /// Each of them is checked if present and not null.
    IfPresent,
    /// None of them is checked: a service has just confirmed the session.
    Unchecked,
}

/// The rule for `iss`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerClaim {
    /// It is required, and must equal one of these.
    OneOf(Vec<String>),
    /// It must equal this if present.
    IfPresent(String),
    /// It is not checked: the key or the URL alone determines the issuer.
    Unchecked,
}

/// The rule for the audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Any audience is accepted.
    Any,
    /// `aud` must contain one of these.
    OneOf(Vec<String>),
    /// The token must be for one of these Cognito app clients, or for any if there are none. Access
    /// tokens name the client in `client_id`, ID tokens in `aud`.
    /// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html>
    CognitoClient(Vec<String>),
}

/// Why claims do not make a session.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ClaimsError {
    /// They meet every rule, but the session has expired.
    #[error("{}", Reason::Expired)]
    Expired,
    /// They break a rule.
    #[error(transparent)]
    Invalid(#[from] Reason),
}

/// Rejects logout tokens and security event tokens. Their `typ` is optional, so the `events` claim
/// identifies them (OpenID Connect Back-Channel Logout 1.0 section 2.4, RFC 8417 section 2.2).
///
/// # Errors
/// [`Reason::EventToken`].
pub(crate) fn reject_event_token(claims: &Members) -> Result<(), Reason> {
    if claims.contains_key("events") {
        Err(Reason::EventToken)
    } else {
        Ok(())
    }
}

impl Rules {
    /// Creates a session from verified claims.
    ///
    /// # Errors
    /// `ClaimsError::Expired` only if the claims meet every other rule.
    pub fn session(&self, claims: ClaimsSet) -> Result<Session, ClaimsError> {
        let subject = self.check(&claims)?;
        self.times.check(&claims)?;
        Ok(Session {
            issuer: self.issuer.clone(),
            subject,
            claims: claims.members,
        })
    }

    /// Checks every rule but the times. Returns the subject.
    fn check(&self, claims: &ClaimsSet) -> Result<String, Reason> {
        if !self.issuer_claim.accepts(claims.get("iss")) {
            return Err(Reason::IssuerMismatch);
        }
        let subject = self.subject(claims).ok_or(Reason::SubjectInvalid)?;
        if !self.audience.accepts(claims) {
            return Err(Reason::AudienceNotAllowed);
        }
        self.authorized_parties.check(claims)?;
        if !self.required.iter().all(|(name, value)| {
            at(&claims.members, name).is_some_and(|claim| equals_setting(claim, value))
        }) {
            return Err(Reason::RequiredClaim);
        }
        (self.idp_rule)(claims)?;
        Ok(subject)
    }

    fn subject(&self, claims: &ClaimsSet) -> Option<String> {
        let subject = match claims.members.pointer(&self.subject_pointer)? {
            Value::String(text) => text.clone(),
            // Some apps number their users.
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => return None,
        };
        Some(subject).filter(|subject| !subject.is_empty())
    }
}

impl Times {
    fn check(self, claims: &ClaimsSet) -> Result<(), ClaimsError> {
        if self == Self::Unchecked {
            return Ok(());
        }
        let time = |name| {
            claims
                .get(name)
                .filter(|claim| self == Self::MustExpire || !claim.is_null())
        };
        let is_past = |name| {
            time(name).is_none_or(|claim| claim.as_f64().is_some_and(|time| claims.is_past(time)))
        };
        if !is_past("nbf") {
            return Err(Reason::NotBefore.into());
        }
        if !is_past("iat") {
            return Err(Reason::IssuedAt.into());
        }
        match time("exp").map(Value::as_f64) {
            None if self == Self::IfPresent => Ok(()),
            None | Some(None) => Err(Reason::ExpiryMissing.into()),
            Some(Some(expiry)) if claims.now > expiry + LEEWAY_SECONDS => Err(ClaimsError::Expired),
            Some(Some(_)) => Ok(()),
        }
    }
}

impl IssuerClaim {
    /// Whether the rule accepts this issuer by name.
    pub fn names(&self, issuer: &str) -> bool {
        matches!(self, Self::OneOf(known) if known.iter().any(|known| known == issuer))
    }

    fn accepts(&self, claim: Option<&Value>) -> bool {
        match (self, claim) {
            (Self::Unchecked, _) | (Self::IfPresent(_), None) => true,
            (Self::OneOf(known), Some(Value::String(issuer))) => known.contains(issuer),
            (Self::IfPresent(known), Some(Value::String(issuer))) => known == issuer,
            _ => false,
        }
    }
}

impl Audience {
    fn accepts(&self, claims: &ClaimsSet) -> bool {
        let audience = claims.get("aud");
        match self {
            Self::Any => true,
            Self::OneOf(wanted) => is_one_of(audience, wanted),
            Self::CognitoClient(wanted) if wanted.is_empty() => {
                matches!(claims.text("token_use"), Some("access" | "id"))
            }
            Self::CognitoClient(wanted) => match claims.text("token_use") {
                Some("access") => {
                    is_one_of(claims.get("client_id").filter(|id| id.is_string()), wanted)
                }
                Some("id") => is_one_of(audience, wanted),
                _ => false,
            },
        }
    }
}

/// Whether a claim contains a wanted value. `aud` is a string or an array of strings (RFC 7519
/// section 4.1.3).
fn is_one_of(claim: Option<&Value>, wanted: &[String]) -> bool {
    match claim {
        Some(Value::String(audience)) => wanted.contains(audience),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => items
            .iter()
            .filter_map(Value::as_str)
            .any(|item| wanted.iter().any(|wanted| wanted == item)),
        _ => false,
    }
}

/// Whether a claim has the value of a setting.
fn equals_setting(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Bool(truth) => wanted.parse() == Ok(*truth),
        Value::Number(number) => number.to_string() == wanted,
        _ => false,
    }
}
