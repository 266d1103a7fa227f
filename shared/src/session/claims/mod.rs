//! What a verified token must say to count as a session (RFC 7519 section 4.1, RFC 8725 sections
//! 3.8 to 3.10).

pub mod authorized_parties;
pub mod claims_set;
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

/// Which claims make a session.
#[derive(Clone)]
pub struct Rules {
    /// Who vouches for the subject, as the session will say. Where `iss` may be spelled in two
    /// ways, still one name.
    pub issuer: String,
    /// What `iss` must say.
    pub issuer_claim: IssuerClaim,
    /// A JSON pointer to the subject.
    pub subject_pointer: String,
    /// For whom the token must have been issued.
    pub audience: Audience,
    /// The parties that may have got it.
    pub authorized_parties: AuthorizedParties,
    /// ClaimsSet that must have a certain value.
    pub required: Vec<(String, String)>,
    /// What `exp`, `nbf` and `iat` must say.
    pub times: Times,
    /// What the identity product requires beside.
    pub idp_rule: IdpRule,
}

/// A rule that only one identity provider has.
pub type IdpRule = fn(&ClaimsSet) -> Result<(), Reason>;

/// What `exp`, `nbf` and `iat` must say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// There must be an `exp`, and none of them may speak against now.
    MustExpire,
    /// None of them may speak against now; they may be missing, or null.
    IfPresent,
    /// Nothing: whoever was asked has just said that the session is good.
    Unchecked,
}

/// What `iss` must say.
#[derive(Clone, PartialEq, Eq)]
pub enum IssuerClaim {
    /// Exactly one of these.
    OneOf(Vec<String>),
    /// Exactly this, or nothing.
    IfPresent(String),
    /// Anything: who vouches is known from the key or the URL alone.
    Unchecked,
}

/// The audience rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Said out loud by `*`: any.
    Any,
    /// One of these.
    OneOf(Vec<String>),
    /// Cognito's: an app client, named by `client_id` in access tokens and by `aud` in ID tokens;
    /// none means any.
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

/// Refuses logout tokens and security event tokens by the claim that makes them so, as their type
/// may be left out (OpenID Connect Back-Channel Logout 1.0 section 2.4, RFC 8417 section 2.2).
///
/// # Errors
/// [`Reason::EventToken`].
pub fn reject_event_token(claims: &Members) -> Result<(), Reason> {
    if claims.contains_key("events") {
        Err(Reason::EventToken)
    } else {
        Ok(())
    }
}

impl Rules {
    /// Makes a session out of claims that have been verified.
    ///
    /// # Errors
    /// Expiry is told only of claims that are otherwise good.
    pub fn session(&self, claims: ClaimsSet) -> Result<Session, ClaimsError> {
        let subject = self.check(&claims)?;
        self.times.check(&claims)?;
        Ok(Session {
            issuer: self.issuer.clone(),
            subject,
            claims: claims.members,
        })
    }

    /// Every rule but expiry. Gives the subject.
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
            // Many an app numbers its users.
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            _ => return None,
        };
        Some(subject).filter(|subject| !subject.is_empty())
    }
}

impl Times {
    fn check(self, claims: &ClaimsSet) -> Result<(), ClaimsError> {
        let moment = |name| {
            claims
                .get(name)
                .filter(|claim| self == Self::MustExpire || !claim.is_null())
        };
        let is_past = |name| {
            moment(name).is_none_or(|claim| claim.as_f64().is_some_and(|m| claims.is_past(m)))
        };
        match moment("exp").map(Value::as_f64) {
            _ if self == Self::Unchecked => Ok(()),
            _ if !is_past("nbf") => Err(Reason::NotBefore.into()),
            _ if !is_past("iat") => Err(Reason::IssuedAt.into()),
            None if self == Self::IfPresent => Ok(()),
            None | Some(None) => Err(Reason::ExpiryMissing.into()),
            Some(Some(expiry)) if claims.now > expiry + LEEWAY_SECONDS => Err(ClaimsError::Expired),
            Some(Some(_)) => Ok(()),
        }
    }
}

impl IssuerClaim {
    /// Whether tokens of this name are meant.
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

/// `aud` is one text or an array of texts (RFC 7519 section 4.1.3).
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

/// Whether a claim has the value that a setting spells out.
fn equals_setting(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Bool(truth) => wanted.parse() == Ok(*truth),
        Value::Number(number) => number.to_string() == wanted,
        _ => false,
    }
}
