//! Google's error responses (<https://cloud.google.com/apis/design/errors#http_mapping>).

use http::StatusCode;
use serde_json::Value;
use voicemint::provider::{Verdict, known_code};

/// The reason of a key that is wrong. Its status is 400, not 401.
const WRONG_KEY: &str = "API_KEY_INVALID";

/// The reasons that the log shows: of `google.api.ErrorReason`, those that concern a key, a project
/// or a quota.
const REASONS: [&str; 13] = [
    WRONG_KEY,
    "API_KEY_SERVICE_BLOCKED",
    "API_KEY_HTTP_REFERRER_BLOCKED",
    "API_KEY_IP_ADDRESS_BLOCKED",
    "API_KEY_ANDROID_APP_BLOCKED",
    "API_KEY_IOS_APP_BLOCKED",
    "SERVICE_DISABLED",
    "BILLING_DISABLED",
    "CONSUMER_SUSPENDED",
    "CONSUMER_INVALID",
    "RATE_LIMIT_EXCEEDED",
    "RESOURCE_QUOTA_EXCEEDED",
    "LOCATION_POLICY_VIOLATED",
];

/// The names of `google.rpc.Code`, except `OK`.
const STATUSES: [&str; 16] = [
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
];

/// The codes of an error response. Unknown codes are not kept: they are free text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GoogleError {
    reason: Option<&'static str>,
    status: Option<&'static str>,
}

impl GoogleError {
    /// Reads `error.status`, and the first known reason in `error.details`. An error in another
    /// format has neither.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let details = body.pointer("/error/details").and_then(Value::as_array);
        let mut reasons = details.into_iter().flatten().filter_map(|detail| {
            let reason = detail.get("reason")?.as_str()?;
            known_code(reason, &REASONS)
        });
        let status = body.pointer("/error/status").and_then(Value::as_str);
        Self {
            reason: reasons.next(),
            status: status.and_then(|status| known_code(status, &STATUSES)),
        }
    }

    /// What the error means. The HTTP status says it, except for a wrong key.
    pub(crate) fn verdict(self, status: StatusCode) -> Verdict {
        if status.is_client_error() && self.reason == Some(WRONG_KEY) {
            Verdict::KeyRejected
        } else {
            Verdict::by_status(status)
        }
    }

    /// The most precise code.
    pub(crate) fn known_code(self) -> Option<&'static str> {
        self.reason.or(self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(status: &str, reason: Option<&str>) -> String {
        let mut error = json!({"code": 400, "message": "secret text", "status": status});
        if let Some(reason) = reason {
            error["details"] = json!([
                {"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "message": "m"},
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason},
            ]);
        }
        json!({ "error": error }).to_string()
    }

    #[test]
    fn a_wrong_key_is_an_invalid_argument() {
        let verdict = |status: u16, body: String| {
            GoogleError::parse(body.as_bytes()).verdict(StatusCode::from_u16(status).unwrap())
        };
        let key = || error("INVALID_ARGUMENT", Some("API_KEY_INVALID"));
        for (status, body, expected) in [
            (400, key(), Verdict::KeyRejected),
            (403, key(), Verdict::KeyRejected),
            (503, key(), Verdict::Unavailable),
            (401, error("UNAUTHENTICATED", None), Verdict::KeyRejected),
            (401, String::new(), Verdict::KeyRejected),
            (400, error("INVALID_ARGUMENT", None), Verdict::Rejected),
            (400, "[]".to_owned(), Verdict::Rejected),
            (403, error("PERMISSION_DENIED", None), Verdict::Rejected),
            (
                403,
                error("PERMISSION_DENIED", Some("API_KEY_IP_ADDRESS_BLOCKED")),
                Verdict::Rejected,
            ),
            (429, error("RESOURCE_EXHAUSTED", None), Verdict::Unavailable),
            (500, "<html>".to_owned(), Verdict::Unavailable),
        ] {
            assert_eq!(verdict(status, body.clone()), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_log_gets_the_reason_or_the_status_but_no_other_text() {
        let code = |body: &str| GoogleError::parse(body.as_bytes()).known_code();
        for (body, expected) in [
            (
                error("INVALID_ARGUMENT", Some("API_KEY_INVALID")),
                Some("API_KEY_INVALID"),
            ),
            (
                error("PERMISSION_DENIED", Some("the key AIza")),
                Some("PERMISSION_DENIED"),
            ),
            (
                error("RESOURCE_EXHAUSTED", None),
                Some("RESOURCE_EXHAUSTED"),
            ),
            (error("the key AIza", None), None),
        ] {
            assert_eq!(code(&body), expected, "{body}");
        }
        for body in [
            "",
            "[]",
            "{}",
            r#"{"error":"INVALID_ARGUMENT"}"#,
            r#"{"error":{"status":7,"details":{"reason":"API_KEY_INVALID"}}}"#,
            r#"{"error":{"details":[7,null,{"reason":7}]}}"#,
            "\u{0}",
        ] {
            assert_eq!(code(body), None, "{body}");
        }
    }
}
