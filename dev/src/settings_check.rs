//! Checks the settings given by `--set` and by the environment. It reports all errors in one
//! message.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::{fs, path};

use voicemint::internals::{LevelFilter, log};
use voicemint::settings::{Reader, SettingsError};

use crate::cli::Arguments;
use crate::cli::values::Setting;
use crate::providers::{PROVIDERS, ProviderEntry, Variables};

/// The variable that names a file of additional trusted authorities.
pub const AUTHORITIES: &str = "SSL_CERT_FILE";

/// Reads `LOG_LEVEL`: all functions share one log.
///
/// # Errors
/// The requirement that the value does not meet.
pub fn log_level(arguments: &Arguments) -> Result<LevelFilter, SettingsError> {
    let general = |name: &str| arguments.setting("", name).map(str::to_owned);
    let mut reader = Reader::new(&general);
    let level = log::level(&mut reader);
    reader.finish(level)
}

/// The file of additional authorities that the environment names. The file of the local authority
/// is ignored: the variable names it for clients in the same shell, but real providers do not use
/// it.
pub fn authorities(arguments: &Arguments, variables: Variables) -> Option<String> {
    let named = variables(AUTHORITIES)?;
    let (own, _) = arguments.ca_file(&variables);
    let is_own = match (fs::canonicalize(&named), fs::canonicalize(&own)) {
        (Ok(named), Ok(own)) => named == own,
        // At the first start the file does not exist yet.
        _ => path::absolute(&named).ok() == path::absolute(&own).ok(),
    };
    (!is_own).then_some(named)
}

/// The error for real API keys that other machines could use without `--share-real-keys`.
fn shared_keys_error(arguments: &Arguments, variables: Variables) -> Option<String> {
    let flags = arguments.exposing_flags();
    let keys: Vec<_> = PROVIDERS
        .iter()
        .flat_map(ProviderEntry::key_variables)
        .filter(|name| variables(name).is_some())
        .collect();
    if flags.is_empty() || keys.is_empty() || arguments.share_real_keys {
        return None;
    }
    Some(format!(
        "with {} anyone who can reach this machine could sign in and mint with the real API key in {}: unset it, or \
         add --share-real-keys to allow this",
        flags.join(" and "),
        keys.join(" and ")
    ))
}

/// The errors for API keys that are blank or in quotation marks, as shells and files of variables
/// can leave them.
fn malformed_key_errors(variables: Variables) -> Vec<String> {
    let error = |variable: String| {
        let key = variables(&variable)?;
        let key = key.trim();
        if key.is_empty() {
            return Some(format!(
                "{variable} is blank: set it to the API key, or unset it to use the stand-in"
            ));
        }
        key.contains(['"', '\'']).then(|| {
            format!("{variable} contains quotation marks: set it to the API key without them")
        })
    };
    let names = PROVIDERS.iter().flat_map(ProviderEntry::key_variables);
    names.filter_map(error).collect()
}

/// The errors for providers with several keys of which only some are set.
fn missing_key_errors(variables: Variables) -> Vec<String> {
    let error = |provider: &ProviderEntry| {
        let (set, missing): (Vec<_>, Vec<_>) = provider
            .key_variables()
            .into_iter()
            .partition(|name| variables(name).is_some());
        (!set.is_empty() && !missing.is_empty()).then(|| {
            format!(
                "{} is set, but {} is not: set all of them, or none to use the stand-in",
                set.join(" and "),
                missing.join(" and ")
            )
        })
    };
    PROVIDERS.iter().filter_map(error).collect()
}

/// Collects the errors in the settings of all functions.
#[derive(Debug, Default)]
pub struct SettingsCheck {
    functions: Vec<&'static str>,
    /// The settings that each function looked up.
    lookups: RefCell<BTreeSet<(&'static str, String)>>,
    /// The errors, each with the functions that have it; without functions if it concerns all.
    errors: Vec<(String, Vec<&'static str>)>,
}

impl SettingsCheck {
    /// Starts with the errors in settings that no function reads.
    pub fn new(arguments: &Arguments, variables: Variables) -> Self {
        let log_level_errors = log_level(arguments)
            .err()
            .map(|error| error.errors().to_vec())
            .unwrap_or_default();
        let errors = shared_keys_error(arguments, variables)
            .into_iter()
            .chain(malformed_key_errors(variables))
            .chain(missing_key_errors(variables))
            .chain(log_level_errors)
            .map(|error| (error, Vec::new()))
            .collect();
        Self {
            functions: Vec::new(),
            lookups: RefCell::new(BTreeSet::from([("", "LOG_LEVEL".to_owned())])),
            errors,
        }
    }

    /// Records that a provider's function looked up a setting.
    pub fn record_lookup(&self, provider: &'static str, name: &str) {
        self.lookups
            .borrow_mut()
            .insert((provider, name.to_owned()));
    }

    /// Records the errors in the profiles of one function.
    pub fn profile_errors(&mut self, provider: &'static str, errors: Vec<String>) {
        let errors = errors
            .into_iter()
            .map(|error| format!("--profiles: {error}"));
        self.errors
            .extend(errors.map(|error| (error, vec![provider])));
    }

    /// The settings that all functions share; `None` if they have errors.
    pub fn accept_general<T>(&mut self, read: Result<T, SettingsError>) -> Option<T> {
        let error = match read {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let errors = error.errors().iter();
        self.errors
            .extend(errors.map(|error| (error.clone(), Vec::new())));
        None
    }

    /// The settings of one function; `None` if they have errors.
    pub fn accept<T>(
        &mut self,
        provider: &'static str,
        read: Result<T, SettingsError>,
    ) -> Option<T> {
        self.functions.push(provider);
        let error = match read {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        for error in error.errors() {
            match self.errors.iter_mut().find(|(known, _)| known == error) {
                Some((_, functions)) if functions.contains(&provider) => {}
                Some((_, functions)) => functions.push(provider),
                None => self.errors.push((error.clone(), vec![provider])),
            }
        }
        None
    }

    /// Ends the check. `read` holds the settings of all functions.
    ///
    /// # Errors
    /// All errors, in one message.
    pub fn finish<T>(self, arguments: &Arguments, read: Option<T>) -> Result<T, String> {
        let mut messages: Vec<_> = self
            .errors
            .iter()
            .map(|(error, functions)| self.describe(error, functions))
            .collect();
        let mut unknown: Vec<_> = arguments
            .set
            .iter()
            .filter(|setting| !self.is_known(setting))
            .collect();
        if !self.errors.is_empty() {
            // Which of these are looked up depends on the settings that have errors.
            unknown.retain(|setting| !setting.name.starts_with("SESSION_"));
        }
        if !unknown.is_empty() {
            messages.extend(unknown.into_iter().map(unknown_setting));
            messages.push("docs/settings.md lists them".to_owned());
        }
        match read {
            Some(read) if messages.is_empty() => Ok(read),
            _ => Err(messages.join("; ")),
        }
    }

    fn describe(&self, error: &str, functions: &[&str]) -> String {
        if functions.is_empty() || functions.len() == self.functions.len() {
            return error.to_owned();
        }
        format!("{}: {error}", functions.join(", "))
    }

    fn is_known(&self, setting: &Setting) -> bool {
        let applies = |provider: &str| {
            setting
                .provider
                .as_deref()
                .is_none_or(|named| named == provider)
        };
        self.lookups
            .borrow()
            .iter()
            .any(|(provider, name)| *name == setting.name && applies(provider))
    }
}

fn unknown_setting(Setting { provider, name, .. }: &Setting) -> String {
    match provider {
        Some(provider) => {
            format!("--set {provider}:{name}: {provider} has no setting of this name")
        }
        None => format!("--set {name}: the functions have no setting of this name"),
    }
}
