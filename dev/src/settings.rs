//! The settings of the functions: what `--set` gives, who asks for it, and all that is wrong, in one message.

use std::cell::RefCell;
use std::collections::BTreeSet;

use voicemint::log::{self, LevelFilter};
use voicemint::settings::{Reader, SettingsError};

use crate::arguments::{Arguments, Setting};

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
    pub fn new(arguments: &Arguments) -> Self {
        let faults = log_level(arguments).err().map(|error| error.faults().to_vec()).unwrap_or_default();
        let asked = BTreeSet::from([("", "LOG_LEVEL".to_owned())]);
        let faults = faults.into_iter().map(|fault| (fault, Vec::new())).collect();
        Self { functions: Vec::new(), asked: RefCell::new(asked), faults }
    }

    /// Notes that a provider's function asked for a setting.
    pub fn asks(&self, provider: &'static str, name: &str) {
        self.asked.borrow_mut().insert((provider, name.to_owned()));
    }

    /// What a function read, if nothing was wrong.
    pub fn take<T>(&mut self, provider: &'static str, read: Result<T, SettingsError>) -> Option<T> {
        self.functions.push(provider);
        let error = match read {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        for fault in error.faults() {
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
        let mut words: Vec<_> = self.faults.iter().map(|(fault, whose)| self.told(fault, whose)).collect();
        let mut strays: Vec<_> = arguments.set.iter().filter(|setting| !self.is_known(setting)).collect();
        if !self.faults.is_empty() {
            // Which of these are asked for depends on those that are wrong.
            strays.retain(|setting| !setting.name.starts_with("SESSION_"));
        }
        if !strays.is_empty() {
            words.extend(strays.into_iter().map(stray));
            words.push("README.md lists them".to_owned());
        }
        read.filter(|_| words.is_empty()).ok_or_else(|| words.join("; "))
    }

    fn told(&self, fault: &str, whose: &[&str]) -> String {
        if whose.is_empty() || whose.len() == self.functions.len() {
            return fault.to_owned();
        }
        format!("{}: {fault}", whose.join(", "))
    }

    fn is_known(&self, setting: &Setting) -> bool {
        let fits = |provider: &str| setting.provider.as_deref().is_none_or(|named| named == provider);
        self.asked.borrow().iter().any(|(provider, name)| *name == setting.name && fits(provider))
    }
}

fn stray(Setting { provider, name, .. }: &Setting) -> String {
    match provider {
        Some(provider) => format!("--set {provider}:{name}: {provider} has no such setting of its own"),
        None => format!("--set {name}: the functions have no such setting"),
    }
}
