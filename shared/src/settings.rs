//! Reading settings: once, at start, through a trait, so that tests never touch the process's
//! environment.
//!
//! Whatever is wrong is collected, and reported in one message that names each variable. Values are
//! never echoed: a key pasted into the wrong variable must not end up in a log.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;

use url::Url;

/// Where settings come from.
pub trait Environment {
    /// The value of a variable, if it is set.
    fn var(&self, name: &str) -> Option<String>;
}

/// The process's own environment.
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the process's environment"
    )]
    fn var(&self, name: &str) -> Option<String> {
        // What is not UTF-8 must not pass for not set: it becomes a value that no setting accepts.
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }
}

impl<F: Fn(&str) -> Option<String>> Environment for F {
    fn var(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// Reads variables and gathers what is wrong with them. A variable that is empty counts as not set.
pub struct Reader<'a> {
    environment: &'a dyn Environment,
    errors: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Starts reading.
    pub fn new(environment: &'a dyn Environment) -> Self {
        Self {
            environment,
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
        let value = self.environment.var(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A variable that must be set. Where it is not, the empty text that comes back is never used.
    pub fn required(&mut self, name: &str, meaning: &str) -> String {
        self.optional(name).unwrap_or_else(|| {
            self.error(name, format_args!("is not set: it is {meaning}"));
            String::new()
        })
    }
    /// A comma-separated list; not set means empty. A list of nothing but commas is wrong: it may
    /// have been meant to restrict something.
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
            self.error(name, "must have at least one entry, or not be set");
        }
        entries.into_iter().map(str::to_owned).collect()
    }

    /// A comma-separated list of names out of `known`, in the order of `known`.
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
                format_args!("must be a comma-separated list out of {}", known.join(", ")),
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

    /// A URL to which paths are appended, as text without a slash at its end.
    pub fn base_url(&mut self, name: &str, default: &str) -> String {
        let Some(url) = self.url(name) else {
            return default.to_owned();
        };
        if url.query().is_some() {
            self.error(name, "must not have a query: paths are appended to it");
        }
        if has_misplaced_path(&url, default) {
            self.error(
                name,
                "must be the host alone, such as https://api.example.com, or a proxy's path before it: the function appends \
                 the version and the endpoint, so no /v1 or the like may end it",
            );
        }
        url.as_str().trim_end_matches('/').to_owned()
    }

    /// Ends the reading: what was read, if nothing was wrong.
    ///
    /// # Errors
    /// Everything that was wrong, in one message.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, SettingsError> {
        read.filter(|_| self.errors.is_empty())
            .ok_or(SettingsError(self.errors))
    }
}

/// Whether a base URL has what the function appends by itself: a version or an endpoint at its end,
/// or any path where it is the provider's own host.
fn has_misplaced_path(url: &Url, default: &str) -> bool {
    const ENDPOINTS: [&str; 6] = [
        "token",
        "access-token",
        "single-use-token",
        "tokens",
        "ws",
        "websocket",
    ];
    let is_version = |segment: &str| {
        segment
            .strip_prefix(['v', 'V'])
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    };
    let last = url
        .path_segments()
        .and_then(|mut segments| segments.rfind(|segment| !segment.is_empty()));
    let Some(last) = last else { return false };
    let own_host = Url::parse(default).is_ok_and(|default| default.host() == url.host());
    own_host || is_version(last) || ENDPOINTS.contains(&last)
}

/// Parses a URL that this function may call.
///
/// # Errors
/// A clause that says what it must be.
pub fn callable_url(value: &str) -> Result<Url, &'static str> {
    let url = Url::parse(value).map_err(|_| "must be a URL such as https://api.example.com")?;
    let secure = match url.scheme() {
        "https" => true,
        "http" => is_local(&url),
        _ => false,
    };
    if !secure || url.host_str().is_none_or(str::is_empty) {
        return Err(
            "must be an https URL (http only on localhost, loopback addresses and host.docker.internal)",
        );
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must not have a user, a password or a fragment");
    }
    Ok(url)
}

/// Whether a URL's host is this machine, or the machine that runs this container.
pub fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            name == "localhost" || name.ends_with(".localhost") || name == "host.docker.internal"
        }
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// All that is wrong with the settings.
#[derive(Debug)]
pub struct SettingsError(Vec<String>);

impl SettingsError {
    /// Every error: a variable's name and what it must be.
    pub fn errors(&self) -> &[String] {
        &self.0
    }

    /// Both in one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings are wrong: {}", self.0.join("; "))
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(variables: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn one_message_names_every_wrong_variable_and_no_value() {
        let environment = reading(&[
            ("COUNT", "sk_pasted_key"),
            ("URL", "http://example.com"),
            ("SET", "one,nine"),
        ]);
        let mut reader = Reader::new(&environment);
        reader.required("NEEDED", "the thing");
        reader.whole_number("COUNT", 1..=9, "s");
        reader.url("URL");
        reader.choices("SET", &["one", "two"], &[]);
        let message = reader.finish(Some(())).unwrap_err().to_string();
        for name in ["NEEDED", "COUNT", "URL", "SET"] {
            assert!(message.contains(name), "{message}");
        }
        assert!(!message.contains("sk_pasted_key"));
    }
    #[test]
    fn a_list_of_nothing_but_commas_is_wrong() {
        let environment = reading(&[("LIST", " , ,"), ("CHOICES", ","), ("GOOD", ",a,,b ")]);
        let mut reader = Reader::new(&environment);
        assert_eq!(reader.list("GOOD"), ["a", "b"]);
        assert_eq!(reader.list("ABSENT").len(), 0);
        reader.list("LIST");
        reader.choices("CHOICES", &["a"], &["a"]);
        let message = reader.finish(Some(())).unwrap_err().to_string();
        assert!(
            message.contains("LIST") && message.contains("CHOICES") && !message.contains("GOOD"),
            "{message}"
        );
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        let environment = reading(&[("COUNT", "  ")]);
        let mut reader = Reader::new(&environment);
        assert_eq!(reader.whole_number("COUNT", 1..=9, "s"), None);
        assert!(reader.finish(Some(())).is_ok());
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in [
            "https://a.example",
            "http://localhost:1",
            "http://127.9.0.1",
            "http://[::1]:2",
            "http://host.docker.internal",
        ] {
            assert!(callable_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example",
            "http://10.0.0.1",
            "ftp://localhost",
            "https://u:p@a.example",
            "https://a/#f",
            "x",
        ] {
            assert!(callable_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_base_url_has_nothing_that_the_function_appends() {
        let told = |url: &'static str| {
            let environment = move |name: &str| (name == "BASE").then(|| url.to_owned());
            let mut reader = Reader::new(&environment);
            reader.base_url("BASE", "https://api.b.example");
            reader.finish(Some(())).err().map(|error| error.to_string())
        };
        for good in [
            "https://api.b.example",
            "https://api.b.example/",
            "https://api.eu.b.example",
            "https://proxy.example/b",
            "https://proxy.example/v1/b",
            "http://localhost:8788/voice",
        ] {
            assert_eq!(told(good), None, "{good}");
        }
        for bad in [
            "https://api.b.example/v1",
            "https://api.b.example/v1/",
            "https://api.eu.b.example/v1",
            "https://api.eu.b.example/v3/token",
            "https://proxy.example/b/V2",
            "https://proxy.example/v1alpha",
            "https://api.b.example/access-token",
            "https://api.b.example/anything",
            "http://localhost:8788/v1//",
        ] {
            assert!(
                told(bad).is_some_and(|told| told.contains("BASE") && told.contains("/v1")),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_base_url_has_no_slash_at_its_end() {
        let environment = reading(&[("BASE", "https://a.example/proxy/")]);
        assert_eq!(
            Reader::new(&environment).base_url("BASE", "https://b.example"),
            "https://a.example/proxy"
        );
    }
}
