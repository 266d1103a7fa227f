//! Soniox's error responses: `{"status_code", "error_type", "message", "validation_errors",
//! "request_id", "more_info"}` (<https://soniox.com/docs/api-reference/errors>).

use http::StatusCode;
use serde_json::Value;
use voicemint::provider::{Verdict, known_code};

/// The error types that the log shows. The documentation lists them, except `bad_request` and
/// `quota_exceeded`, which the Python SDK 2.10.0 names.
const ERROR_TYPES: [&str; 12] = [
    "unauthenticated",
    "permission_denied",
    "invalid_request",
    "bad_request",
    "organization_balance_exhausted",
    "organization_monthly_budget_exhausted",
    "project_monthly_budget_exhausted",
    "quota_exceeded",
    "limit_exceeded",
    "request_timeout",
    "internal_error",
    "service_unavailable",
];

/// What an error response means.
pub(crate) fn verdict(status: StatusCode, body: &[u8]) -> Verdict {
    match known_type(body) {
        Some("unauthenticated") => Verdict::KeyRejected,
        // The key is valid but has not the permission, or the account cannot pay: another version
        // of the key would fail too.
        Some(
            "permission_denied"
            | "quota_exceeded"
            | "organization_balance_exhausted"
            | "organization_monthly_budget_exhausted"
            | "project_monthly_budget_exhausted",
        ) => Verdict::Rejected,
        _ => Verdict::by_status(status),
    }
}

/// The `error_type`, if it is a known one.
pub(crate) fn known_type(body: &[u8]) -> Option<&'static str> {
    let body: Value = serde_json::from_slice(body).ok()?;
    known_code(body.get("error_type")?.as_str()?, &ERROR_TYPES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, error_type: &str) -> Verdict {
        let body =
            format!(r#"{{"status_code":{status},"error_type":"{error_type}","message":"m"}}"#);
        verdict(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn the_error_type_says_whether_another_key_or_a_retry_helps() {
        for (status, error_type, expected) in [
            (401, "unauthenticated", Verdict::KeyRejected),
            (403, "unauthenticated", Verdict::KeyRejected),
            (401, "something_new", Verdict::KeyRejected),
            (403, "permission_denied", Verdict::Rejected),
            (401, "permission_denied", Verdict::Rejected),
            (400, "invalid_request", Verdict::Rejected),
            (402, "organization_balance_exhausted", Verdict::Rejected),
            (402, "something_new", Verdict::Rejected),
            (429, "project_monthly_budget_exhausted", Verdict::Rejected),
            (429, "limit_exceeded", Verdict::Unavailable),
            (429, "something_new", Verdict::Unavailable),
            (408, "request_timeout", Verdict::Unavailable),
            (500, "internal_error", Verdict::Unavailable),
            (503, "service_unavailable", Verdict::Unavailable),
        ] {
            assert_eq!(
                judged(status, error_type),
                expected,
                "{status} {error_type}"
            );
        }
    }

    #[test]
    fn a_body_in_another_form_is_judged_by_its_status() {
        for body in [
            "",
            "<html>",
            "[]",
            "null",
            r#"{"error_type":7}"#,
            r#"{"error_type":["permission_denied"]}"#,
            r#"{"error":{"error_type":"permission_denied"}}"#,
        ] {
            let judged = verdict(StatusCode::UNAUTHORIZED, body.as_bytes());
            assert_eq!(judged, Verdict::KeyRejected, "{body}");
            assert_eq!(known_type(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn only_known_types_are_named() {
        let body = |name: &str| format!(r#"{{"error_type":"{name}"}}"#);
        for name in ERROR_TYPES {
            assert_eq!(known_type(body(name).as_bytes()), Some(name));
        }
        assert_eq!(known_type(body("Permission_Denied").as_bytes()), None);
        assert_eq!(known_type(body("my-key-is-abc").as_bytes()), None);
    }
}
