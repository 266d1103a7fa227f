//! Which part of a secret's text is the key.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use crate::json::{self, Members};
use crate::secret::api_key::ApiKey;
use crate::secret::store::SecretValue;

/// The part of a secret's text that is the key.
#[derive(Clone, Debug)]
pub enum SecretField {
    /// The named member of a JSON object, else the whole text.
    Field(String),
    /// These members of a JSON object, all of which must be keys.
    Values(&'static [&'static str]),
    /// The whole text, if it is usable.
    Text(Usable),
    /// The only member of a JSON object, else the whole text, if it is usable.
    Only(Usable),
    /// The whole text, if it is usable: a secret of sessions.
    Whole(Usable),
}

/// Checks that a session secret is one that its kind can use. The error is a clause for the log. An
/// unusable secret counts as missing.
pub(super) type Usable = fn(&str) -> Result<(), &'static str>;

/// Quotation marks of shells, env files and JSON. No key contains them.
const QUOTES: [char; 3] = ['"', '\'', '`'];

impl SecretField {
    /// How long a version is used while the store is unavailable, if not without end. Anyone who
    /// has an old session secret can forge sessions. An old API key gives no access to this
    /// service.
    pub(super) fn max_age(&self) -> Option<Duration> {
        match self {
            Self::Field(_) | Self::Values(_) | Self::Text(_) => None,
            Self::Only(_) | Self::Whole(_) => Some(Duration::from_secs(3600)),
        }
    }

    pub(super) fn extract(&self, value: &SecretValue) -> Result<ApiKey, Cow<'static, str>> {
        let text = value.expose();
        let key = match self {
            Self::Text(usable) | Self::Whole(usable) => {
                usable(text)?;
                text.to_owned()
            }
            Self::Values(names) => return values(text, names, value.version()),
            // Every byte of a session secret counts.
            Self::Only(usable) => {
                let key = member_or_all(
                    text,
                    |members| members.values().next().filter(|_| members.len() == 1),
                    "the secret is a JSON object, but not one with a single text member",
                )?;
                usable(&key)?;
                key
            }
            // An API key is sent in a header. A line break at its end is a typical mistake.
            Self::Field(name) => {
                let error =
                    "the secret is a JSON object whose member API_KEY_JSON_FIELD is not a text";
                let key = member_or_all(text, |members| members.get(name), error)?;
                let key = key.trim();
                check_api_key(key)?;
                key.to_owned()
            }
        };
        Ok(ApiKey::new(key).with_version(value.version()))
    }
}

fn values(
    text: &str,
    names: &'static [&'static str],
    version: &str,
) -> Result<ApiKey, Cow<'static, str>> {
    let members = json::strict_object(text.as_bytes())
        .map_err(|_| "the secret is not a JSON object, or has a repeated member")?;
    let values = names.iter().map(|&name| {
        let value = members.get(name).and_then(Value::as_str);
        let value = value.ok_or("it is missing or not a text").map(str::trim);
        let value = value.and_then(|value| check_api_key(value).map(|()| value.to_owned()));
        let value = value.map_err(|error| format!("the secret's member {name}: {error}"))?;
        Ok((name, value))
    });
    let key = ApiKey::with_values(values.collect::<Result<Vec<_>, String>>()?);
    let key = key.ok_or("the provider's secret has no members")?;
    Ok(key.with_version(version))
}

/// A member of the text if it is a JSON object, else the whole text.
fn member_or_all(
    text: &str,
    pick: impl Fn(&Members) -> Option<&Value>,
    error: &'static str,
) -> Result<String, &'static str> {
    match json::strict_object(text.as_bytes()) {
        Ok(members) => pick(&members)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or(error),
        // No key begins with a brace: it is a JSON object with a mistake.
        Err(_) if text.trim_start().starts_with('{') => Err("the secret is a broken JSON object"),
        Err(_) => Ok(text.to_owned()),
    }
}

fn check_api_key(key: &str) -> Result<(), &'static str> {
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("the secret is empty or contains characters outside visible ASCII");
    }
    if key.starts_with(QUOTES) || key.ends_with(QUOTES) {
        return Err("the secret is in quotes: store the key without them");
    }
    if is_assignment(key) {
        return Err("the secret is NAME=value, as in an env file: store the value alone");
    }
    Ok(())
}

/// Whether a text is `NAME=value`. A key in base64 may end with `=`.
fn is_assignment(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else {
        return false;
    };
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let is_name = name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|b| is_letter(b) || b.is_ascii_digit());
    is_name && !value.is_empty() && !value.starts_with('=')
}
