//! Building a broker from its settings.

use std::sync::Arc;
use std::time::Duration;

use super::Broker;
use super::profiles::{Profiles, check_object};
use crate::clock::Clock;
use crate::endpoint::origin::Origins;
use crate::limit::Limiter;
use crate::limit::settings::Limits;
use crate::limit::table::Table;
use crate::provider::profile::{PROFILE_NAMES, ProfileFormat, is_profile_name};
use crate::provider::subject::SubjectReference;
use crate::provider::{Provider, cookie_name};
use crate::secret::format::SecretFormat;
use crate::secret::{SecretCache, SecretField, SecretStore};
use crate::session::settings::{SessionSettings, grants_claim};
use crate::session::verifier::Verifier;
use crate::settings::{Environment, Reader, SettingsError};
use crate::transport::Transport;

impl<P: Provider> Broker<P> {
    /// Reads all settings and builds the broker. Secrets come from `store`, and `table` holds the
    /// counts of the limits.
    ///
    /// # Errors
    /// Every error in the settings, at once.
    pub fn from_settings(
        environment: &dyn Environment,
        store: Arc<dyn SecretStore>,
        table: Arc<dyn Table>,
        transport: Transport,
        clock: Clock,
    ) -> Result<Self, SettingsError> {
        let mut reader = Reader::new(environment);
        let provider = P::from_settings(&mut reader);
        let subject_reference = SubjectReference::from_settings(&mut reader, P::SUBJECT);
        let origins = Origins::from_settings(&mut reader);
        let session = SessionSettings::from_settings(&mut reader);
        let (secret_id, field) = secret(&mut reader, P::SECRET);
        let profiles = profiles::<P>(&mut reader);
        refuse_unused_settings(&mut reader, P::NAME);
        let fresh_for = reader
            .whole_number("SECRET_CACHE_SECONDS", 0..=86_400, "seconds")
            .unwrap_or(300);
        let fresh_for = Duration::from_secs(fresh_for.into());
        let grants_claim = grants_claim(&mut reader);
        let limits = Limits::from_settings(&mut reader);
        let session = reader.finish(session)?;
        let session_cookies = session.cookies.clone();
        let verifier = Verifier::new(
            session,
            transport.clone(),
            Arc::clone(&store),
            fresh_for,
            clock.clone(),
        );
        let cache =
            |id, field| SecretCache::new(Arc::clone(&store), id, field, fresh_for, clock.clone());
        let profiles = profiles.map(|(id, default)| {
            Profiles::new(cache(id, SecretField::Text(check_object)), default)
        });
        let secret = cache(secret_id, field);
        let limiter = limits.map(|limits| Limiter::new(limits, table, clock.clone()));
        Ok(Self {
            provider,
            cookie: cookie_name(P::NAME),
            subject_reference,
            profiles,
            role: None,
            origins,
            session_cookies,
            grants_claim,
            verifier,
            secret,
            limiter,
            transport,
            clock,
        })
    }
}

/// Settings that only some providers have. Elsewhere they are an error, as they would have no effect.
const SOME_PROVIDERS_SETTINGS: [&str; 6] = [
    "AGENT_BASE_URL",
    "SINGLE_USE",
    "SUBJECT_REFERENCE",
    "PROFILES_SECRET_ID",
    "DEFAULT_PROFILE",
    "SEALING_SECRET_ID",
];

fn refuse_unused_settings(reader: &mut Reader, provider: &str) {
    for name in SOME_PROVIDERS_SETTINGS {
        if !reader.has_read(name) && reader.optional(name).is_some() {
            reader.error(
                name,
                format_args!("has no effect on {provider}: do not set it"),
            );
        }
    }
}

/// The name of the secret, and which part of it is the key.
fn secret(reader: &mut Reader, format: SecretFormat) -> (String, SecretField) {
    const ID: &str = "API_KEY_SECRET_ID";
    const FIELD: &str = "API_KEY_JSON_FIELD";
    match format {
        SecretFormat::Key => {
            let id = reader.required(
                ID,
                "the name or ARN of the provider's key in Secrets Manager",
            );
            let field = reader.optional(FIELD);
            let field = field.unwrap_or_else(|| "api_key".to_owned());
            (id, SecretField::Field(field))
        }
        SecretFormat::Values(names) => {
            let members = names.join(" and ");
            let meaning = format!(
                "the name or ARN of a secret in Secrets Manager, a JSON object with {members}"
            );
            // API_KEY_JSON_FIELD is not looked at: a deployment sets it for all of its functions.
            let id = reader.required(ID, &meaning);
            (id, SecretField::Values(names))
        }
        SecretFormat::Sealing => {
            let meaning = "the name or ARN of a secret of at least 32 bytes in Secrets Manager, which seals cookies";
            let id = reader.required("SEALING_SECRET_ID", meaning);
            if reader.optional(ID).is_some() {
                reader.error(ID, "has no effect: the provider has no key");
            }
            (id, SecretField::Text(check_sealing_secret))
        }
    }
}

fn check_sealing_secret(text: &str) -> Result<(), &'static str> {
    if text.len() < 32 {
        return Err("the secret of SEALING_SECRET_ID has fewer than 32 bytes");
    }
    Ok(())
}

/// The name of the secret with the profiles, and the name of the default profile.
fn profiles<P: Provider>(reader: &mut Reader) -> Option<(String, Option<String>)> {
    if !P::Profile::IS_USED {
        return None;
    }
    let id = reader.required(
        "PROFILES_SECRET_ID",
        "the name or ARN of a secret in Secrets Manager, a JSON object with the profiles by name",
    );
    let default = reader.optional("DEFAULT_PROFILE");
    if default
        .as_deref()
        .is_some_and(|name| !is_profile_name(name))
    {
        reader.error(
            "DEFAULT_PROFILE",
            format_args!("must be the name of a profile: {PROFILE_NAMES}"),
        );
    }
    Some((id, default))
}
