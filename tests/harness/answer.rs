//! What a function answered, in the form of the event's source, taken apart for assertions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{EventSource, answer_form};

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// By lower-case name; several of one name are joined with a comma.
    pub headers: BTreeMap<String, String>,
    /// The `Set-Cookie` lines, wherever the answer has them.
    pub cookies: Vec<String>,
    pub body: String,
}

impl Answer {
    /// Nothing where the function's answer is none for an HTTP API, such as the runtime's error
    /// document.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Self::parse_from(EventSource::HttpApi, bytes).ok()
    }

    /// What the source would read in the function's answer, or why it is none for that source.
    pub fn parse_from(source: EventSource, bytes: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        answer_form::check(source, &value)?;
        let status = value["statusCode"]
            .as_u64()
            .and_then(|status| status.try_into().ok())
            .unwrap_or_default();
        let mut headers = BTreeMap::new();
        let mut cookies: Vec<String> = strings(&value["cookies"]);
        for member in answer_form::header_members(source) {
            for (name, text) in value[member].as_object().into_iter().flatten() {
                let name = name.to_ascii_lowercase();
                let texts = if text.is_array() {
                    strings(text)
                } else {
                    text.as_str().map(str::to_owned).into_iter().collect()
                };
                if name == "set-cookie" {
                    cookies.extend(texts);
                } else {
                    headers.entry(name).or_insert_with(|| texts.join(", "));
                }
            }
        }
        let body = value["body"].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            status,
            headers,
            cookies,
            body,
        })
    }

    /// The header's value, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(&name.to_ascii_lowercase())
            .map_or("", String::as_str)
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(&name.to_ascii_lowercase())
    }

    /// The body as JSON, null where it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The problem's code.
    pub fn code(&self) -> Option<String> {
        self.json()["code"].as_str().map(str::to_owned)
    }

    pub fn token(&self) -> String {
        self.json()["token"].as_str().unwrap_or_default().to_owned()
    }

    /// Name, value and attributes of the only cookie that the answer sets.
    pub fn cookie(&self) -> Option<(String, String, Vec<String>)> {
        let [line] = self.cookies.as_slice() else {
            return None;
        };
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        Some((
            name.to_owned(),
            value.to_owned(),
            parts.map(str::to_owned).collect(),
        ))
    }
}

fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}
