//! What a token locks of a session's setup. Source: the comments of `authTokens.create` in
//! @google/genai 3.3.0, and its field masks.

use std::fmt;

use serde_json::{Map, Value, json};

/// The lock of a token.
#[derive(Default, PartialEq)]
pub(crate) struct Lock {
    /// The setup, if the token has one.
    setup: Option<Map<String, Value>>,
    /// The paths of the field mask, each as its names.
    mask: Vec<Vec<String>>,
}

/// Without the setup, which can hold a prompt.
impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("mask", &self.mask)
            .finish_non_exhaustive()
    }
}

impl Lock {
    /// The lock of a mint request.
    ///
    /// # Errors
    /// The message of the response.
    pub(crate) fn new(
        setup: Option<Map<String, Value>>,
        field_mask: Option<&str>,
    ) -> Result<Self, String> {
        let mask = parse_mask(field_mask.unwrap_or_default())?;
        let lock = Self { setup, mask };
        if !lock.mask.is_empty() && !lock.is_covered() {
            return Err(
                "BidiGenerateContentSetup contains fields that are not specified in field_mask."
                    .to_owned(),
            );
        }
        Ok(lock)
    }

    /// The setup of a session whose client sends this one.
    pub(crate) fn apply(&self, client: Map<String, Value>) -> Map<String, Value> {
        match &self.setup {
            // The token locks everything: the client's setup is ignored.
            Some(setup) if self.mask.is_empty() => setup.clone(),
            // A field of the mask that the token does not set has its default.
            setup => {
                let mut effective = client;
                for path in &self.mask {
                    let locked = setup.as_ref().and_then(|setup| get(setup, path));
                    put(&mut effective, path, locked);
                }
                effective
            }
        }
    }

    /// The lock as the configuration of a token.
    pub(crate) fn to_value(&self) -> Value {
        let paths: Vec<_> = self.mask.iter().map(|path| path.join(".")).collect();
        json!({ "setup": self.setup, "mask": paths.join(",") })
    }

    /// The lock that a token was minted with.
    pub(crate) fn from_value(value: &Value) -> Self {
        let mask = value.get("mask").and_then(Value::as_str);
        Self {
            setup: value.get("setup").and_then(Value::as_object).cloned(),
            mask: parse_mask(mask.unwrap_or_default()).unwrap_or_default(),
        }
    }

    fn is_covered(&self) -> bool {
        let Some(setup) = &self.setup else {
            return true;
        };
        setup
            .iter()
            .all(|(name, value)| self.covers(vec![name.clone()], value))
    }

    /// Whether the mask has a path itself, or the paths of all its members.
    fn covers(&self, path: Vec<String>, value: &Value) -> bool {
        if self.mask.contains(&path) {
            return true;
        }
        let members = value.as_object().filter(|members| !members.is_empty());
        members.is_some_and(|members| {
            members.iter().all(|(name, value)| {
                let mut path = path.clone();
                path.push(name.clone());
                self.covers(path, value)
            })
        })
    }
}

/// The paths of a field mask: one text, with commas between paths and dots between names.
fn parse_mask(mask: &str) -> Result<Vec<Vec<String>>, String> {
    if mask.is_empty() {
        return Ok(Vec::new());
    }
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric())
    };
    let path = |path: &str| {
        let names: Vec<_> = path.split('.').map(str::to_owned).collect();
        if names.iter().all(|name| is_name(name)) {
            Ok(names)
        } else {
            Err(format!("Invalid path {path:?} in field_mask."))
        }
    };
    mask.split(',').map(path).collect()
}

fn get<'a>(object: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let value = object.get(first)?;
    if rest.is_empty() {
        Some(value)
    } else {
        get(value.as_object()?, rest)
    }
}

/// Sets the value at a path, or removes it.
fn put(object: &mut Map<String, Value>, path: &[String], value: Option<&Value>) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    if !rest.is_empty() {
        if value.is_none() && !object.contains_key(first) {
            return;
        }
        let inner = object.entry(first.clone()).or_insert_with(|| json!({}));
        if !inner.is_object() {
            *inner = json!({});
        }
        if let Some(inner) = inner.as_object_mut() {
            put(inner, rest, value);
        }
    } else if let Some(value) = value {
        object.insert(first.clone(), value.clone());
    } else {
        object.remove(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn applied(setup: Option<Value>, mask: Option<&str>) -> Value {
        let lock = Lock::new(setup.map(object), mask).unwrap();
        assert_eq!(Lock::from_value(&lock.to_value()), lock);
        let client = json!({
            "model": "models/client",
            "generationConfig": {"temperature": 2.0, "topK": 7},
            "systemInstruction": {"parts": [{"text": "client"}], "role": "user"},
            "tools": [{"googleSearch": {}}],
        });
        Value::Object(lock.apply(object(client)))
    }

    #[test]
    fn without_a_setup_the_client_decides() {
        let setup = applied(None, None);
        assert_eq!(setup["model"], "models/client");
        assert_eq!(setup["generationConfig"]["topK"], 7);
    }

    #[test]
    fn a_setup_without_a_mask_replaces_the_clients() {
        let token = json!({"model": "models/token"});
        assert_eq!(applied(Some(token.clone()), None), token);
        assert_eq!(applied(Some(token.clone()), Some("")), token);
    }

    #[test]
    fn a_setup_with_a_mask_of_its_fields_wins_there() {
        let token = json!({
            "model": "models/token",
            "systemInstruction": {"parts": [{"text": "token"}]},
            "generationConfig": {"temperature": 0.5},
        });
        let setup = applied(
            Some(token),
            Some("model,systemInstruction.parts,generationConfig.temperature"),
        );
        assert_eq!(
            setup,
            json!({
                "model": "models/token",
                "generationConfig": {"temperature": 0.5, "topK": 7},
                "systemInstruction": {"parts": [{"text": "token"}], "role": "user"},
                "tools": [{"googleSearch": {}}],
            })
        );
    }

    #[test]
    fn further_fields_of_a_mask_are_locked_to_their_defaults() {
        let token = json!({"model": "models/token"});
        let mask = "model,generationConfig.topK,systemInstruction,tools,proactivity.x";
        assert_eq!(
            applied(Some(token), Some(mask)),
            json!({"model": "models/token", "generationConfig": {"temperature": 2.0}})
        );
        let setup = applied(None, Some("tools"));
        assert!(setup.get("tools").is_none() && setup["model"] == "models/client");
    }

    #[test]
    fn a_mask_must_name_all_fields_of_the_setup() {
        let setup = || object(json!({"model": "models/m", "systemInstruction": {"parts": []}}));
        for mask in [
            "model,systemInstruction",
            "systemInstruction.parts,model",
            "systemInstruction.parts,systemInstruction.role,model",
        ] {
            assert!(Lock::new(Some(setup()), Some(mask)).is_ok(), "{mask}");
        }
        for mask in ["model", "systemInstruction", "model,systemInstruction.role"] {
            let error = Lock::new(Some(setup()), Some(mask)).unwrap_err();
            assert!(error.contains("not specified in field_mask"), "{error}");
        }
        for mask in [
            ",",
            "model,",
            "model, tools",
            "a..b",
            ".a",
            "Model",
            "a[0]",
            "*",
        ] {
            let error = Lock::new(None, Some(mask)).unwrap_err();
            assert!(error.contains("Invalid path"), "{mask}: {error}");
        }
    }
}
