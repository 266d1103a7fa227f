//! The URL of a provider's host.

/// The URL of a host, without a slash at its end: paths are appended to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    called: String,
    public: String,
}

impl BaseUrl {
    /// The URL of a host.
    pub fn new(url: impl Into<String>) -> Self {
        let called = url.into();
        let called = called.trim_end_matches('/').to_owned();
        Self {
            public: called.clone(),
            called,
        }
    }

    /// The same host, with another URL in responses: clients may reach the stand-ins of the local
    /// command by another URL than the function does.
    #[must_use]
    pub fn with_public(self, url: impl Into<String>) -> Self {
        Self {
            public: Self::new(url).called,
            ..self
        }
    }

    /// The URL that the function calls.
    pub fn as_str(&self) -> &str {
        &self.called
    }

    /// The URL in responses.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// The URL in responses as that of a WebSocket: `wss`, or `ws` if the host's URL is `http`.
    pub fn socket(&self) -> String {
        match self.public.strip_prefix("http") {
            Some(rest) => ["ws", rest].concat(),
            None => self.public.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_may_have_another_url_than_calls() {
        let url = BaseUrl::new("http://127.0.0.1:1/");
        assert_eq!(
            (url.as_str(), url.public()),
            ("http://127.0.0.1:1", "http://127.0.0.1:1")
        );
        let url = url.with_public("https://voice.test/");
        assert_eq!(
            (url.as_str(), url.public()),
            ("http://127.0.0.1:1", "https://voice.test")
        );
    }
}
