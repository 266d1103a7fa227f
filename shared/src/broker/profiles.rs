//! The profiles of a deployment: loaded like a key, and read once per version of the secret.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::json;
use crate::problem::{Code, FieldError, Problem};
use crate::provider::profile::{PROFILE_NAMES, ProfileFormat, is_profile_name};
use crate::secret::SecretCache;
use crate::secret::api_key::ApiKey;

/// The profiles of a deployment.
pub(super) struct Profiles<F> {
    secret: SecretCache,
    default: Option<String>,
    last: Mutex<Option<ReadVersion<F>>>,
}

/// A version of the secret, and what it holds.
type ReadVersion<F> = (Arc<ApiKey>, Arc<ProfileSet<F>>);

/// Each profile, or the log's reason why it is not usable.
type ProfileSet<F> = BTreeMap<String, Result<Arc<Profile<F>>, String>>;

/// A profile.
pub(super) struct Profile<F> {
    /// Its name.
    pub name: String,
    /// A hash of its content: a profile that was edited is another one.
    pub version: String,
    /// Its content.
    pub content: F,
}

impl<F: ProfileFormat> Profiles<F> {
    /// The profiles of a secret, with the name of `DEFAULT_PROFILE`.
    pub(super) fn new(secret: SecretCache, default: Option<String>) -> Self {
        Self {
            secret,
            default,
            last: Mutex::default(),
        }
    }

    /// The name of `DEFAULT_PROFILE`.
    pub(super) fn default_name(&self) -> Option<&str> {
        self.default.as_deref()
    }

    /// Loads the secret unless a fresh version is cached, and reads it.
    ///
    /// # Errors
    /// [`Code::SecretUnavailable`].
    pub(super) async fn load(&self) -> Result<Arc<ProfileSet<F>>, Problem> {
        let secret = self.secret.get().await.map_err(|problem| {
            // The key's secret has the same code.
            let reason = format!("PROFILES_SECRET_ID: {}", problem.reason);
            problem.with_reason(reason)
        })?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((known, profiles)) if Arc::ptr_eq(known, &secret) => Ok(Arc::clone(profiles)),
            _ => {
                let profiles = Arc::new(read_all(secret.expose()));
                *last = Some((secret, Arc::clone(&profiles)));
                Ok(profiles)
            }
        }
    }

    /// The profile that a caller names, else the default one.
    ///
    /// # Errors
    /// [`Code::RequestInvalid`] if there is none of this name, or no default.
    /// [`Code::SecretUnavailable`] if the configured default is missing.
    pub(super) fn find(
        &self,
        profiles: &ProfileSet<F>,
        named: Option<&str>,
    ) -> Result<FoundProfile<F>, Problem> {
        let (name, profile) = match (named, self.default_name()) {
            (Some(named), _) => profiles
                .get_key_value(named)
                .ok_or_else(|| invalid("is not the name of a profile of this service"))?,
            (None, Some(default)) => profiles.get_key_value(default).ok_or_else(|| {
                unavailable("PROFILES_SECRET_ID has no profile of the name in DEFAULT_PROFILE")
            })?,
            (None, None) => only(profiles)
                .ok_or_else(|| invalid("is missing: this service has no default profile"))?,
        };
        Ok(FoundProfile {
            name: name.clone(),
            profile: profile.clone(),
        })
    }
}

/// The profile of a request, usable or not. Only a caller who may use it learns that it is wrong.
pub(super) struct FoundProfile<F> {
    /// Its name.
    pub name: String,
    profile: Result<Arc<Profile<F>>, String>,
}

impl<F> FoundProfile<F> {
    /// The profile, if it is usable.
    pub(super) fn usable(&self) -> Option<&Profile<F>> {
        self.profile.as_deref().ok()
    }

    /// The profile.
    ///
    /// # Errors
    /// [`Code::SecretUnavailable`] if it is wrong.
    pub(super) fn get(&self) -> Result<&Profile<F>, Problem> {
        let profile = self.profile.as_deref();
        profile.map_err(|reason| unavailable(reason.clone()))
    }
}

/// The only profile there is.
fn only<T>(profiles: &BTreeMap<String, T>) -> Option<(&String, &T)> {
    profiles.first_key_value().filter(|_| profiles.len() == 1)
}

/// Checks the text of a secret with profiles.
///
/// # Errors
/// The reason for each profile that is wrong, with names and JSON pointers but no values; one reason
/// if the text is not a JSON object.
pub fn check_profiles<F: ProfileFormat>(secret: &str) -> Result<Vec<String>, Vec<String>> {
    check_object(secret).map_err(|reason| vec![reason.to_owned()])?;
    let (names, errors): (Vec<_>, Vec<_>) = read_all::<F>(secret)
        .into_iter()
        .map(|(name, profile)| (name, profile.err()))
        .unzip();
    let errors: Vec<_> = errors.into_iter().flatten().collect();
    if errors.is_empty() {
        Ok(names)
    } else {
        Err(errors)
    }
}

/// Checks that a secret is one JSON object, whatever its profiles are.
///
/// # Errors
/// The reason.
pub(super) fn check_object(secret: &str) -> Result<(), &'static str> {
    json::member_texts(secret)
        .map(drop)
        .map_err(|_| "the secret is not a JSON object, or has a repeated member")
}

fn read_all<F: ProfileFormat>(secret: &str) -> ProfileSet<F> {
    let members = json::member_texts(secret).unwrap_or_default();
    let profiles = members.into_iter().map(|(name, text)| {
        let profile = read_one(&name, text.get()).map(Arc::new);
        if let Err(reason) = &profile {
            tracing::warn!(reason, "a profile is wrong");
        }
        (name, profile)
    });
    profiles.collect()
}

/// Reads one profile. `text` is the configuration as the secret has it.
///
/// # Errors
/// The log's reason, with names and JSON pointers but no values.
fn read_one<F: ProfileFormat>(name: &str, text: &str) -> Result<Profile<F>, String> {
    if !is_profile_name(name) {
        let name = json::shortened(name);
        return Err(format!(
            "the profile {name:?} has a name other than {PROFILE_NAMES}"
        ));
    }
    let configuration = json::strict(text.as_bytes())
        .map_err(|error| format!("the profile {name} is wrong: {error}"))?;
    let Some(members) = configuration.as_object() else {
        return Err(format!("the profile {name} is not a JSON object"));
    };
    let content = F::read(members).map_err(|pointers| {
        let pointers = pointers.join(", ");
        format!("the profile {name} is wrong or has unknown members at {pointers}")
    })?;
    let hash = digest::digest(&digest::SHA256, configuration.to_string().as_bytes());
    Ok(Profile {
        name: name.to_owned(),
        version: format!("{name} {}", URL_SAFE_NO_PAD.encode(hash)),
        content: content.with_text(text),
    })
}

fn invalid(message: &'static str) -> Problem {
    Problem::invalid(vec![FieldError::new("profile", message)])
}

fn unavailable(reason: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    let detail = "The service cannot use this profile at the moment. The service's operator finds the cause in the log.";
    Problem::new(Code::SecretUnavailable, detail)
        .with_reason(reason)
        .retry_after(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value};

    struct Text(String);

    impl ProfileFormat for Text {
        const LOCKED: bool = true;

        fn read(_members: &Map<String, Value>) -> Result<Self, Vec<String>> {
            Ok(Self(String::new()))
        }

        fn with_text(self, text: &str) -> Self {
            Self(text.to_owned())
        }
    }

    #[test]
    fn a_profile_can_keep_its_text() {
        let text =
            r#"{ "z": 0.10, "a": 123456789012345678901234567890, "t": "\u00e4\/", "e": 1e2 }"#;
        let profiles = read_all::<Text>(&format!(r#"{{"\u0061": {text}, "b": 7}}"#));
        let kept = |name: &str| profiles.get(name).unwrap().as_ref().ok();
        assert_eq!(kept("a").unwrap().content.0, text);
        assert!(kept("b").is_none());
    }

    #[test]
    fn a_profile_that_cannot_be_read_leaves_the_others() {
        let deep = "[".repeat(1000) + &"]".repeat(1000);
        for (wrong, reason) in [
            (r#"{"a": 1e999}"#, "out of range"),
            (r#"{"a": "\ud800"}"#, "this is not JSON"),
            (&format!(r#"{{"a": {deep}}}"#), "nested too deeply"),
            (
                r#"{"a": [{"b": 1, "b": 2}]}"#,
                "the member /a/0/b is repeated",
            ),
            ("7", "is not a JSON object"),
        ] {
            let secret = format!(r#"{{"wrong": {wrong}, "right": {{"a": 1}}}}"#);
            let profiles = read_all::<Text>(&secret);
            assert!(profiles.get("right").unwrap().is_ok(), "{wrong}");
            let given = profiles.get("wrong").unwrap().as_ref().err().unwrap();
            assert!(
                given.contains("the profile wrong ") && given.contains(reason),
                "{given}"
            );
            assert_eq!(check_profiles::<Text>(&secret), Err(vec![given.clone()]));
            assert_eq!(check_object(&secret), Ok(()));
        }
    }
}
