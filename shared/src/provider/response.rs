//! The body of a provider's successful response.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::json;
use crate::provider::token::ProviderToken;

/// The body of a provider's successful response, if it is a JSON object. It has no `Debug`, as it
/// holds the token.
///
/// A place in it is a member's name, or a JSON pointer (RFC 6901) such as `/client_secret/value`.
pub struct TokenResponse(Value);

const NO_LIFETIME: &str = "the provider's response has no valid lifetime";
const NOT_VISIBLE: &str = "the provider's token is empty, too long or not visible ASCII";

impl TokenResponse {
    /// Parses the body.
    ///
    /// # Errors
    /// A clause for the log.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let parsed = serde_json::from_slice(body).ok().filter(Value::is_object);
        parsed.map(Self).ok_or_else(|| {
            if json::is_gzip(body) {
                "the provider's response is gzip-compressed although that was not requested"
            } else {
                "the provider's response is not a JSON object"
            }
        })
    }

    /// The token that is the whole body, as plain text.
    ///
    /// # Errors
    /// A clause for the log.
    pub fn plain_text(body: &[u8]) -> Result<ProviderToken, &'static str> {
        let text = std::str::from_utf8(body).map_err(|_| NOT_VISIBLE)?;
        let text = text.trim_ascii();
        // An error message of a proxy or of the provider must not reach the caller as a token.
        if text.starts_with(['<', '{', '[', '"']) {
            return Err("the provider's response is HTML or JSON instead of a token");
        }
        ProviderToken::new(text).ok_or(NOT_VISIBLE)
    }

    /// The token at a place.
    ///
    /// # Errors
    /// A clause for the log.
    pub fn token(&self, place: &str) -> Result<ProviderToken, &'static str> {
        let text = self
            .text(place)
            .ok_or("the provider's response has no token")?;
        ProviderToken::new(text).ok_or(NOT_VISIBLE)
    }

    /// A text.
    pub fn text(&self, place: &str) -> Option<&str> {
        self.member(place)?.as_str()
    }

    /// A number of seconds, such as a lifetime or a Unix time, rounded down. `None` if it is absent.
    ///
    /// # Errors
    /// A clause for the log, if it is not a positive number.
    pub fn seconds(&self, place: &str) -> Result<Option<u64>, &'static str> {
        let Some(value) = self.member(place) else {
            return Ok(None);
        };
        // A number with a fraction, or one that JSON writes as 30.0. The conversion saturates.
        let floored = || value.as_f64().map(|seconds| seconds as u64);
        let seconds = value.as_u64().or_else(floored);
        seconds
            .filter(|seconds| *seconds > 0)
            .map(Some)
            .ok_or(NO_LIFETIME)
    }

    /// A time of ISO 8601 (RFC 3339), as seconds since the Unix epoch, rounded down. `None` if it is
    /// absent.
    ///
    /// # Errors
    /// A clause for the log, if it is not such a time.
    pub fn iso_time(&self, place: &str) -> Result<Option<u64>, &'static str> {
        let Some(value) = self.member(place) else {
            return Ok(None);
        };
        value
            .as_str()
            .and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
            .and_then(|moment| u64::try_from(moment.unix_timestamp()).ok())
            .map(Some)
            .ok_or(NO_LIFETIME)
    }

    /// Any value.
    pub fn member(&self, place: &str) -> Option<&Value> {
        if place.starts_with('/') {
            self.0.pointer(place)
        } else {
            self.0.get(place)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> TokenResponse {
        TokenResponse::parse(body.as_bytes()).ok().unwrap()
    }

    #[test]
    fn a_place_is_a_member_or_a_pointer() {
        let response = parsed(r#"{"a":{"b":"t-1"},"c":"t-2"}"#);
        for (place, token) in [
            ("/a/b", Some("t-1")),
            ("c", Some("t-2")),
            ("a", None),
            ("x", None),
        ] {
            let read = response.token(place).ok();
            assert_eq!(read.as_ref().map(ProviderToken::expose), token, "{place}");
        }
    }

    #[test]
    fn a_plain_text_is_a_token() {
        let token = |body| TokenResponse::plain_text(body).ok();
        assert_eq!(token(b"ey.J\n").unwrap().expose(), "ey.J");
        for body in [
            &b""[..],
            b"<html> </html>",
            b"\xff",
            b"a b",
            b"<html></html>",
            b"{\"error\":\"quota\"}",
            b"[]",
            b"\"error\"",
        ] {
            assert!(token(body).is_none(), "{body:?}");
        }
    }

    #[test]
    fn a_number_of_seconds_is_rounded_down() {
        let seconds = |value: &str| parsed(&format!(r#"{{"n":{value}}}"#)).seconds("n");
        assert_eq!(seconds("30"), Ok(Some(30)));
        assert_eq!(seconds("30.9"), Ok(Some(30)));
        assert_eq!(seconds("1e300"), Ok(Some(u64::MAX)));
        assert_eq!(parsed("{}").seconds("n"), Ok(None));
        for value in ["0", "0.9", "-1", "\"30\"", "null", "[]"] {
            assert!(seconds(value).is_err(), "{value}");
        }
    }

    #[test]
    fn an_iso_time_is_rounded_down() {
        let time = |value: &str| parsed(&format!(r#"{{"at":{value}}}"#)).iso_time("at");
        for value in [
            r#""2026-11-22T10:01:00Z""#,
            r#""2026-11-22T10:01:00.999999Z""#,
            r#""2026-11-22T11:01:00+01:00""#,
        ] {
            assert_eq!(time(value), Ok(Some(1_795_341_660)), "{value}");
        }
        assert_eq!(parsed("{}").iso_time("at"), Ok(None));
        for value in [
            "1795341660",
            "null",
            r#""2026-11-22""#,
            r#""1960-01-01T00:00:00Z""#,
            r#""""#,
        ] {
            assert!(time(value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_body_is_a_json_object() {
        for body in [&b"[]"[..], b"", b"\"t\"", b"{\"a\":1"] {
            assert!(TokenResponse::parse(body).is_err(), "{body:?}");
        }
        let gzip = TokenResponse::parse(&[0x1f, 0x8b, 8]).err().unwrap();
        assert!(gzip.contains("gzip"), "{gzip}");
    }
}
