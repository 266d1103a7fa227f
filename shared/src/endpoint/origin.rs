//! Which browser pages may call: the control against cross-site requests.
//!
//! `SameSite` cookies do not stop a sibling subdomain, so the caller's `Origin` and Fetch Metadata
//! decide (<https://www.w3.org/TR/fetch-metadata/>). Preflights are answered here too: the gateway
//! has no CORS settings.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::origin_pattern::OriginPattern;
use crate::problem::{Code, Problem};
use crate::session::credential::after_bearer;
use crate::settings::Reader;

/// The pages that may call, from `ALLOWED_ORIGINS`.
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
                 at the end, http only on localhost); the first label may be * where at least three more follow, as in \
                 https://*.preview.example.com",
            );
        }
        Self(origins)
    }

    /// The request's origin, where it is one of ours.
    pub fn allowed<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let origin = origins.next()?;
        self.0
            .iter()
            .find(|known| known.matches(origin.as_bytes()))?;
        origins.next().is_none().then_some(origin)
    }

    /// Lets a preflight pass, or refuses it.
    ///
    /// # Errors
    /// [`Code::OriginNotAllowed`].
    pub fn admit_preflight(&self, headers: &HeaderMap) -> Result<(), Problem> {
        self.allowed(headers)
            .map(|_| ())
            .ok_or_else(|| refuse("the preflight is not from an allowed origin"))
    }

    /// Lets a request pass, or refuses it. `by_cookie` says that the caller is known by a cookie
    /// alone, which a browser attaches by itself.
    ///
    /// # Errors
    /// [`Code::OriginNotAllowed`].
    pub fn admit(&self, headers: &HeaderMap, by_cookie: bool) -> Result<(), Problem> {
        let site = headers.get("sec-fetch-site");
        match (headers.contains_key(header::ORIGIN), site) {
            (true, _) if self.allowed(headers).is_none() => {
                return Err(refuse("Origin is not in ALLOWED_ORIGINS"));
            }
            (false, Some(site)) if site != "same-origin" => {
                return Err(refuse("no Origin, and Sec-Fetch-Site is not same-origin"));
            }
            (false, None) if by_cookie => {
                return Err(refuse(
                    "a cookie credential with neither Origin nor Sec-Fetch-Site",
                ));
            }
            _ => {}
        }
        if headers
            .get("sec-fetch-mode")
            .is_some_and(|mode| mode != "cors" && mode != "same-origin")
        {
            return Err(refuse("Sec-Fetch-Mode is neither cors nor same-origin"));
        }
        if headers
            .get("sec-fetch-dest")
            .is_some_and(|dest| dest != "empty")
        {
            return Err(refuse("Sec-Fetch-Dest is not empty"));
        }
        if is_prefetch(headers) {
            return Err(refuse(
                "Sec-Purpose or Purpose says that the request is a prefetch",
            ));
        }
        // A mode of its own (<https://fetch.spec.whatwg.org/#concept-request-mode>), which Chromium
        // does not send along.
        if opens_socket(headers) {
            return Err(refuse("the request would open a WebSocket"));
        }
        Ok(())
    }
}

/// Whether a browser asks before anybody needs the answer
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

/// Whether a request is the handshake of a WebSocket (RFC 6455 section 4.1). `Upgrade` is for one
/// hop and may be gone by now (RFC 9110 section 7.8); the key is not.
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

/// Refuses headers that decide about trust and came more than once: the gateway joins repeated
/// headers with commas, and which of two counts is anybody's guess.
///
/// # Errors
/// [`Code::RequestMalformed`].
pub fn refuse_ambiguous(headers: &HeaderMap) -> Result<(), Problem> {
    let decides = |name: &HeaderName| {
        *name == header::ORIGIN
            || *name == header::AUTHORIZATION
            || name.as_str().starts_with("sec-fetch-")
    };
    for name in headers.keys().filter(|name| decides(name)) {
        let is_joined = if *name == header::AUTHORIZATION {
            joins_credentials
        } else {
            has_comma
        };
        let mut values = headers.get_all(name).iter();
        let joined = values
            .next()
            .is_some_and(|value| is_joined(value.as_bytes()));
        if joined || values.next().is_some() {
            let detail = format!("Send the {name} header once, with one value.");
            return Err(Problem::new(Code::RequestMalformed, detail));
        }
    }
    Ok(())
}

fn has_comma(value: &[u8]) -> bool {
    value.contains(&b',')
}

/// Whether an `Authorization` has a comma that no single credential of its scheme has: credentials
/// of other schemes than Bearer, such as AWS's signatures, are lists of `name=value` (RFC 9110
/// section 11.4).
fn joins_credentials(value: &[u8]) -> bool {
    if after_bearer(value).is_some() {
        return has_comma(value);
    }
    // A backslash in a quoted text takes the next character for what it is (RFC 9110 section
    // 5.6.4).
    let (mut quoted, mut escaped) = (false, false);
    let parts: Vec<&[u8]> = value
        .split(|byte| {
            quoted ^= *byte == b'"' && !escaped;
            escaped = quoted && !escaped && *byte == b'\\';
            *byte == b',' && !quoted
        })
        .map(<[u8]>::trim_ascii)
        .collect();
    // What a quotation mark without its other half hides may be another credential.
    let unclear = quoted && has_comma(value);
    unclear
        || parts
            .iter()
            .skip(1)
            .any(|part| has_scheme(part) || is_bearer(part))
}

/// Whether a part is a credential of the Bearer scheme, and no parameter whose name begins so.
fn is_bearer(part: &[u8]) -> bool {
    let is_parameter = |rest: &[u8]| {
        rest.first()
            .is_some_and(|byte| b"!#$%&'*+-.^_`|~".contains(byte))
            || rest.trim_ascii().starts_with(b"=")
    };
    after_bearer(part).is_some_and(|rest| !is_parameter(rest))
}

/// Whether a part begins with a scheme of its own: a word, white space, and no `=` after it.
fn has_scheme(part: &[u8]) -> bool {
    let word = part
        .iter()
        .take_while(|byte| !byte.is_ascii_whitespace() && **byte != b'=')
        .count();
    let (_, rest) = part.split_at_checked(word).unwrap_or_default();
    rest.first().is_some_and(u8::is_ascii_whitespace) && !rest.trim_ascii().starts_with(b"=")
}

fn refuse(reason: &'static str) -> Problem {
    let detail = "Call from a page whose origin is listed in ALLOWED_ORIGINS, with fetch and not by navigation or form; \
                  a client that is not a browser sends its session as a Bearer token.";
    Problem::new(Code::OriginNotAllowed, detail).with_reason(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        let environment = |name: &str| {
            (name == "ALLOWED_ORIGINS")
                .then(|| "https://app.test, capacitor://localhost".to_owned())
        };
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
            // As curl --http2 offers it.
            &[("origin", "https://app.test"), ("upgrade", "h2c")],
            &[("origin", "https://app.test"), ("sec-purpose", "")],
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
            // Sockets, as Chromium and Firefox open them, and as they may be written.
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
    fn a_pattern_stands_for_one_label_below_a_domain_of_ones_own() {
        let environment = |name: &str| {
            let listed =
                "https://app.test,https://*.preview.example.com,https://*.a.b.example.com:8443";
            (name == "ALLOWED_ORIGINS").then(|| listed.to_owned())
        };
        let mut reader = Reader::new(&environment);
        let origins = Origins::from_settings(&mut reader);
        assert!(reader.finish(Some(())).is_ok());
        let admits =
            |origin: &'static str| origins.admit(&headers(&[("origin", origin)]), true).is_ok();
        for good in [
            "https://app.test",
            "https://pr-1.preview.example.com",
            "https://x.preview.example.com",
            "https://xn--e-0.preview.example.com",
            "https://v2.a.b.example.com:8443",
        ] {
            assert!(admits(good), "{good}");
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
            assert!(!admits(bad), "{bad}");
        }
        let long = format!("https://{}.preview.example.com", "a".repeat(64)).leak();
        assert!(!admits(long), "no label is that long");
    }

    #[test]
    fn another_scheme_than_bearer_may_have_commas() {
        for good in [
            "AWS4-HMAC-SHA256 Credential=AKID/20261129/eu-central-1/execute-api/aws4_request, SignedHeaders=host, Signature=ab",
            "Digest username=\"ada\", realm=\"a, Bearer b\", nonce = \"x\", qop=auth",
            "Basic eDp5",
            "Bearer abc",
            "",
            "Digest username=\"O\\\"N, x\", realm=\"a\"",
            "Digest username=\"a\\\\\", realm=\"a, Bearer b\"",
            "Hawk id=\"a\", bearer=\"b\"",
            "Hawk id=\"a\", bearer = \"b\"",
            "OAuth a=\"1\", bearer_x=\"2\"",
            "OAuth a=\"1\", bearer-x=\"2\", bearers=\"3\"",
            "Bearers a,b",
            "Bearer \"a b\"",
        ] {
            assert!(
                refuse_ambiguous(&headers(&[("authorization", good)])).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "Bearer a, Bearer b",
            "Bearer a,b",
            "bearer a, Basic eDp5",
            "Basic eDp5, Bearer a",
            "Basic eDp5,bearer",
            "Basic eDp5, Basic eDp5",
            "AWS4-HMAC-SHA256 Credential=a, Signature=b, AWS4-HMAC-SHA256 Credential=a",
            "Digest realm=\"a\", Bearer b",
            "Digest realm=\"a, Bearer b",
            "Bearer \"a,b\"",
            "Bearer a\"b,c",
            "Bearer,a",
            "bearer:a,b",
            "Bearer\ta,b",
            "Digest realm=\"a\\\", Bearer b",
            "Basic eDp5, bearer: a",
            "Hawk id=\"a\", bearer=\"b\", Bearer c",
        ] {
            assert!(
                refuse_ambiguous(&headers(&[("authorization", bad)])).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn repeated_and_joined_headers_are_malformed() {
        for name in [
            "origin",
            "authorization",
            "sec-fetch-site",
            "sec-fetch-user",
        ] {
            assert!(
                refuse_ambiguous(&headers(&[(name, "a"), (name, "a")])).is_err(),
                "{name} twice"
            );
            let joined = if name == "authorization" {
                "Bearer a, a"
            } else {
                "a, a"
            };
            assert!(
                refuse_ambiguous(&headers(&[(name, joined)])).is_err(),
                "{name} joined"
            );
            assert!(
                refuse_ambiguous(&headers(&[(name, "a")])).is_ok(),
                "{name} once"
            );
        }
        assert!(refuse_ambiguous(&headers(&[("accept", "a, b")])).is_ok());
    }
}
