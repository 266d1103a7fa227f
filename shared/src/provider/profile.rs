//! Profiles: named session configurations that belong to the deployment. A caller names a profile
//! and learns nothing about its content.

use std::fmt;

use serde_json::{Map, Value};

use crate::json::pointer;

/// How a provider reads a profile.
pub trait ProfileFormat: Sized + Send + Sync + 'static {
    /// Whether the provider has profiles.
    const IS_USED: bool = true;
    /// Whether the provider itself holds a session to the profile of its token.
    const LOCKED: bool;
    /// Whether the query of a `POST` may name a profile too, for clients with a fixed body.
    const IN_QUERY: bool = false;

    /// Reads and checks a profile.
    ///
    /// # Errors
    /// The JSON pointer of every member that is wrong.
    fn read(members: &Map<String, Value>) -> Result<Self, Vec<String>>;

    /// Keeps the JSON text of the profile as the secret has it. A provider that passes a profile on
    /// overrides it: no parsed value has the order of the members and every digit of a number.
    #[must_use]
    fn with_text(self, _text: &str) -> Self {
        self
    }
}

/// What a profile's name consists of, for messages.
pub(crate) const PROFILE_NAMES: &str = "1 to 64 of a-z 0-9 _ -, beginning with a-z or 0-9";

/// Whether a text is a profile's name: `[a-z0-9][a-z0-9_-]{0,63}`.
pub fn is_profile_name(text: &str) -> bool {
    let is_start = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_inner = |byte: u8| is_start(&byte) || byte == b'_' || byte == b'-';
    text.len() <= 64 && text.as_bytes().first().is_some_and(is_start) && text.bytes().all(is_inner)
}

/// The profile of a provider that has none.
#[derive(Clone, Copy, Debug)]
pub enum NoProfile {}

impl ProfileFormat for NoProfile {
    const IS_USED: bool = false;
    const LOCKED: bool = false;

    fn read(_members: &Map<String, Value>) -> Result<Self, Vec<String>> {
        Err(Vec::new())
    }
}

/// Reads the members of a profile, and collects the JSON pointers (RFC 6901) of wrong ones. `Debug`
/// does not show the profile.
pub struct ProfileReader<'a> {
    members: &'a Map<String, Value>,
    known: Vec<&'static str>,
    wrong: Vec<String>,
}

impl<'a> ProfileReader<'a> {
    /// A reader of a profile.
    pub fn new(members: &'a Map<String, Value>) -> Self {
        Self {
            members,
            known: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// A text that must be present and not empty.
    pub fn required_text(&mut self, name: &'static str) -> &'a str {
        if !self.members.contains_key(name) {
            self.wrong(pointer(name));
        }
        self.text(name).unwrap_or_default()
    }

    /// A text. An empty one is wrong.
    pub fn text(&mut self, name: &'static str) -> Option<&'a str> {
        self.read(name, |value| value.as_str().filter(|text| !text.is_empty()))
    }

    /// True or false.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        self.read(name, Value::as_bool)
    }

    /// An object.
    pub fn object(&mut self, name: &'static str) -> Option<&'a Map<String, Value>> {
        self.read(name, Value::as_object)
    }

    /// Reads an object. Members that `read` does not read are wrong.
    pub fn nested<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut ProfileReader<'a>) -> T,
    ) -> Option<T> {
        let mut inner = ProfileReader::new(self.object(name)?);
        let value = read(&mut inner);
        if let Err(pointers) = inner.finish(()) {
            let outer = pointer(name);
            let pointers = pointers.into_iter().map(|inner| format!("{outer}{inner}"));
            self.wrong.extend(pointers);
        }
        Some(value)
    }

    /// Reports that the value at a JSON pointer is wrong.
    pub fn wrong(&mut self, pointer: impl Into<String>) {
        self.wrong.push(pointer.into());
    }

    /// Completes the checks. Members that were not read are wrong.
    ///
    /// # Errors
    /// The JSON pointer of every member that is wrong.
    pub fn finish<T>(mut self, profile: T) -> Result<T, Vec<String>> {
        let unknown = self
            .members
            .keys()
            .filter(|name| !self.known.contains(&name.as_str()));
        self.wrong.extend(unknown.map(|name| pointer(name)));
        self.finish_open(profile)
    }

    /// Completes the checks. Members that were not read belong to the provider.
    ///
    /// # Errors
    /// The JSON pointer of every member that is wrong.
    pub fn finish_open<T>(self, profile: T) -> Result<T, Vec<String>> {
        if self.wrong.is_empty() {
            Ok(profile)
        } else {
            Err(self.wrong)
        }
    }

    fn read<T>(&mut self, name: &'static str, as_type: fn(&'a Value) -> Option<T>) -> Option<T> {
        self.known.push(name);
        let value = self.members.get(name)?;
        let read = as_type(value);
        if read.is_none() {
            self.wrong(pointer(name));
        }
        read
    }
}

impl fmt::Debug for ProfileReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProfileReader")
            .field("wrong", &self.wrong)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrong_members_are_reported_by_their_pointers() {
        let profile =
            json!({"room": 7, "agent": "", "may": "yes", "o": [], "n": {"a/b": 1}, "a/b~c": 1});
        let mut reader = ProfileReader::new(profile.as_object().unwrap());
        reader.required_text("room");
        reader.required_text("absent");
        reader.text("agent");
        reader.boolean("may");
        reader.object("o");
        reader.nested("n", |inner| inner.text("known"));
        reader.wrong("/deep/er");
        let wrong = reader.finish(()).unwrap_err();
        assert_eq!(
            wrong,
            [
                "/room", "/absent", "/agent", "/may", "/o", "/n/a~1b", "/deep/er", "/a~1b~0c"
            ]
        );
    }

    #[test]
    fn debug_output_does_not_contain_the_profile() {
        let profile = json!({"prompt": "be kind"});
        let reader = ProfileReader::new(profile.as_object().unwrap());
        assert!(!format!("{reader:?}").contains("be kind"));
    }

    #[test]
    fn a_name_is_short_and_lower_case() {
        for name in ["a", "0", "a-b_c", &"x".repeat(64)] {
            assert!(is_profile_name(name), "{name}");
        }
        for name in ["", "-a", "_a", "A", "a.b", "ä", "a b", &"x".repeat(65)] {
            assert!(!is_profile_name(name), "{name}");
        }
    }

    #[test]
    fn further_members_may_belong_to_the_provider() {
        let profile = json!({"model": "m-1", "tools": []});
        let read = || {
            let mut reader = ProfileReader::new(profile.as_object().unwrap());
            (reader.required_text("model"), reader)
        };
        let (model, reader) = read();
        assert_eq!(reader.finish_open(model), Ok("m-1"));
        assert_eq!(read().1.finish(()), Err(vec!["/tools".to_owned()]));
    }
}
