//! An entry of a list of origins: an origin as browsers send it, or all below a domain.

use url::Url;

use crate::settings::is_local;

/// An entry of a list of origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginPattern {
    /// This origin.
    Exact(String),
    /// Every origin with one label between scheme and these further labels, as preview deployments
    /// have them.
    Subdomain {
        /// The scheme, with what follows it.
        scheme: &'static str,
        /// The rest of the host from its dot on, and the port.
        rest: String,
    },
}

impl OriginPattern {
    /// The fewest labels behind `*`: with two, the domain may be one at which strangers register,
    /// such as `vercel.app`.
    const MIN_FIXED_LABELS: usize = 3;
    /// The longest label of a host name (RFC 1035 section 2.3.4).
    const MAX_LABEL_BYTES: usize = 63;

    /// An entry, if it is an origin as browsers send it, or such a one whose host begins with the
    /// label `*`.
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
        (enough && is_origin(&format!("{SCHEME}x{rest}"))).then(|| Self::Subdomain {
            scheme: SCHEME,
            rest: rest.to_owned(),
        })
    }

    /// Whether an origin, as a browser sent it, is meant.
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
pub fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    match url.scheme() {
        _ if text.contains('*') => false,
        "https" => url.origin().ascii_serialization() == text,
        "http" => is_local(&url) && url.origin().ascii_serialization() == text,
        // Apps in a web view have origins such as capacitor://localhost, whose serialisation is
        // theirs alone.
        scheme => url
            .host_str()
            .is_some_and(|host| !host.is_empty() && text == format!("{scheme}://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_refused_where_it_stands_for_more() {
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
