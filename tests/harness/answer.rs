//! What a function answered, in the gateway's payload format 2.0, taken apart for assertions.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

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
    /// Nothing where the function's answer is none for a gateway, such as the runtime's error document.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let status = value["statusCode"].as_u64()?.try_into().ok()?;
        let mut headers = BTreeMap::new();
        let mut cookies: Vec<String> = strings(&value["cookies"]);
        for member in ["headers", "multiValueHeaders"] {
            for (name, text) in value[member].as_object().into_iter().flatten() {
                let name = name.to_ascii_lowercase();
                let texts = if text.is_array() { strings(text) } else { vec![text.as_str()?.to_owned()] };
                if name == "set-cookie" {
                    cookies.extend(texts);
                } else {
                    headers.entry(name).or_insert_with(|| texts.join(", "));
                }
            }
        }
        let body = value["body"].as_str().unwrap_or_default().to_owned();
        let body = match value["isBase64Encoded"].as_bool() {
            Some(true) => String::from_utf8_lossy(&STANDARD.decode(body).ok()?).into_owned(),
            _ => body,
        };
        Some(Self { status, headers, cookies, body })
    }

    /// The header's value, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(&name.to_ascii_lowercase()).map_or("", String::as_str)
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
        let [line] = self.cookies.as_slice() else { return None };
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        Some((name.to_owned(), value.to_owned(), parts.map(str::to_owned).collect()))
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
