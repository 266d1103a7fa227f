//! The signed URL of a conversation. It comes from a response, and pages open it: it is checked like
//! any other input.

use url::{Position, Url};
use voicemint::provider::{BaseUrl, ProviderToken};

/// The longest URL that is accepted, in bytes. Clients append parameters, and servers commonly accept
/// request lines of 8 KiB.
const MAX_BYTES: usize = 4096;
/// The domain of the vendor's hosts.
const DOMAIN: &str = "elevenlabs.io";
/// Ends the names of the hosts that keep data in a region, such as `api.eu.residency.elevenlabs.io`.
const RESIDENCY: &str = ".residency.elevenlabs.io";
/// The parameter that holds the signature.
const SIGNATURE: &str = "conversation_signature";

const NOT_ACCEPTED: &str = "the provider's signed URL is not one that a page may open";
const WRONG_HOST: &str = "the provider's signed URL has another scheme or host than expected";

/// A signed URL that a page may open. It has no `Debug`, as it is the token.
pub(crate) struct SignedUrl {
    text: String,
    parsed: Url,
}

impl SignedUrl {
    /// Checks the URL of a response from `base_url`. Where pages reach that host by another URL than
    /// the function does, the result has theirs.
    ///
    /// # Errors
    /// A clause for the log.
    pub fn parse(text: &str, base_url: &BaseUrl) -> Result<Self, &'static str> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.len() > MAX_BYTES || !is_visible {
            return Err("the provider's signed URL is too long or not visible ASCII");
        }
        let parsed = Url::parse(text).map_err(|_| NOT_ACCEPTED)?;
        // Parsers disagree on backslashes, users, tabs and missing slashes: only the plain form of
        // scheme, host and port is accepted, which all of them read alike.
        let origin = &parsed[..Position::BeforePath];
        let path = text.strip_prefix(origin).ok_or(NOT_ACCEPTED)?;
        let has_user = !parsed.username().is_empty() || parsed.password().is_some();
        if has_user || parsed.fragment().is_some() || !path.starts_with('/') {
            return Err(NOT_ACCEPTED);
        }
        if !parsed
            .query_pairs()
            .any(|(name, value)| name == SIGNATURE && !value.is_empty())
        {
            return Err("the provider's signed URL has no signature");
        }
        let called = BaseUrl::new(base_url.as_str()).socket();
        let called_origin = called.parse::<Url>().map_err(|_| WRONG_HOST)?;
        let is_called = called_origin[..Position::BeforePath] == *origin;
        if !is_called && !is_vendors_host(&parsed, &called_origin) {
            return Err(WRONG_HOST);
        }
        let text = match text.strip_prefix(&called) {
            Some(rest) if rest.starts_with('/') => base_url.socket() + rest,
            _ => text.to_owned(),
        };
        Ok(Self { text, parsed })
    }

    /// The URL as a token.
    pub fn token(&self) -> Result<ProviderToken, &'static str> {
        ProviderToken::new(self.text.as_str()).ok_or(NOT_ACCEPTED)
    }

    /// The id of the conversation, which only the query has.
    pub fn conversation_id(&self) -> Option<String> {
        let mut pairs = self.parsed.query_pairs();
        let (_, id) = pairs.find(|(name, _)| name == "conversation_id")?;
        Some(id.into_owned())
    }
}

/// The region of a URL's host, where the host keeps data in one.
pub(crate) fn residency_of(url: &str) -> Option<String> {
    residency(&Url::parse(url).ok()?).map(str::to_owned)
}

fn residency(url: &Url) -> Option<&str> {
    url.host_str()?.strip_suffix(RESIDENCY)?.rsplit('.').next()
}

/// Whether a URL is at another host of the vendor. A host with data residency is left only for one of
/// the same region.
fn is_vendors_host(url: &Url, called: &Url) -> bool {
    let is_secure = url.scheme() == "wss" && url.port().is_none();
    let region = residency(called);
    is_secure && is_in_domain(url) && (region.is_none() || residency(url) == region)
}

fn is_in_domain(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let subdomain = host.strip_suffix(DOMAIN);
    subdomain.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://api.elevenlabs.io";
    const QUERY: &str = "/v1/convai/conversation?agent_id=agent_1&conversation_signature=cvtkn_1";

    fn parse(text: &str, base_url: &str) -> Result<String, &'static str> {
        let url = SignedUrl::parse(text, &BaseUrl::new(base_url))?;
        Ok(url.token()?.expose().to_owned())
    }

    #[test]
    fn hosts_of_the_vendor_and_the_called_host_are_accepted() {
        for (base_url, origin) in [
            (PUBLIC, "wss://api.elevenlabs.io"),
            (PUBLIC, "wss://api.us.elevenlabs.io"),
            (PUBLIC, "wss://elevenlabs.io"),
            (
                "https://api.eu.residency.elevenlabs.io",
                "wss://api.eu.residency.elevenlabs.io",
            ),
            (
                "https://api.eu.residency.elevenlabs.io",
                "wss://rtc.eu.residency.elevenlabs.io",
            ),
            ("https://voice.example.com/proxy", "wss://voice.example.com"),
            (
                "https://voice.example.com:8443",
                "wss://voice.example.com:8443",
            ),
            ("https://voice.example.com", "wss://api.elevenlabs.io"),
            ("http://localhost:8788", "ws://localhost:8788"),
            ("http://[::1]:8788", "ws://[::1]:8788"),
        ] {
            let url = format!("{origin}{QUERY}");
            assert_eq!(parse(&url, base_url), Ok(url.clone()), "{base_url}");
        }
    }

    #[test]
    fn other_schemes_hosts_and_ports_are_refused() {
        for (base_url, origin) in [
            (PUBLIC, "ws://api.elevenlabs.io"),
            (PUBLIC, "https://api.elevenlabs.io"),
            (PUBLIC, "javascript:alert(1)"),
            (PUBLIC, "wss://api.elevenlabs.io:8443"),
            (PUBLIC, "wss://api.elevenlabs.io.example.com"),
            (PUBLIC, "wss://evilelevenlabs.io"),
            (PUBLIC, "wss://example.com"),
            (PUBLIC, "wss://127.0.0.1"),
            (PUBLIC, "ws://localhost:8788"),
            (
                "https://api.eu.residency.elevenlabs.io",
                "wss://api.elevenlabs.io",
            ),
            (
                "https://api.eu.residency.elevenlabs.io",
                "wss://api.in.residency.elevenlabs.io",
            ),
            ("https://voice.example.com", "wss://voice.example.com:8443"),
            ("https://voice.example.com", "ws://voice.example.com"),
            ("http://localhost:8788", "ws://localhost:8789"),
            ("http://localhost:8788", "ws://api.elevenlabs.io"),
        ] {
            assert!(
                parse(&format!("{origin}{QUERY}"), base_url).is_err(),
                "{base_url} {origin}"
            );
        }
    }

    #[test]
    fn what_parsers_read_differently_is_refused() {
        for text in [
            "",
            "/v1/convai/conversation?conversation_signature=s",
            "wss://api.elevenlabs.io@example.com/?conversation_signature=s",
            "wss://user:pass@api.elevenlabs.io/?conversation_signature=s",
            "wss://api.elevenlabs.io\\@example.com/?conversation_signature=s",
            "wss:\\\\api.elevenlabs.io/?conversation_signature=s",
            "wss:api.elevenlabs.io/?conversation_signature=s",
            "wss:////api.elevenlabs.io/?conversation_signature=s",
            "wss://API.elevenlabs.io/?conversation_signature=s",
            "wss://api.elevenlabs.io:443/?conversation_signature=s",
            "wss://api.elevenlabs.io?conversation_signature=s",
            "wss://api.elevenlabs.io/?conversation_signature=s#f",
            "wss://api.elevenlabs.io/?conversation_signature=s\n",
            " wss://api.elevenlabs.io/?conversation_signature=s",
            "wss://api.elevenlabs.io/?conversation_signature=é",
            "wss://api.elevenlabs.io/",
            "wss://api.elevenlabs.io/?conversation_signature=",
            "wss://api.elevenlabs.io/?agent_id=agent_1",
        ] {
            assert!(parse(text, PUBLIC).is_err(), "{text:?}");
        }
        let long = format!("wss://api.elevenlabs.io{QUERY}{}", "x".repeat(MAX_BYTES));
        assert!(parse(&long, PUBLIC).is_err());
    }

    #[test]
    fn pages_get_the_public_url_of_the_called_host() {
        let base_url = BaseUrl::new("http://localhost:8788").with_public("https://localhost:8789");
        let public = |text: &str| SignedUrl::parse(text, &base_url).unwrap().text;
        assert_eq!(
            public(&format!("ws://localhost:8788{QUERY}")),
            format!("wss://localhost:8789{QUERY}")
        );
        let vendors = format!("wss://api.elevenlabs.io{QUERY}");
        assert_eq!(public(&vendors), vendors);
    }

    #[test]
    fn the_conversations_id_is_in_the_query() {
        let id = |more: &str| {
            let text = format!("wss://api.elevenlabs.io{QUERY}{more}");
            SignedUrl::parse(&text, &BaseUrl::new(PUBLIC))
                .unwrap()
                .conversation_id()
        };
        assert_eq!(id("&conversation_id=conv_1").as_deref(), Some("conv_1"));
        assert_eq!(id(""), None);
    }
}
