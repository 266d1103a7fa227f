//! Headers that decide about trust and could be read in more than one way.
//!
//! A gateway joins repeated headers with commas, and readers differ in which of the values counts.

use http::{HeaderMap, HeaderName, header};

use crate::problem::{Code, Problem};
use crate::session::credential::after_bearer;

/// Rejects a request in which a header that decides about trust is repeated or joined.
///
/// # Errors
/// [`Code::RequestMalformed`].
pub(crate) fn reject_ambiguous(headers: &HeaderMap) -> Result<(), Problem> {
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

/// Whether the value of an `Authorization` header may hold more than one credential. A Bearer
/// credential has no comma. Credentials of other schemes, such as AWS's signatures, are lists of
/// `name=value` (RFC 9110 section 11.4).
fn joins_credentials(value: &[u8]) -> bool {
    if after_bearer(value).is_some() {
        return has_comma(value);
    }
    // In a quoted string, a backslash escapes the next character (RFC 9110 section 5.6.4).
    let (mut quoted, mut escaped) = (false, false);
    let parts: Vec<&[u8]> = value
        .split(|byte| {
            quoted ^= *byte == b'"' && !escaped;
            escaped = quoted && !escaped && *byte == b'\\';
            *byte == b',' && !quoted
        })
        .map(<[u8]>::trim_ascii)
        .collect();
    // An unclosed quoted string may hide another credential.
    let unclosed = quoted && has_comma(value);
    unclosed
        || parts
            .iter()
            .skip(1)
            .any(|part| has_scheme(part) || is_bearer(part))
}

/// Whether a part is a Bearer credential. A parameter whose name begins with `bearer` is none.
fn is_bearer(part: &[u8]) -> bool {
    let is_parameter = |rest: &[u8]| {
        rest.first()
            .is_some_and(|byte| b"!#$%&'*+-.^_`|~".contains(byte))
            || rest.trim_ascii().starts_with(b"=")
    };
    after_bearer(part).is_some_and(|rest| !is_parameter(rest))
}

/// Whether a part begins with a scheme: a word that is followed by white space and not by `=`.
fn has_scheme(part: &[u8]) -> bool {
    let word = part
        .iter()
        .take_while(|byte| !byte.is_ascii_whitespace() && **byte != b'=')
        .count();
    let (_, rest) = part.split_at_checked(word).unwrap_or_default();
    rest.first().is_some_and(u8::is_ascii_whitespace) && !rest.trim_ascii().starts_with(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_credential_of_another_scheme_may_contain_commas() {
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
                reject_ambiguous(&headers(&[("authorization", good)])).is_ok(),
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
                reject_ambiguous(&headers(&[("authorization", bad)])).is_err(),
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
                reject_ambiguous(&headers(&[(name, "a"), (name, "a")])).is_err(),
                "{name} twice"
            );
            let joined = if name == "authorization" {
                "Bearer a, a"
            } else {
                "a, a"
            };
            assert!(
                reject_ambiguous(&headers(&[(name, joined)])).is_err(),
                "{name} joined"
            );
            assert!(
                reject_ambiguous(&headers(&[(name, "a")])).is_ok(),
                "{name} once"
            );
        }
        assert!(reject_ambiguous(&headers(&[("accept", "a, b")])).is_ok());
    }
}
