//! What a verified token must say to count as a session (RFC 7519 section 4.1, RFC 8725 sections 3.8 to 3.10).

use std::time::Duration;

use serde_json::{Map, Value};

use super::Session;

/// How far the clocks of issuer and function may be apart, in seconds.
const LEEWAY_SECONDS: f64 = 5.0;

/// Which tokens count.
pub struct Rules {
    /// The exact issuer.
    pub issuer: String,
    /// For whom the token must have been issued.
    pub audience: Audience,
    /// The parties that may have got it (`azp`, or `client_id`); empty means any.
    pub authorized_parties: Vec<String>,
    /// Claims that must have a certain value.
    pub required: Vec<(String, String)>,
}

/// The audience rule.
pub enum Audience {
    /// Said out loud by `*`: any.
    Any,
    /// One of these.
    OneOf(Vec<String>),
}

/// Why claims are no session.
#[derive(Debug, PartialEq, Eq)]
pub enum Denied {
    /// They were, until they expired.
    Expired,
    /// A clause for the log that says which rule they break.
    Invalid(&'static str),
}

impl Rules {
    /// Makes a session out of claims whose signature has been verified. `now` is time since the Unix epoch.
    ///
    /// # Errors
    /// Expiry is told only of tokens that are otherwise good.
    pub fn session(&self, claims: Map<String, Value>, now: Duration) -> Result<Session, Denied> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let invalid = |reason| Err(Denied::Invalid(reason));
        if text("iss") != Some(&self.issuer) {
            return invalid("iss is not SESSION_ISSUER");
        }
        let Some(subject) = text("sub").filter(|subject| !subject.is_empty()) else {
            return invalid("sub is missing, empty or not a text");
        };
        if !self.audience.accepts(claims.get("aud")) {
            return invalid("aud is not in SESSION_AUDIENCE");
        }
        if !self.authorized_parties.is_empty() {
            let party = claims.get("azp").or_else(|| claims.get("client_id")).and_then(Value::as_str);
            if !party.is_some_and(|party| self.authorized_parties.iter().any(|known| known == party)) {
                return invalid("azp or client_id is not in SESSION_AUTHORIZED_PARTIES");
            }
        }
        if !self.required.iter().all(|(name, value)| claims.get(name).is_some_and(|claim| says(claim, value))) {
            return invalid("a claim is not as SESSION_REQUIRED_CLAIMS wants it");
        }
        let now = now.as_secs_f64();
        for (name, reason) in
            [("nbf", "nbf is in the future or not a number"), ("iat", "iat is in the future or not a number")]
        {
            match claims.get(name) {
                None => {}
                Some(claim) if claim.as_f64().is_some_and(|from| from <= now + LEEWAY_SECONDS) => {}
                Some(_) => return invalid(reason),
            }
        }
        match claims.get("exp").and_then(Value::as_f64) {
            None => return invalid("exp is missing or not a number"),
            Some(expiry) if now > expiry + LEEWAY_SECONDS => return Err(Denied::Expired),
            Some(_) => {}
        }
        Ok(Session { issuer: self.issuer.clone(), subject: subject.to_owned(), claims })
    }
}

impl Audience {
    /// `aud` is one text or an array of texts (RFC 7519 section 4.1.3).
    fn accepts(&self, claim: Option<&Value>) -> bool {
        let wanted = match self {
            Self::Any => return true,
            Self::OneOf(wanted) => wanted,
        };
        match claim {
            Some(Value::String(audience)) => wanted.contains(audience),
            Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
                items.iter().filter_map(Value::as_str).any(|item| wanted.iter().any(|wanted| wanted == item))
            }
            _ => false,
        }
    }
}

/// Whether a claim has the value that a setting spells out.
fn says(claim: &Value, wanted: &str) -> bool {
    match claim {
        Value::String(text) => text == wanted,
        Value::Bool(truth) => wanted.parse() == Ok(*truth),
        Value::Number(number) => number.to_string() == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: u64 = 1_800_000_000;

    fn judge(change: Value) -> Result<Session, Denied> {
        let rules = Rules {
            issuer: "https://id.test".to_owned(),
            audience: Audience::OneOf(vec!["voice".to_owned()]),
            authorized_parties: vec!["app".to_owned()],
            required: vec![("token_use".to_owned(), "access".to_owned()), ("paid".to_owned(), "true".to_owned())],
        };
        let mut claims = json!({
            "iss": "https://id.test", "sub": "ada", "aud": ["other", "voice"], "azp": "app",
            "token_use": "access", "paid": true, "exp": NOW + 60, "iat": NOW, "nbf": NOW,
        });
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = claims.as_object().unwrap().iter().filter(|(_, value)| **value != "ABSENT");
        rules.session(claims.map(|(n, v)| (n.clone(), v.clone())).collect(), Duration::from_secs(NOW))
    }

    #[test]
    fn a_session_is_what_fits_every_rule() {
        let session = judge(json!({})).ok().unwrap();
        assert_eq!((session.issuer(), session.subject()), ("https://id.test", "ada"));
        for good in [
            json!({"aud": "voice"}),
            json!({"azp": "ABSENT", "client_id": "app"}),
            json!({"iat": "ABSENT", "nbf": "ABSENT"}),
            json!({"exp": NOW as f64 + 0.5}),
        ] {
            assert!(judge(good.clone()).is_ok(), "{good}");
        }
    }

    #[test]
    fn each_broken_rule_is_refused() {
        for bad in [
            json!({"iss": "https://id.test/"}),
            json!({"iss": ["https://id.test"]}),
            json!({"iss": "ABSENT"}),
            json!({"sub": "ABSENT"}),
            json!({"sub": ""}),
            json!({"sub": 7}),
            json!({"aud": "ABSENT"}),
            json!({"aud": "Voice"}),
            json!({"aud": []}),
            json!({"aud": ["voice", 7]}),
            json!({"aud": {"voice": true}}),
            json!({"azp": "other"}),
            json!({"azp": "other", "client_id": "app"}),
            json!({"azp": "ABSENT"}),
            json!({"token_use": "id"}),
            json!({"token_use": ["access"]}),
            json!({"paid": false}),
            json!({"exp": "ABSENT"}),
            json!({"exp": (NOW + 60).to_string()}),
            json!({"exp": null}),
            json!({"nbf": (NOW - 60).to_string()}),
            json!({"iat": null}),
        ] {
            assert!(matches!(judge(bad.clone()), Err(Denied::Invalid(_))), "{bad}");
        }
    }

    #[test]
    fn clocks_may_be_five_seconds_apart() {
        assert!(judge(json!({"exp": NOW - 4})).is_ok());
        assert_eq!(judge(json!({"exp": NOW - 6})).err(), Some(Denied::Expired));
        for name in ["nbf", "iat"] {
            assert!(judge(json!({name: NOW + 4})).is_ok(), "{name}");
            assert!(matches!(judge(json!({name: NOW + 6})), Err(Denied::Invalid(_))), "{name}");
        }
    }

    #[test]
    fn a_token_that_is_wrong_and_expired_is_wrong() {
        assert!(matches!(judge(json!({"exp": NOW - 60, "aud": "other"})), Err(Denied::Invalid(_))));
    }
}
