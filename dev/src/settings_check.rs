//! The settings of the functions: what `--set` gives, who asks for it, and all that is wrong, in
//! one message.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::{fs, path};

use voicemint::log::{self, LevelFilter};
use voicemint::settings::{Reader, SettingsError};

use crate::app::{PROVIDERS, RealKeys, key_variable};
use crate::cli::{Arguments, Setting};

/// The variable that names a file of further authorities to trust.
pub const AUTHORITIES: &str = "SSL_CERT_FILE";

/// Reads `LOG_LEVEL`: there is one log for all functions.
///
/// # Errors
/// What it must be.
pub fn log_level(arguments: &Arguments) -> Result<LevelFilter, SettingsError> {
    let general = |name: &str| arguments.setting("", name).map(str::to_owned);
    let mut reader = Reader::new(&general);
    let level = log::level(&mut reader);
    reader.finish(level)
}

/// The file of further authorities that the process's environment names: but not the one with the
/// local authority, to which this variable points for clients in the same shell, and which says
/// nothing about real providers.
pub fn authorities(arguments: &Arguments, environment: RealKeys) -> Option<String> {
    let named = environment(AUTHORITIES)?;
    let (own, _) = arguments.ca_file(&environment);
    let is_own = match (fs::canonicalize(&named), fs::canonicalize(&own)) {
        (Ok(named), Ok(own)) => named == own,
        // At the first start it is not there yet.
        _ => path::absolute(&named).ok() == path::absolute(&own).ok(),
    };
    (!is_own).then_some(named)
}

/// Refuses to serve real keys to others than this machine's own browser, unless that is meant.
fn shared_keys(arguments: &Arguments, environment: RealKeys) -> Option<String> {
    let flags = arguments.opening_flags();
    let variables: Vec<_> = PROVIDERS
        .map(key_variable)
        .into_iter()
        .filter(|name| environment(name).is_some())
        .collect();
    (!flags.is_empty() && !variables.is_empty() && !arguments.share_real_keys).then(|| {
        format!(
            "with {} anyone who reaches this machine could sign in and mint with the real key in {}: unset it, or add \
             --share-real-keys if that is meant",
            flags.join(" and "),
            variables.join(" and ")
        )
    })
}

/// Keys that no provider ever gave: shells and files of variables leave such ones behind.
fn spoilt_keys(environment: RealKeys) -> Vec<String> {
    let fault = |variable: String| {
        let key = environment(&variable)?;
        let key = key.trim();
        if key.is_empty() {
            return Some(format!(
                "{variable} is blank: give it the key, or unset it to have the stand-in"
            ));
        }
        key.contains(['"', '\''])
            .then(|| format!("{variable} has quotation marks in its value: give it the key alone"))
    };
    PROVIDERS
        .map(key_variable)
        .into_iter()
        .filter_map(fault)
        .collect()
}

/// What the functions make of their settings.
#[derive(Default)]
pub struct Check {
    functions: Vec<&'static str>,
    /// Who asked for which setting.
    asked: RefCell<BTreeSet<(&'static str, String)>>,
    /// What is wrong, and for which functions; for none, where it is about all that runs here.
    faults: Vec<(String, Vec<&'static str>)>,
}

impl Check {
    /// Starts with what no function reads.
    pub fn new(arguments: &Arguments, environment: RealKeys) -> Self {
        let faults = log_level(arguments)
            .err()
            .map(|error| error.errors().to_vec())
            .unwrap_or_default();
        let asked = BTreeSet::from([("", "LOG_LEVEL".to_owned())]);
        let faults = shared_keys(arguments, environment)
            .into_iter()
            .chain(spoilt_keys(environment))
            .chain(faults);
        let faults = faults.map(|fault| (fault, Vec::new())).collect();
        Self {
            functions: Vec::new(),
            asked: RefCell::new(asked),
            faults,
        }
    }

    /// Notes that a provider's function asked for a setting.
    pub fn asks(&self, provider: &'static str, name: &str) {
        self.asked.borrow_mut().insert((provider, name.to_owned()));
    }

    /// What was read for all that runs here, if nothing was wrong.
    pub fn general<T>(&mut self, read: Result<T, SettingsError>) -> Option<T> {
        let faults = read
            .as_ref()
            .err()
            .into_iter()
            .flat_map(SettingsError::errors);
        self.faults
            .extend(faults.map(|fault| (fault.clone(), Vec::new())));
        read.ok()
    }

    /// What a function read, if nothing was wrong.
    pub fn take<T>(&mut self, provider: &'static str, read: Result<T, SettingsError>) -> Option<T> {
        self.functions.push(provider);
        let error = match read {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        for fault in error.errors() {
            match self.faults.iter_mut().find(|(known, _)| known == fault) {
                Some((_, whose)) if whose.contains(&provider) => {}
                Some((_, whose)) => whose.push(provider),
                None => self.faults.push((fault.clone(), vec![provider])),
            }
        }
        None
    }

    /// Ends the check: what was read, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was wrong, in one message.
    pub fn finish<T>(self, arguments: &Arguments, read: Option<T>) -> Result<T, String> {
        let mut words: Vec<_> = self
            .faults
            .iter()
            .map(|(fault, whose)| self.told(fault, whose))
            .collect();
        let mut strays: Vec<_> = arguments
            .set
            .iter()
            .filter(|setting| !self.is_known(setting))
            .collect();
        if !self.faults.is_empty() {
            // Which of these are asked for depends on those that are wrong.
            strays.retain(|setting| !setting.name.starts_with("SESSION_"));
        }
        if !strays.is_empty() {
            words.extend(strays.into_iter().map(stray));
            words.push("docs/settings.md lists them".to_owned());
        }
        read.filter(|_| words.is_empty())
            .ok_or_else(|| words.join("; "))
    }

    fn told(&self, fault: &str, whose: &[&str]) -> String {
        if whose.is_empty() || whose.len() == self.functions.len() {
            return fault.to_owned();
        }
        format!("{}: {fault}", whose.join(", "))
    }

    fn is_known(&self, setting: &Setting) -> bool {
        let fits = |provider: &str| {
            setting
                .provider
                .as_deref()
                .is_none_or(|named| named == provider)
        };
        self.asked
            .borrow()
            .iter()
            .any(|(provider, name)| *name == setting.name && fits(provider))
    }
}

fn stray(Setting { provider, name, .. }: &Setting) -> String {
    match provider {
        Some(provider) => {
            format!("--set {provider}:{name}: {provider} has no such setting of its own")
        }
        None => format!("--set {name}: the functions have no such setting"),
    }
}
