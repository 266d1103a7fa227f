//! A function's response, parsed for assertions from the format that the event's source expects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::response_format;
use crate::source::EventSource;

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    /// By lower-case name. Repeated headers are joined with a comma.
    pub headers: BTreeMap<String, String>,
    /// The `Set-Cookie` lines, wherever the response has them.
    pub cookies: Vec<String>,
    pub body: String,
}

impl Response {
    /// `None` if the bytes are not a response for an HTTP API, such as the runtime's error
    /// document.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        Self::parse_from(EventSource::HttpApi, bytes).ok()
    }

    /// The response as the source would read it, or why the source would reject it.
    pub fn parse_from(source: EventSource, bytes: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        response_format::check(source, &value)?;
        let status = value["statusCode"]
            .as_u64()
            .and_then(|status| status.try_into().ok())
            .unwrap_or_default();
        let mut headers = BTreeMap::new();
        let mut cookies: Vec<String> = strings(&value["cookies"]);
        for member in response_format::header_members(source) {
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

    /// The header's value, or an empty string.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(&name.to_ascii_lowercase())
            .map_or("", String::as_str)
    }

    pub fn has_header(&self, name: &str) -> bool {
        self.headers.contains_key(&name.to_ascii_lowercase())
    }

    /// The body as JSON, or null.
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

    /// Name, value and attributes of the only cookie that the response sets.
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
