//! OpenAI's error responses (<https://platform.openai.com/docs/guides/error-codes>):
//! `{"error": {"message", "type", "param", "code"}}`.

use http::StatusCode;
use serde_json::Value;
use voicemint::provider::{Verdict, known_code};

/// The codes and types that the log shows. Codes are OpenAI's general ones.
const KNOWN: [&str; 17] = [
    "invalid_api_key",
    "invalid_organization",
    "insufficient_quota",
    "rate_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_not_active",
    "account_deactivated",
    "insufficient_permissions",
    "ip_not_authorized",
    "unsupported_country_region_territory",
    "model_not_found",
    "invalid_value",
    "invalid_type",
    "missing_required_parameter",
    "unknown_parameter",
    "invalid_request_error",
    "server_error",
];

/// What an error response means.
pub(crate) fn verdict(status: StatusCode, body: &[u8]) -> Verdict {
    let error = Members::read(body);
    if error.has("invalid_api_key") {
        Verdict::KeyRejected
    } else if error.has("insufficient_quota") {
        // The same status as for too many requests, but a retry would fail too.
        Verdict::Rejected
    } else if error.has("rate_limit_exceeded") {
        Verdict::Unavailable
    } else {
        Verdict::by_status(status)
    }
}

/// The code for the log, or the type if the code is not known.
pub(crate) fn known(body: &[u8]) -> Option<&'static str> {
    let error = Members::read(body);
    let names = [error.code, error.kind];
    names
        .iter()
        .flatten()
        .find_map(|name| known_code(name, &KNOWN))
}

/// The members that tell errors apart.
struct Members {
    code: Option<String>,
    kind: Option<String>,
}

impl Members {
    fn read(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| {
            let value = body.get("error")?.get(name)?;
            value.as_str().map(str::to_owned)
        };
        Self {
            code: text("code"),
            kind: text("type"),
        }
    }

    fn has(&self, name: &str) -> bool {
        [&self.code, &self.kind]
            .into_iter()
            .any(|member| member.as_deref() == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict_of(status: u16, body: &str) -> Verdict {
        verdict(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn an_errors_code_takes_precedence_over_its_status() {
        let code =
            |code: &str| format!(r#"{{"error":{{"message":"m","type":"t","code":"{code}"}}}}"#);
        for (status, body, expected) in [
            (401, code("invalid_api_key"), Verdict::KeyRejected),
            (429, code("rate_limit_exceeded"), Verdict::Unavailable),
            (429, code("insufficient_quota"), Verdict::Rejected),
            (
                429,
                r#"{"error":{"type":"insufficient_quota","code":null}}"#.to_owned(),
                Verdict::Rejected,
            ),
            (400, code("unknown_parameter"), Verdict::Rejected),
            (
                403,
                code("unsupported_country_region_territory"),
                Verdict::Rejected,
            ),
        ] {
            assert_eq!(verdict_of(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn other_bodies_leave_it_to_the_status() {
        for body in [
            "",
            "null",
            "[]",
            "<html>",
            r#"{"error":"insufficient_quota"}"#,
            r#"{"error":{"code":7}}"#,
        ] {
            for (status, expected) in [
                (401, Verdict::KeyRejected),
                (403, Verdict::Rejected),
                (429, Verdict::Unavailable),
                (503, Verdict::Unavailable),
            ] {
                assert_eq!(verdict_of(status, body), expected, "{status} {body}");
            }
        }
    }

    #[test]
    fn the_log_shows_known_codes_only() {
        for (body, expected) in [
            (
                r#"{"error":{"code":"invalid_api_key","type":"invalid_request_error"}}"#,
                Some("invalid_api_key"),
            ),
            (
                r#"{"error":{"code":null,"type":"insufficient_quota"}}"#,
                Some("insufficient_quota"),
            ),
            (
                r#"{"error":{"code":"sk-secret","type":"invalid_request_error"}}"#,
                Some("invalid_request_error"),
            ),
            (
                r#"{"error":{"code":"sk-secret","message":"insufficient_quota"}}"#,
                None,
            ),
            ("insufficient_quota", None),
            ("", None),
        ] {
            assert_eq!(known(body.as_bytes()), expected, "{body}");
        }
    }
}
