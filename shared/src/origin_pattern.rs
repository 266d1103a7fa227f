//! An entry of a list of origins: an origin, or a pattern for the subdomains of a host.

use url::Url;

use crate::settings::is_local;

/// An entry of a list of origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginPattern {
    /// One origin.
    Exact(String),
    /// Every origin whose host is one label before a fixed rest, as for preview deployments.
    Subdomain {
        /// The scheme, including `://`.
        scheme: &'static str,
        /// The rest of the host, which begins with a dot, and the port.
        rest: String,
    },
}

impl OriginPattern {
    /// The fewest labels after `*`. With two, anyone might register a name in the domain, as in
    /// `vercel.app`.
    const MIN_FIXED_LABELS: usize = 3;
    /// The longest label of a host name (RFC 1035 section 2.3.4).
    const MAX_LABEL_BYTES: usize = 63;

    /// Parses an entry: an origin as browsers send it, whose host may begin with the label `*`.
    pub fn parse(entry: &str) -> Option<Self> {
        const SCHEME: &str = "https://";
        let Some(rest) = entry
            .strip_prefix(SCHEME)
            .and_then(|rest| rest.strip_prefix('*'))
        else {
            return is_origin(entry).then(|| Self::Exact(entry.to_owned()));
        };
        let host = rest.split(':').next().unwrap_or_default();
        let labels = host.strip_prefix('.')?.split('.');
        let enough = labels.clone().count() >= Self::MIN_FIXED_LABELS
            && labels.clone().all(|label| !label.is_empty());
        if !enough || !is_origin(&format!("{SCHEME}x{rest}")) {
            return None;
        }
        Some(Self::Subdomain {
            scheme: SCHEME,
            rest: rest.to_owned(),
        })
    }

    /// Whether the entry covers an origin that a browser sent.
    pub fn matches(&self, origin: &[u8]) -> bool {
        match self {
            Self::Exact(known) => known.as_bytes() == origin,
            Self::Subdomain { scheme, rest } => {
                let label = origin
                    .strip_prefix(scheme.as_bytes())
                    .and_then(|rest_of| rest_of.strip_suffix(rest.as_bytes()));
                label.is_some_and(|label| {
                    (1..=Self::MAX_LABEL_BYTES).contains(&label.len())
                        && label
                            .iter()
                            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
                })
            }
        }
    }
}

/// Whether a text is an origin as a browser would send it (RFC 6454 section 6.2).
pub(crate) fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    match url.scheme() {
        _ if text.contains('*') => false,
        "https" => url.origin().ascii_serialization() == text,
        "http" => is_local(&url) && url.origin().ascii_serialization() == text,
        // Apps in a web view have origins such as capacitor://localhost, which no standard
        // serializes.
        scheme => url
            .host_str()
            .is_some_and(|host| !host.is_empty() && text == format!("{scheme}://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_one_label_and_nothing_else() {
        for good in ["https://*.preview.example.com", "https://*.a.b.c.d:444"] {
            assert!(OriginPattern::parse(good).is_some(), "{good}");
        }
        for bad in [
            "*",
            "https://*",
            "https://*.com",
            "https://*.vercel.app",
            "https://**.preview.example.com",
            "https://x*.preview.example.com",
            "https://*x.preview.example.com",
            "https://*.*.preview.example.com",
            "https://a.*.preview.example.com",
            "https://*.preview..com",
            "https://*.example.com.",
            "https://*.preview.example.com:*",
            "https://*.preview.example.com/",
            "https://*.Preview.example.com",
            "https://*.preview.example.com:443",
            "http://*.preview.example.com",
            "capacitor://*.preview.example.com",
            "*://a.preview.example.com",
            "*.preview.example.com",
            "https://*.127.0.0.1",
        ] {
            assert!(OriginPattern::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_origins_as_browsers_send_them_can_be_listed() {
        for good in [
            "https://a.test",
            "https://a.test:8443",
            "http://localhost:3000",
            "tauri://localhost",
        ] {
            assert!(is_origin(good), "{good}");
        }
        for bad in [
            "*",
            "null",
            "https://a.test/",
            "https://A.test",
            "https://a.test:443",
            "http://a.test",
            "a.test",
            "https://*",
        ] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
