//! CORS and the defence against cross-site requests: which pages may call.
//!
//! `SameSite` cookies do not stop a sibling subdomain, so `Origin` and the Fetch Metadata headers
//! decide (<https://www.w3.org/TR/fetch-metadata/>). The gateway has no CORS settings: the broker
//! responds to preflights too.

use http::{HeaderMap, HeaderValue, header};

use crate::origin_pattern::OriginPattern;
use crate::problem::{Code, Problem};
use crate::settings::Reader;

/// The origins of the pages that may call, from `ALLOWED_ORIGINS`.
#[derive(Debug)]
pub struct Origins(Vec<OriginPattern>);

impl Origins {
    /// Reads `ALLOWED_ORIGINS`, a comma-separated list of origins.
    pub fn from_settings(reader: &mut Reader) -> Self {
        let entries = reader.list("ALLOWED_ORIGINS");
        let origins: Vec<_> = entries
            .iter()
            .filter_map(|entry| OriginPattern::parse(entry))
            .collect();
        if origins.len() < entries.len() {
            reader.error(
                "ALLOWED_ORIGINS",
                "must list origins as browsers send them, such as https://app.example.com (lower case, no path, no slash \
                 at the end, http only on localhost). The first label may be * if at least three more labels follow, as \
                 in https://*.preview.example.com",
            );
        }
        Self(origins)
    }

    /// The request's `Origin`, if it is sent once and is an allowed one.
    pub fn allowed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins.next()?;
        self.0
            .iter()
            .find(|known| known.matches(origin.as_bytes()))?;
        if origins.next().is_some() {
            return None;
        }
        Some(origin)
    }

    /// Checks the origin of a preflight.
    ///
    /// # Errors
    /// [`Code::OriginNotAllowed`].
    pub fn check_preflight(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if self.allowed(headers).is_none() {
            return Err(not_allowed("the preflight is not from an allowed origin"));
        }
        Ok(())
    }

    /// Checks the origin of a request. `by_cookie` says that the credential is a cookie, which a
    /// browser attaches to any request.
    ///
    /// # Errors
    /// [`Code::OriginNotAllowed`].
    pub fn check(&self, headers: &HeaderMap, by_cookie: bool) -> Result<(), Problem> {
        let site = headers.get("sec-fetch-site");
        match (headers.contains_key(header::ORIGIN), site) {
            (true, _) if self.allowed(headers).is_none() => {
                return Err(not_allowed("Origin is not in ALLOWED_ORIGINS"));
            }
            (false, Some(site)) if site != "same-origin" => {
                return Err(not_allowed(
                    "there is no Origin, and Sec-Fetch-Site is not same-origin",
                ));
            }
            (false, None) if by_cookie => {
                return Err(not_allowed(
                    "the credential is a cookie, and there is neither Origin nor Sec-Fetch-Site",
                ));
            }
            _ => {}
        }
        if headers
            .get("sec-fetch-mode")
            .is_some_and(|mode| mode != "cors" && mode != "same-origin")
        {
            return Err(not_allowed(
                "Sec-Fetch-Mode is neither cors nor same-origin",
            ));
        }
        if headers
            .get("sec-fetch-dest")
            .is_some_and(|dest| dest != "empty")
        {
            return Err(not_allowed("Sec-Fetch-Dest is not empty"));
        }
        if is_prefetch(headers) {
            return Err(not_allowed(
                "Sec-Purpose or Purpose says that the request is a prefetch",
            ));
        }
        // Fetch has a mode for WebSockets (<https://fetch.spec.whatwg.org/#concept-request-mode>),
        // but Chromium does not send it.
        if opens_socket(headers) {
            return Err(not_allowed("the request would open a WebSocket"));
        }
        Ok(())
    }
}

/// Whether the request is a speculative one
/// (<https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header>).
fn is_prefetch(headers: &HeaderMap) -> bool {
    const WORD: &[u8] = b"prefetch";
    let begins = |purpose: &[u8]| {
        purpose
            .trim_ascii()
            .split_at_checked(WORD.len())
            .is_some_and(|(start, _)| start.eq_ignore_ascii_case(WORD))
    };
    let values = ["sec-purpose", "purpose"]
        .into_iter()
        .flat_map(|name| headers.get_all(name));
    values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(begins)
}

/// Whether a request is the handshake of a WebSocket (RFC 6455 section 4.1). `Upgrade` is a
/// hop-by-hop header that a gateway may have removed (RFC 9110 section 7.8); the key stays.
fn opens_socket(headers: &HeaderMap) -> bool {
    let upgrades = headers
        .get_all(header::UPGRADE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    // A protocol may come with its version: `websocket/13`.
    let mut protocols = upgrades.filter_map(|upgrade| upgrade.split(|byte| *byte == b'/').next());
    headers.contains_key(header::SEC_WEBSOCKET_KEY)
        || protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

fn not_allowed(reason: &'static str) -> Problem {
    let detail = "Call with fetch from a page whose origin is listed in ALLOWED_ORIGINS, not by navigation or form. \
                  A client that is not a browser must send its session as a Bearer token.";
    Problem::new(Code::OriginNotAllowed, detail).with_reason(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let environment = [("ALLOWED_ORIGINS", "https://app.test, capacitor://localhost")];
        Origins::from_settings(&mut Reader::new(&environment))
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_table_of_origins_and_fetch_metadata() {
        let good: &[&[(&'static str, &'static str)]] = &[
            &[("origin", "https://app.test")],
            &[("origin", "capacitor://localhost")],
            &[
                ("origin", "https://app.test"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "cors"),
            ],
            &[
                ("sec-fetch-site", "same-origin"),
                ("sec-fetch-mode", "same-origin"),
                ("sec-fetch-dest", "empty"),
            ],
            // As curl --http2 sends it.
            &[("origin", "https://app.test"), ("upgrade", "h2c")],
            &[("origin", "https://app.test"), ("sec-purpose", "")],
        ];
        for case in good {
            assert!(origins().check(&headers(case), true).is_ok(), "{case:?}");
        }
        let bad: &[&[(&'static str, &'static str)]] = &[
            &[("origin", "null")],
            &[("origin", "")],
            &[("origin", "https://app.test/")],
            &[("origin", "HTTPS://app.test")],
            &[("origin", "https://app.test.evil.test")],
            &[("origin", "http://app.test")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "")],
            &[
                ("origin", "https://app.test"),
                ("sec-fetch-mode", "no-cors"),
            ],
            &[
                ("origin", "https://app.test"),
                ("sec-fetch-mode", "navigate"),
            ],
            &[
                ("origin", "https://app.test"),
                ("sec-fetch-dest", "document"),
            ],
            &[("origin", "https://app.test"), ("sec-fetch-dest", "")],
            // Handshakes of WebSockets, as in Chromium and Firefox, and in other spellings.
            &[
                ("origin", "https://app.test"),
                ("upgrade", "websocket"),
                ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ],
            &[
                ("origin", "https://app.test"),
                ("sec-fetch-mode", "websocket"),
            ],
            &[("origin", "https://app.test"), ("sec-websocket-key", "")],
            &[("origin", "https://app.test"), ("upgrade", "WebSocket")],
            &[
                ("origin", "https://app.test"),
                ("upgrade", "h2c, websocket/13"),
            ],
            &[
                ("origin", "https://app.test"),
                ("upgrade", "h2c"),
                ("upgrade", "websocket"),
            ],
            &[("origin", "https://app.test"), ("sec-purpose", "prefetch")],
            &[
                ("origin", "https://app.test"),
                ("sec-purpose", "Prefetch;prerender"),
            ],
            &[
                ("origin", "https://app.test"),
                ("sec-purpose", " prefetch;anonymous-client-ip"),
            ],
            &[("origin", "https://app.test"), ("purpose", "prefetch")],
            &[
                ("origin", "https://app.test"),
                ("purpose", "other"),
                ("purpose", "prefetch"),
            ],
            &[
                ("origin", "https://app.test"),
                ("purpose", "other, prefetch"),
            ],
        ];
        for case in bad {
            let refused = origins().check(&headers(case), false).unwrap_err();
            assert_eq!(refused.code, Code::OriginNotAllowed, "{case:?}");
        }
    }

    #[test]
    fn outside_a_browser_a_bearer_token_is_required() {
        assert!(origins().check(&HeaderMap::new(), false).is_ok());
        assert!(origins().check(&HeaderMap::new(), true).is_err());
    }

    #[test]
    fn a_pattern_covers_one_label() {
        let listed =
            "https://app.test,https://*.preview.example.com,https://*.a.b.example.com:8443";
        let environment = [("ALLOWED_ORIGINS", listed)];
        let mut reader = Reader::new(&environment);
        let origins = Origins::from_settings(&mut reader);
        assert!(reader.finish(Some(())).is_ok());
        let allows =
            |origin: &'static str| origins.check(&headers(&[("origin", origin)]), true).is_ok();
        for good in [
            "https://app.test",
            "https://pr-1.preview.example.com",
            "https://x.preview.example.com",
            "https://xn--e-0.preview.example.com",
            "https://v2.a.b.example.com:8443",
        ] {
            assert!(allows(good), "{good}");
        }
        for bad in [
            "https://preview.example.com",
            "https://.preview.example.com",
            "https://*.preview.example.com",
            "https://a.b.preview.example.com",
            "https://evil.test/.preview.example.com",
            "https://evil.test#.preview.example.com",
            "https://evil.test:1.preview.example.com",
            "https://user@x.preview.example.com",
            "https://PR-1.preview.example.com",
            "https://pr_1.preview.example.com",
            "https://pr-1.preview.example.com:443",
            "https://pr-1.preview.example.com/",
            "https://pr-1.preview.example.com.evil.test",
            "https://pr-1-preview.example.com",
            "http://pr-1.preview.example.com",
            "https://v2.a.b.example.com",
            "https://v2.a.b.example.com:8444",
            "https://xapp.test",
        ] {
            assert!(!allows(bad), "{bad}");
        }
        let long = format!("https://{}.preview.example.com", "a".repeat(64)).leak();
        assert!(!allows(long), "a label has at most 63 bytes");
    }
}
