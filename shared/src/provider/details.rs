//! What a response says in addition to the token: where and how to use it.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::settings::BaseUrl;

/// What a response says in addition to the token. It has no `Debug`, as URLs and subprotocols contain
/// the token.
pub struct TokenDetails<'a> {
    base_url: &'a BaseUrl,
    members: Map<String, Value>,
    connect: Connect,
}

impl<'a> TokenDetails<'a> {
    /// The host where the token is used.
    pub fn new(base_url: &'a BaseUrl) -> Self {
        Self {
            base_url,
            members: Map::new(),
            connect: Connect(Vec::new()),
        }
    }

    /// Adds a socket that the token opens.
    #[must_use]
    pub fn with_socket(mut self, socket: Socket) -> Self {
        self.connect.0.push(socket);
        self
    }

    /// Adds a member to the response. A member of the minted token with the same name comes first.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The host where the token is used.
    pub fn base_url(&self) -> &'a BaseUrl {
        self.base_url
    }

    /// Further members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The sockets, if the token opens any.
    pub fn connect(&self) -> Option<&Connect> {
        Some(&self.connect).filter(|connect| !connect.0.is_empty())
    }
}

/// The sockets that a token opens, serialized as an object with a member for each.
pub struct Connect(Vec<Socket>);

impl Serialize for Connect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for socket in &self.0 {
            map.serialize_entry(socket.name, socket)?;
        }
        map.end()
    }
}

/// A WebSocket that the token opens: `new WebSocket(url, protocols)` is authenticated.
#[derive(Serialize)]
pub struct Socket {
    #[serde(skip)]
    name: &'static str,
    url: String,
    protocols: Vec<String>,
    #[serde(skip)]
    has_query: bool,
}

/// What is escaped in a value of a query. Slashes and colons are not: some providers compare the
/// text.
const QUERY_VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'+')
    .add(b'<')
    .add(b'=')
    .add(b'>');

impl Socket {
    /// A socket at a path of a host: `wss`, or `ws` if the host's URL is `http`. `path` may have a
    /// query.
    pub fn new(name: &'static str, base_url: &BaseUrl, path: &str) -> Self {
        Self::at(name, base_url.socket() + path)
    }

    /// A socket at a URL that the provider returned.
    pub fn at(name: &'static str, url: String) -> Self {
        Self {
            name,
            has_query: url.contains('?'),
            url,
            protocols: Vec::new(),
        }
    }

    /// Adds a parameter to the query.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.url.reserve(name.len() + value.len() + 2);
        self.url.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
        self.url.push_str(name);
        self.url.push('=');
        self.url.extend(utf8_percent_encode(value, QUERY_VALUE));
        self
    }

    /// Adds subprotocols.
    #[must_use]
    pub fn with_protocols<T: Into<String>>(
        mut self,
        protocols: impl IntoIterator<Item = T>,
    ) -> Self {
        self.protocols.extend(protocols.into_iter().map(Into::into));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_socket_is_secure_if_its_host_is() {
        let url = |base: &str| Socket::new("s", &BaseUrl::new(base), "/ws").url;
        assert_eq!(url("https://a.test"), "wss://a.test/ws");
        assert_eq!(url("http://localhost:1/proxy"), "ws://localhost:1/proxy/ws");
        assert_eq!(url("wss://a.test"), "wss://a.test/ws");
    }

    #[test]
    fn a_socket_has_the_public_host() {
        let base_url = BaseUrl::new("http://127.0.0.1:1").with_public("https://a.test");
        assert_eq!(Socket::new("s", &base_url, "/ws").url, "wss://a.test/ws");
    }

    #[test]
    fn a_query_is_extended_and_escaped() {
        let base_url = BaseUrl::new("https://a.test");
        let socket = Socket::new("s", &base_url, "/ws").with_query("token", "a/b.c_~-d:e");
        assert_eq!(socket.url, "wss://a.test/ws?token=a/b.c_~-d:e");
        let socket = socket.with_query("q", "a b&c=d%e#f+g");
        assert_eq!(
            socket.url,
            "wss://a.test/ws?token=a/b.c_~-d:e&q=a%20b%26c%3Dd%25e%23f%2Bg"
        );
        let socket = Socket::at("s", "wss://a.test/ws?x=1".to_owned()).with_query("y", "2");
        assert_eq!(socket.url, "wss://a.test/ws?x=1&y=2");
    }

    #[test]
    fn sockets_are_an_object_by_name() {
        let base_url = BaseUrl::new("https://a.test");
        let details = TokenDetails::new(&base_url);
        assert!(details.connect().is_none());
        let details = details
            .with_socket(Socket::new("one", &base_url, "/1"))
            .with_socket(Socket::new("two", &base_url, "/2").with_protocols(["bearer", "t-1"]));
        assert_eq!(
            serde_json::to_value(details.connect()).unwrap(),
            json!({
                "one": {"url": "wss://a.test/1", "protocols": []},
                "two": {"url": "wss://a.test/2", "protocols": ["bearer", "t-1"]},
            })
        );
    }
}
