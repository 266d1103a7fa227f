//! What ElevenLabs' error responses mean (<https://elevenlabs.io/docs/eleven-api/resources/errors>).

use http::StatusCode;
use serde_json::Value;
use voicemint::provider::{Verdict, known_code};

/// The error codes that the log shows
/// (<https://elevenlabs.io/docs/eleven-api/resources/errors>, and
/// <https://help.elevenlabs.io/hc/en-us/articles/19572237925521> for the older ones).
const ERROR_CODES: [&str; 10] = [
    "invalid_api_key",
    "missing_api_key",
    "missing_permissions",
    "insufficient_permissions",
    "quota_exceeded",
    "detected_unusual_activity",
    "rate_limit_exceeded",
    "concurrent_limit_exceeded",
    "too_many_concurrent_requests",
    "system_busy",
];

/// ElevenLabs used the same status for an invalid key and an exceeded quota, so the code decides.
pub(crate) fn verdict(status: StatusCode, body: &[u8]) -> Verdict {
    match code(body).as_deref() {
        Some("invalid_api_key" | "missing_api_key") => Verdict::KeyRejected,
        // These concern the account: another version of the key would fail too.
        Some("quota_exceeded" | "detected_unusual_activity") => Verdict::Rejected,
        Some(
            "rate_limit_exceeded"
            | "concurrent_limit_exceeded"
            | "too_many_concurrent_requests"
            | "system_busy",
        ) => Verdict::Unavailable,
        _ => Verdict::by_status(status),
    }
}

/// The code, if it is a known one.
pub(crate) fn code_for_log(body: &[u8]) -> Option<&'static str> {
    known_code(&code(body)?, &ERROR_CODES)
}

/// `detail.code`, or `detail.status` in older responses. The `detail` of a validation error is an
/// array and has neither.
fn code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let detail = body.get("detail")?;
    let mut codes = ["code", "status"]
        .iter()
        .map(|name| detail.get(name)?.as_str());
    codes.find_map(|code| code).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errors_code_takes_precedence_over_its_status() {
        let body =
            |code: &str| format!(r#"{{"detail":{{"code":"{code}","message":"sk_secret"}}}}"#);
        let old = |code: &str| format!(r#"{{"detail":{{"code":null,"status":"{code}"}}}}"#);
        for (status, body, expected) in [
            (400, body("invalid_api_key"), Verdict::KeyRejected),
            (401, old("quota_exceeded"), Verdict::Rejected),
            (401, body("detected_unusual_activity"), Verdict::Rejected),
            (400, old("system_busy"), Verdict::Unavailable),
            (403, body("missing_permissions"), Verdict::Rejected),
            (404, body("unknown"), Verdict::Rejected),
            (
                404,
                r#"{"detail":"Not Found"}"#.to_owned(),
                Verdict::Rejected,
            ),
            (
                422,
                r#"{"detail":[{"loc":["query"],"msg":"m","type":"t"}]}"#.to_owned(),
                Verdict::Rejected,
            ),
            (429, "[]".to_owned(), Verdict::Unavailable),
            (401, "nonsense".to_owned(), Verdict::KeyRejected),
            (500, String::new(), Verdict::Unavailable),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                verdict(status, body.as_bytes()),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn the_log_shows_known_codes_only() {
        for (body, expected) in [
            (
                r#"{"detail":{"code":"missing_permissions"}}"#,
                Some("missing_permissions"),
            ),
            (
                r#"{"detail":{"status":"quota_exceeded"}}"#,
                Some("quota_exceeded"),
            ),
            (r#"{"detail":{"code":"agent_of_mine"}}"#, None),
            (r#"{"detail":{"code":["quota_exceeded"]}}"#, None),
            (r#"{"detail":"quota_exceeded"}"#, None),
            (r#"{"detail":[]}"#, None),
            ("", None),
        ] {
            assert_eq!(code_for_log(body.as_bytes()), expected, "{body}");
        }
    }
}
