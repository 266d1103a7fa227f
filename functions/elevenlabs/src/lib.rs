//! ElevenLabs' single-use tokens (<https://elevenlabs.io/docs/api-reference/tokens/create>).
//!
//! A token expires after 15 minutes, can be used once, and has one of three types.

use bytes::Bytes;
use http::{Request, StatusCode, header};
use serde_json::Value;
use voicemint::problem::Problem;
use voicemint::provider::request::{Fields, TokenRequest};
use voicemint::provider::token::{MintedToken, TokenResponse};
use voicemint::provider::{ApiKey, Provider, Verdict, check_grants, known_code};
use voicemint::settings::Reader;

/// All token types.
const TOKEN_TYPES: [&str; 3] = ["realtime_scribe", "tts_websocket", "batch_scribe"];
/// The lifetime of every token, in seconds.
const LIFETIME_SECONDS: u32 = 900;

/// The error codes that the log shows
/// (<https://elevenlabs.io/docs/eleven-api/resources/errors>, and
/// <https://help.elevenlabs.io/hc/en-us/articles/19572237925521> for the older ones).
const ERROR_CODES: [&str; 12] = [
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
    "max_character_limit_exceeded",
    "voice_not_found",
];

/// ElevenLabs, with the settings of a deployment.
#[derive(Debug)]
pub struct ElevenLabs {
    base_url: String,
    allowed: Vec<&'static str>,
}

impl Provider for ElevenLabs {
    const NAME: &'static str = "elevenlabs";
    const COOKIE: &'static str = "__Host-elevenlabs-token";
    const SINGLE_USE: bool = true;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.elevenlabs.io"),
            allowed: reader.choices("ALLOWED_TOKEN_TYPES", &TOKEN_TYPES, &TOKEN_TYPES),
        }
    }

    fn base_url(&self) -> &str {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        let is_named = fields.has("token_type");
        let mut token_type = fields.choice("token_type", &TOKEN_TYPES);
        if !is_named {
            if let [only] = *self.allowed.as_slice() {
                token_type = Some(only);
            } else {
                fields.error(
                    "token_type",
                    format!("is missing: it must be one of {}", self.allowed.join(", ")),
                );
            }
        }
        // The lifetime is fixed: a caller may send it, but no other value.
        fields.whole_number("expires_in", LIFETIME_SECONDS..=LIFETIME_SECONDS);
        fields.finish()?;
        let grants = token_type.into_iter().collect::<Vec<_>>();
        check_grants(&grants, &self.allowed, "ALLOWED_TOKEN_TYPES")?;
        Ok(TokenRequest {
            grants,
            expires_in: LIFETIME_SECONDS,
            max_session_duration: None,
        })
    }

    fn mint_request(&self, request: &TokenRequest, key: &ApiKey) -> http::Result<Request<Bytes>> {
        let token_type = request.grants.first().copied().unwrap_or_default();
        Request::post(format!(
            "{}/v1/single-use-token/{token_type}",
            self.base_url
        ))
        .header("xi-api-key", key.header("")?)
        .header(header::CONTENT_LENGTH, "0")
        .body(Bytes::new())
    }

    fn parse_token(
        &self,
        request: &TokenRequest,
        body: &[u8],
    ) -> Result<MintedToken, &'static str> {
        let token = TokenResponse::parse(body)?.token("token")?;
        Ok(MintedToken {
            token,
            expires_in: request.expires_in,
        })
    }

    /// ElevenLabs describes an error in the body. It used the same status for an invalid key and an
    /// exceeded quota (<https://elevenlabs.io/docs/eleven-api/resources/errors>).
    fn verdict(&self, status: StatusCode, body: &[u8]) -> Verdict {
        match error_code(body).as_deref() {
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

    fn error_code(&self, body: &[u8]) -> Option<&'static str> {
        known_code(&error_code(body)?, &ERROR_CODES)
    }
}

/// `detail.code`, or `detail.status` in older responses. The `detail` of a validation error is an
/// array and has neither.
fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let detail = body.get("detail")?;
    ["code", "status"]
        .iter()
        .find_map(|name| detail.get(name)?.as_str())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use voicemint::problem::Code;

    fn elevenlabs(allowed: &'static str) -> ElevenLabs {
        let environment = [("ALLOWED_TOKEN_TYPES", allowed)];
        let mut reader = Reader::new(&environment);
        let provider = ElevenLabs::from_settings(&mut reader);
        reader.finish(Some(provider)).unwrap()
    }

    fn token_request(provider: &ElevenLabs, query: &str) -> Result<TokenRequest, Problem> {
        provider.token_request(Fields::read(
            &Request::get(format!("/?{query}"))
                .body(Bytes::new())
                .unwrap(),
        )?)
    }

    #[test]
    fn the_type_is_optional_if_only_one_is_allowed() {
        assert_eq!(
            token_request(&elevenlabs("batch_scribe"), "")
                .ok()
                .unwrap()
                .grants,
            ["batch_scribe"]
        );
        let problem = token_request(&elevenlabs(""), "").unwrap_err();
        assert_eq!(problem.code, Code::RequestInvalid);
        assert_eq!(problem.errors.len(), 1);
    }

    #[test]
    fn a_type_must_be_known_and_allowed() {
        assert_eq!(
            token_request(&elevenlabs(""), "token_type=tts_websocket")
                .ok()
                .unwrap()
                .grants,
            ["tts_websocket"]
        );
        let narrow = elevenlabs("realtime_scribe,batch_scribe");
        assert_eq!(
            token_request(&narrow, "token_type=tts_websocket")
                .unwrap_err()
                .code,
            Code::GrantNotAllowed
        );
        assert_eq!(
            token_request(&narrow, "token_type=../voices")
                .unwrap_err()
                .code,
            Code::RequestInvalid
        );
    }

    #[test]
    fn the_lifetime_is_fixed() {
        assert!(token_request(&elevenlabs("batch_scribe"), "expires_in=900").is_ok());
        assert_eq!(
            token_request(&elevenlabs("batch_scribe"), "expires_in=60")
                .unwrap_err()
                .code,
            Code::RequestInvalid
        );
    }

    #[test]
    fn an_errors_code_takes_precedence_over_its_status() {
        let provider = elevenlabs("");
        for (status, body, verdict) in [
            (
                401,
                r#"{"detail":{"code":"invalid_api_key","status":"other"}}"#,
                Verdict::KeyRejected,
            ),
            (
                400,
                r#"{"detail":{"status":"invalid_api_key"}}"#,
                Verdict::KeyRejected,
            ),
            (
                401,
                r#"{"detail":{"code":null,"status":"quota_exceeded"}}"#,
                Verdict::Rejected,
            ),
            (
                401,
                r#"{"detail":{"status":"quota_exceeded"}}"#,
                Verdict::Rejected,
            ),
            (
                400,
                r#"{"detail":{"status":"system_busy"}}"#,
                Verdict::Unavailable,
            ),
            (
                422,
                r#"{"detail":[{"loc":["path"],"msg":"m","type":"t"}]}"#,
                Verdict::Rejected,
            ),
            (401, "nonsense", Verdict::KeyRejected),
            (500, "", Verdict::Unavailable),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                provider.verdict(status, body.as_bytes()),
                verdict,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn the_log_shows_known_error_codes_only() {
        let provider = elevenlabs("");
        for code in [
            "missing_permissions",
            "quota_exceeded",
            "detected_unusual_activity",
            "invalid_api_key",
        ] {
            for name in ["code", "status"] {
                let body = format!(r#"{{"detail":{{"{name}":"{code}","message":"sk_secret"}}}}"#);
                assert_eq!(provider.error_code(body.as_bytes()), Some(code), "{body}");
            }
        }
        for body in [
            r#"{"detail":{"status":"sk_secret"}}"#,
            r#"{"detail":[]}"#,
            r#"{"detail":"quota_exceeded"}"#,
            "",
        ] {
            assert_eq!(provider.error_code(body.as_bytes()), None, "{body}");
        }
        let account_error = br#"{"detail":{"status":"detected_unusual_activity"}}"#;
        assert_eq!(
            provider.verdict(StatusCode::UNAUTHORIZED, account_error),
            Verdict::Rejected
        );
    }
}
