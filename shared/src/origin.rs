//! Which browser pages may call: the control against cross-site requests.
//!
//! `SameSite` cookies do not stop a sibling subdomain, so the caller's `Origin` and Fetch Metadata decide
//! (<https://www.w3.org/TR/fetch-metadata/>). Preflights are answered here too: the gateway has no CORS settings.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use url::Url;

use crate::refusal::{Code, Refusal};
use crate::settings::{Reader, is_local};

/// The pages that may call, from `ALLOWED_ORIGINS`.
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Reads `ALLOWED_ORIGINS`, a comma-separated list of exact origins.
    pub fn from_settings(reader: &mut Reader) -> Self {
        let mut origins = Vec::new();
        for entry in reader.list("ALLOWED_ORIGINS") {
            match HeaderValue::from_str(&entry) {
                Ok(origin) if is_origin(&entry) => origins.push(origin),
                _ => {
                    reader.fault(
                        "ALLOWED_ORIGINS",
                        "must list origins as browsers send them, such as https://app.example.com (lower case, no path, \
                         no slash at the end, http only on localhost)",
                    );
                    break;
                }
            }
        }
        Self(origins)
    }

    /// The request's origin, where it is one of ours.
    pub fn allowed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins.next().filter(|origin| self.0.contains(origin))?;
        origins.next().is_none().then_some(origin)
    }

    /// Lets a preflight pass, or refuses it.
    ///
    /// # Errors
    /// [`Code::OriginNotAllowed`].
    pub fn admit_preflight(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.allowed(headers).map(|_| ()).ok_or_else(|| refuse("the preflight is not from an allowed origin"))
    }

    /// Lets a request pass, or refuses it. `by_cookie` says that the caller is known by a cookie alone, which a browser
    /// attaches by itself.
    ///
    /// # Errors
    /// [`Code::OriginNotAllowed`].
    pub fn admit(&self, headers: &HeaderMap, by_cookie: bool) -> Result<(), Refusal> {
        let site = headers.get("sec-fetch-site");
        match (headers.contains_key(header::ORIGIN), site) {
            (true, _) if self.allowed(headers).is_none() => return Err(refuse("Origin is not in ALLOWED_ORIGINS")),
            (false, Some(site)) if site != "same-origin" => {
                return Err(refuse("no Origin, and Sec-Fetch-Site is not same-origin"));
            }
            (false, None) if by_cookie => {
                return Err(refuse("a cookie credential with neither Origin nor Sec-Fetch-Site"));
            }
            _ => {}
        }
        if headers.get("sec-fetch-mode").is_some_and(|mode| mode != "cors" && mode != "same-origin") {
            return Err(refuse("Sec-Fetch-Mode is neither cors nor same-origin"));
        }
        if headers.get("sec-fetch-dest").is_some_and(|dest| dest != "empty") {
            return Err(refuse("Sec-Fetch-Dest is not empty"));
        }
        // A mode of its own (<https://fetch.spec.whatwg.org/#concept-request-mode>), which Chromium does not send along.
        if opens_socket(headers) {
            return Err(refuse("the request would open a WebSocket"));
        }
        Ok(())
    }
}

/// Whether a request is the handshake of a WebSocket (RFC 6455 section 4.1). `Upgrade` is for one hop and may be gone by now
/// (RFC 9110 section 7.8); the key is not.
fn opens_socket(headers: &HeaderMap) -> bool {
    let upgrades =
        headers.get_all(header::UPGRADE).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    // A protocol may come with its version: `websocket/13`.
    let mut protocols = upgrades.filter_map(|upgrade| upgrade.split(|byte| *byte == b'/').next());
    headers.contains_key(header::SEC_WEBSOCKET_KEY)
        || protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// Refuses headers that decide about trust and came more than once: the gateway joins repeated headers with commas, and
/// which of two counts is anybody's guess.
///
/// # Errors
/// [`Code::RequestMalformed`].
pub fn refuse_ambiguous(headers: &HeaderMap) -> Result<(), Refusal> {
    let decides = |name: &HeaderName| {
        *name == header::ORIGIN || *name == header::AUTHORIZATION || name.as_str().starts_with("sec-fetch-")
    };
    for name in headers.keys().filter(|name| decides(name)) {
        let mut values = headers.get_all(name).iter();
        let joined = values.next().is_some_and(|value| value.as_bytes().contains(&b','));
        if joined || values.next().is_some() {
            let detail = format!("Send the {name} header once, with one value.");
            return Err(Refusal::new(Code::RequestMalformed, detail));
        }
    }
    Ok(())
}

fn refuse(reason: &'static str) -> Refusal {
    let detail = "Call from a page whose origin is listed in ALLOWED_ORIGINS, with fetch and not by navigation or form; \
                  a client that is not a browser sends its session as a Bearer token.";
    Refusal::new(Code::OriginNotAllowed, detail).because(reason)
}

/// Whether a text is an origin as a browser would send it (RFC 6454 section 6.2).
pub fn is_origin(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    match url.scheme() {
        _ if text.contains('*') => false,
        "https" => url.origin().ascii_serialization() == text,
        "http" => is_local(&url) && url.origin().ascii_serialization() == text,
        // Apps in a web view have origins such as capacitor://localhost, whose serialisation is theirs alone.
        scheme => url.host_str().is_some_and(|host| !host.is_empty() && text == format!("{scheme}://{host}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let environment =
            |name: &str| (name == "ALLOWED_ORIGINS").then(|| "https://app.test, capacitor://localhost".to_owned());
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
            &[("origin", "https://app.test"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
            &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "same-origin"), ("sec-fetch-dest", "empty")],
            // As curl --http2 offers it.
            &[("origin", "https://app.test"), ("upgrade", "h2c")],
        ];
        for case in good {
            assert!(origins().admit(&headers(case), true).is_ok(), "{case:?}");
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
            &[("origin", "https://app.test"), ("sec-fetch-mode", "no-cors")],
            &[("origin", "https://app.test"), ("sec-fetch-mode", "navigate")],
            &[("origin", "https://app.test"), ("sec-fetch-dest", "document")],
            &[("origin", "https://app.test"), ("sec-fetch-dest", "")],
            // Sockets, as Chromium and Firefox open them, and as they may be written.
            &[
                ("origin", "https://app.test"),
                ("upgrade", "websocket"),
                ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
            ],
            &[("origin", "https://app.test"), ("sec-fetch-mode", "websocket")],
            &[("origin", "https://app.test"), ("sec-websocket-key", "")],
            &[("origin", "https://app.test"), ("upgrade", "WebSocket")],
            &[("origin", "https://app.test"), ("upgrade", "h2c, websocket/13")],
            &[("origin", "https://app.test"), ("upgrade", "h2c"), ("upgrade", "websocket")],
        ];
        for case in bad {
            let refused = origins().admit(&headers(case), false).unwrap_err();
            assert_eq!(refused.code, Code::OriginNotAllowed, "{case:?}");
        }
    }

    #[test]
    fn outside_a_browser_a_bearer_passes_and_a_cookie_does_not() {
        assert!(origins().admit(&HeaderMap::new(), false).is_ok());
        assert!(origins().admit(&HeaderMap::new(), true).is_err());
    }

    #[test]
    fn repeated_and_joined_headers_are_malformed() {
        for name in ["origin", "authorization", "sec-fetch-site", "sec-fetch-user"] {
            assert!(refuse_ambiguous(&headers(&[(name, "a"), (name, "a")])).is_err(), "{name} twice");
            assert!(refuse_ambiguous(&headers(&[(name, "a, a")])).is_err(), "{name} joined");
            assert!(refuse_ambiguous(&headers(&[(name, "a")])).is_ok(), "{name} once");
        }
        assert!(refuse_ambiguous(&headers(&[("accept", "a, b")])).is_ok());
    }

    #[test]
    fn only_origins_as_browsers_send_them_can_be_listed() {
        for good in ["https://a.test", "https://a.test:8443", "http://localhost:3000", "tauri://localhost"] {
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
