//! ElevenLabs' single-use tokens (<https://elevenlabs.io/docs/api-reference/tokens/create>).
//!
//! A token expires after 15 minutes, can be used once, and has one of three types.

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use serde_json::Value;
use voicemint::problem::Problem;
use voicemint::provider::{
    BaseUrl, Fields, IssuedToken, Mint, MintContext, MintError, MintedToken, NoProfile, Provider,
    Socket, TokenDetails, TokenRequest, TokenResponse, Verdict, check_grants, known_code,
};
use voicemint::settings::Reader;

/// All token types.
const TOKEN_TYPES: [&str; 3] = ["realtime_scribe", "tts_websocket", "batch_scribe"];
/// The token types that open a socket, its path, and the parameter that holds the token. The page
/// replaces `{voice_id}`.
const SOCKETS: [(&str, &str, &str); 2] = [
    ("realtime_scribe", "/v1/speech-to-text/realtime", "token"),
    (
        "tts_websocket",
        "/v1/text-to-speech/{voice_id}/stream-input",
        "single_use_token",
    ),
];
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
    base_url: BaseUrl,
    allowed: Vec<&'static str>,
}

impl Provider for ElevenLabs {
    const NAME: &'static str = "elevenlabs";
    type Options = ();
    type Profile = NoProfile;

    fn from_settings(reader: &mut Reader) -> Self {
        Self {
            base_url: reader.base_url("PROVIDER_BASE_URL", "https://api.elevenlabs.io"),
            allowed: reader.choices("ALLOWED_TOKEN_TYPES", &TOKEN_TYPES, &TOKEN_TYPES),
        }
    }

    fn base_url(&self) -> &BaseUrl {
        &self.base_url
    }

    fn token_request(&self, mut fields: Fields) -> Result<TokenRequest, Problem> {
        let token_type = fields.choice_or_only("token_type", &TOKEN_TYPES, &self.allowed);
        // The lifetime is fixed: a caller may send it, but no other value.
        fields.whole_number("expires_in", LIFETIME_SECONDS..=LIFETIME_SECONDS, "seconds");
        fields.finish()?;
        let grants = token_type.into_iter().collect::<Vec<_>>();
        check_grants(&grants, &self.allowed, "ALLOWED_TOKEN_TYPES")?;
        Ok(TokenRequest::new(LIFETIME_SECONDS)
            .with_grants(grants)
            .with_single_use(true))
    }

    fn mint(&self, context: &MintContext<'_>) -> Result<Mint, MintError> {
        let base_url = self.base_url.as_str();
        let token_type = context.request().grants().first();
        let token_type = token_type.ok_or(MintError::Missing("token type"))?;
        let request = Request::post(format!("{base_url}/v1/single-use-token/{token_type}"))
            .header("xi-api-key", context.key()?.header("")?)
            .header(header::CONTENT_LENGTH, "0")
            .body(Bytes::new())?;
        Ok(request.into())
    }

    fn parse_token(
        &self,
        _context: &MintContext<'_>,
        response: &Response<Bytes>,
    ) -> Result<MintedToken, &'static str> {
        TokenResponse::parse(response.body())?
            .token("token")
            .map(MintedToken::new)
    }

    fn details(
        &self,
        request: &TokenRequest,
        token: &IssuedToken,
        _profile: Option<&NoProfile>,
    ) -> TokenDetails<'_> {
        let used = SOCKETS
            .iter()
            .filter(|(grant, _, _)| request.has_grant(grant));
        used.fold(
            TokenDetails::new(&self.base_url),
            |details, (grant, path, parameter)| {
                let socket = Socket::new(grant, &self.base_url, path)
                    .with_query(parameter, token.token.expose());
                details.with_socket(socket)
            },
        )
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
    use serde_json::json;
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
                .grants(),
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
                .grants(),
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

    #[test]
    fn a_token_opens_the_documented_sockets() {
        let provider = elevenlabs("");
        let sockets = |request| {
            let request = token_request(&provider, request).unwrap();
            let token = IssuedToken {
                token: voicemint::provider::ProviderToken::new("t-1").unwrap(),
                expires_in: 60,
                expires_at: 1_800_000_000,
                members: serde_json::Map::new(),
            };
            let details = provider.details(&request, &token, None);
            serde_json::to_value(details.connect()).unwrap()
        };
        let socket = |url: &str| json!({"url": url, "protocols": []});
        let host = "wss://api.elevenlabs.io";
        assert_eq!(
            sockets("token_type=realtime_scribe"),
            json!({"realtime_scribe": socket(&format!("{host}/v1/speech-to-text/realtime?token=t-1"))})
        );
        let url =
            format!("{host}/v1/text-to-speech/{{voice_id}}/stream-input?single_use_token=t-1");
        assert_eq!(
            sockets("token_type=tts_websocket"),
            json!({"tts_websocket": socket(&url)})
        );
        assert_eq!(sockets("token_type=batch_scribe"), Value::Null);
    }
}
