//! Reading the settings, once, at start.
//!
//! All errors are collected and reported in one message that names each variable. Values are never
//! repeated: a key that was pasted into the wrong variable must not appear in a log.

mod base_url;
mod urls;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use url::Url;

pub use base_url::BaseUrl;
pub use urls::{callable_url, is_local};

/// Where settings come from: the process's environment, or a literal such as
/// `[("LOG_LEVEL", "debug")]` in tests.
pub trait Environment {
    /// The value of a variable, if it is set.
    fn var(&self, name: &str) -> Option<String>;

    /// The URL that responses have instead of the base URL of this variable, if it is another one.
    fn public_url(&self, _name: &str) -> Option<String> {
        None
    }
}

/// The process's own environment.
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[allow(
        clippy::disallowed_methods,
        reason = "nothing else reads the process's environment"
    )]
    fn var(&self, name: &str) -> Option<String> {
        // A value that is not UTF-8 must not count as not set. It becomes one that no setting
        // accepts.
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }
}

impl<F: Fn(&str) -> Option<String>> Environment for F {
    fn var(&self, name: &str) -> Option<String> {
        self(name)
    }
}

impl Environment for &[(&str, &str)] {
    fn var(&self, name: &str) -> Option<String> {
        let (_, value) = self.iter().find(|(known, _)| *known == name)?;
        Some((*value).to_owned())
    }
}

impl<const N: usize> Environment for [(&str, &str); N] {
    fn var(&self, name: &str) -> Option<String> {
        self.as_slice().var(name)
    }
}

/// Reads variables and collects their errors. An empty variable counts as not set.
pub struct Reader<'a> {
    environment: &'a dyn Environment,
    read: RefCell<BTreeSet<String>>,
    errors: Vec<String>,
}

impl<'a> Reader<'a> {
    /// A reader of an environment.
    pub fn new(environment: &'a dyn Environment) -> Self {
        Self {
            environment,
            read: RefCell::default(),
            errors: Vec::new(),
        }
    }

    /// Reports that a variable is wrong. `requirement` completes the sentence that begins with the
    /// variable's name, such as "must be a URL". An error that is reported twice is kept once.
    pub fn error(&mut self, name: &str, requirement: impl Display) {
        let error = format!("{name} {requirement}");
        if !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    /// A variable's value without surrounding white space.
    pub fn optional(&self, name: &str) -> Option<String> {
        self.read.borrow_mut().insert(name.to_owned());
        let value = self.environment.var(name)?;
        let value = value.trim();
        if value.is_empty() {
            return None;
        }
        Some(value.to_owned())
    }

    /// Whether a variable has been read, set or not.
    pub(crate) fn has_read(&self, name: &str) -> bool {
        self.read.borrow().contains(name)
    }

    /// A variable that must be set. If it is not, an empty text is returned, which is never used:
    /// [`Reader::finish`] fails.
    pub fn required(&mut self, name: &str, meaning: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.error(name, format_args!("is not set: it is {meaning}"));
            String::new()
        })
    }

    /// A comma-separated list, empty if the variable is not set. A list without entries, such as
    /// `,`, is an error: it may have been meant to restrict something.
    pub fn list(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.optional(name) else {
            return Vec::new();
        };
        let entries: Vec<_> = value
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .collect();
        if entries.is_empty() {
            self.error(name, "must have at least one entry or not be set");
        }
        entries.into_iter().map(str::to_owned).collect()
    }

    /// A comma-separated list of names from `known`, in the order of `known`.
    pub fn choices(
        &mut self,
        name: &str,
        known: &[&'static str],
        default: &[&'static str],
    ) -> Vec<&'static str> {
        let chosen = self.list(name);
        if chosen.is_empty() {
            return default.to_vec();
        }
        if chosen.iter().any(|entry| !known.contains(&entry.as_str())) {
            self.error(
                name,
                format_args!(
                    "must be a comma-separated list of names from {}",
                    known.join(", ")
                ),
            );
        }
        known
            .iter()
            .copied()
            .filter(|entry| chosen.iter().any(|chosen| chosen == entry))
            .collect()
    }

    /// A whole number within a range.
    pub fn whole_number(
        &mut self,
        name: &str,
        range: RangeInclusive<u32>,
        unit: &str,
    ) -> Option<u32> {
        let value = self.optional(name)?;
        let number = value.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (min, max) = (range.start(), range.end());
            self.error(
                name,
                format_args!("must be a whole number from {min} to {max} ({unit})"),
            );
        }
        number
    }

    /// True or false.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.optional(name)?;
        let boolean = value.parse().ok();
        if boolean.is_none() {
            self.error(name, "must be true or false");
        }
        boolean
    }

    /// A URL that may be called: `https`, or `http` on a loopback host or `host.docker.internal`.
    pub fn url(&mut self, name: &str) -> Option<Url> {
        let value = self.optional(name)?;
        match callable_url(&value) {
            Ok(url) => Some(url),
            Err(requirement) => {
                self.error(name, requirement);
                None
            }
        }
    }

    /// A URL to which paths are appended.
    pub fn base_url(&mut self, name: &str, default: &str) -> BaseUrl {
        let called = self.called_url(name, default);
        let url = BaseUrl::new(called);
        match self.environment.public_url(name) {
            Some(public) => url.with_public(public),
            None => url,
        }
    }

    /// A URL to which paths are appended, if it is set. `example` is a URL of the kind, for errors.
    pub fn optional_base_url(&mut self, name: &str, example: &str) -> Option<BaseUrl> {
        self.optional(name)?;
        Some(self.base_url(name, example))
    }

    /// The URL of the deployment's own host at a provider without a public one, to which paths are
    /// appended. It may be given as `wss`, as some providers show it.
    pub fn required_base_url(&mut self, name: &str, meaning: &str) -> BaseUrl {
        let value = self.required(name, meaning);
        let called = match value.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
            _ => value.clone(),
        };
        let url = match callable_url(&called) {
            Ok(url) => self.checked_base_url(name, "", url),
            Err(requirement) => {
                if !value.is_empty() {
                    self.error(name, format_args!("{requirement}, or the same with wss"));
                }
                called
            }
        };
        match self.environment.public_url(name) {
            Some(public) => BaseUrl::new(url).with_public(public),
            None => BaseUrl::new(url),
        }
    }

    fn called_url(&mut self, name: &str, default: &str) -> String {
        match self.url(name) {
            Some(url) => self.checked_base_url(name, default, url),
            None => default.to_owned(),
        }
    }

    /// Checks that paths can be appended to a URL.
    fn checked_base_url(&mut self, name: &str, default: &str, url: Url) -> String {
        if url.query().is_some() {
            self.error(
                name,
                "must not have a query: the function appends paths to it",
            );
        }
        if urls::has_misplaced_path(&url, default) {
            self.error(
                name,
                "must be a host such as https://api.example.com, or the path of a proxy: the function appends the version \
                 and the endpoint, so it must not end with /v1 or the like",
            );
        }
        url.into()
    }

    /// Returns what was read.
    ///
    /// # Errors
    /// Every error that was reported, in one message.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, SettingsError> {
        read.filter(|_| self.errors.is_empty())
            .ok_or(SettingsError(self.errors))
    }
}

/// Every error in the settings.
#[derive(Debug, thiserror::Error)]
#[error("the settings are wrong: {}", .0.join("; "))]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    /// The errors: each a variable's name and what it must be.
    pub fn errors(&self) -> &[String] {
        &self.0
    }

    /// The errors of both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}
