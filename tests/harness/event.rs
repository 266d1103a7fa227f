//! API Gateway events (HTTP API, payload format 2.0) from the files in `events/` and from each
//! provider's `event.json`, changed for a case. [`Event::via`] converts an event to another source.
//! The session, cookies, page headers and body of the file are removed first, so that a case shows
//! everything that it sends.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::provider::smallest_request;

/// The only origin that the functions under test allow.
pub const ORIGIN: &str = "https://app.example.com";

const REMOVED_HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "origin",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-dest",
];

#[derive(Clone)]
pub struct Event(Value);

impl Event {
    /// An event file, unchanged: one in `events/`, or a path from the root of the repository.
    pub fn file(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let folder = if name.contains('/') { "" } else { "events" };
        let path = root.join(folder).join(name);
        let text =
            std::fs::read(&path).unwrap_or_else(|error| panic!("cannot read {name}: {error}"));
        Self(
            serde_json::from_slice(&text)
                .unwrap_or_else(|error| panic!("{name} is not JSON: {error}")),
        )
    }

    /// The smallest valid token request by POST, from the allowed page and without a session.
    pub fn post(provider: &str) -> Self {
        let event = Self::file(&format!("functions/{provider}/event.json"))
            .stripped()
            .header("content-type", "application/json");
        event.json_body(&smallest_request(provider).body)
    }

    /// The same request by GET.
    pub fn get(provider: &str) -> Self {
        let event = Self::file("get.json")
            .stripped()
            .path(provider)
            .without_header("content-type");
        event.query(&query(&smallest_request(provider).body))
    }

    pub fn delete(provider: &str) -> Self {
        Self::file("delete.json").stripped().path(provider)
    }

    pub fn preflight(provider: &str) -> Self {
        let event = Self::file("preflight.json").stripped().path(provider);
        event
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
    }

    fn stripped(mut self) -> Self {
        for name in REMOVED_HEADERS {
            self = self.without_header(name);
        }
        if let Some(members) = self.0.as_object_mut() {
            members.remove("cookies");
            members.remove("body");
        }
        self.0["isBase64Encoded"] = false.into();
        self.header("origin", ORIGIN)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.0["headers"][name] = value.into();
        self
    }

    pub fn without_header(mut self, name: &str) -> Self {
        for member in ["headers", "multiValueHeaders"] {
            if let Some(headers) = self.0.get_mut(member).and_then(Value::as_object_mut) {
                headers.retain(|key, _| !key.eq_ignore_ascii_case(name));
            }
        }
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn origin(self, origin: &str) -> Self {
        self.header("origin", origin)
    }

    pub fn no_origin(self) -> Self {
        self.without_header("origin")
    }

    /// Adds a cookie to the array in which the gateway passes cookies.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        if !self.0["cookies"].is_array() {
            self.0["cookies"] = json!([]);
        }
        if let Some(cookies) = self.0["cookies"].as_array_mut() {
            cookies.push(format!("{name}={value}").into());
        }
        self
    }

    pub fn method(mut self, method: &str) -> Self {
        self.0["requestContext"]["http"]["method"] = method.into();
        self
    }

    fn path(mut self, provider: &str) -> Self {
        let path = format!("/{provider}/token");
        let key = format!("ANY {path}");
        for pointer in ["/rawPath", "/requestContext/http/path"] {
            self = self.replaced(pointer, &path);
        }
        for pointer in ["/routeKey", "/requestContext/routeKey"] {
            self = self.replaced(pointer, &key);
        }
        self
    }

    fn replaced(mut self, pointer: &str, text: &str) -> Self {
        if let Some(member) = self.0.pointer_mut(pointer) {
            *member = text.into();
        }
        self
    }

    /// Sets the raw query, and the parameters that the gateway parses from it.
    pub fn query(mut self, query: &str) -> Self {
        self.0["rawQueryString"] = query.into();
        let mut members = serde_json::Map::new();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_decoded(value);
            // The gateway joins repeated parameters with a comma.
            let value = match members.get(name).and_then(Value::as_str) {
                Some(previous) => format!("{previous},{value}"),
                None => value,
            };
            members.insert(name.to_owned(), value.into());
        }
        match members.is_empty() {
            true => self
                .0
                .as_object_mut()
                .and_then(|event| event.remove("queryStringParameters")),
            false => self
                .0
                .as_object_mut()
                .and_then(|event| event.insert("queryStringParameters".into(), members.into())),
        };
        self
    }

    pub fn body(mut self, text: &str) -> Self {
        self.0["body"] = text.into();
        self.0["isBase64Encoded"] = false.into();
        self
    }

    pub fn json_body(self, value: &Value) -> Self {
        self.body(&value.to_string())
    }

    pub fn body_base64(mut self, bytes: &[u8]) -> Self {
        self.0["body"] = STANDARD.encode(bytes).into();
        self.0["isBase64Encoded"] = true.into();
        self
    }

    pub fn without_body(mut self) -> Self {
        self.0
            .as_object_mut()
            .and_then(|event| event.remove("body"));
        self.0["isBase64Encoded"] = false.into();
        self
    }

    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The event's JSON, for changes that this type has no method for.
    pub fn into_json(self) -> Value {
        self.0
    }
}

/// The members of an object as a query.
fn query(request: &Value) -> String {
    let members = request.as_object().into_iter().flatten();
    let pairs = members.map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    });
    pairs.collect::<Vec<_>>().join("&")
}

impl From<Value> for Event {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl std::fmt::Display for Event {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

pub fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: String = rest.by_ref().take(2).map(char::from).collect();
        bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
