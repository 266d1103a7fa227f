//! Problem documents (RFC 9457): the closed list of errors, each with a detail for the caller and a
//! reason for the log.

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

/// The page with the error table. A problem's `type` is this URL with the code as its fragment.
const ERROR_TABLE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "#");

/// The codes of the error table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "each is described by the README's error table and by its title below"
)]
pub enum Code {
    RequestMalformed,
    SessionMissing,
    SessionInvalid,
    SessionExpired,
    OriginNotAllowed,
    GrantNotAllowed,
    MethodNotAllowed,
    RequestTooLarge,
    MediaTypeNotSupported,
    RequestInvalid,
    RateLimited,
    Internal,
    ProviderRejected,
    ProviderUnavailable,
    SessionUnavailable,
    SecretUnavailable,
    LimitUnavailable,
    ProviderTimeout,
}

impl Code {
    /// Status, name and title (RFC 9457 section 3.1).
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::RequestMalformed => (
                StatusCode::BAD_REQUEST,
                "request_malformed",
                "The request is malformed",
            ),
            Self::SessionMissing => (StatusCode::UNAUTHORIZED, "session_missing", "Not signed in"),
            Self::SessionInvalid => (
                StatusCode::UNAUTHORIZED,
                "session_invalid",
                "The session is not valid",
            ),
            Self::SessionExpired => (
                StatusCode::UNAUTHORIZED,
                "session_expired",
                "The session has expired",
            ),
            Self::OriginNotAllowed => (
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                "The origin is not allowed",
            ),
            Self::GrantNotAllowed => (
                StatusCode::FORBIDDEN,
                "grant_not_allowed",
                "The requested grants are not allowed",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "The method is not allowed",
            ),
            Self::RequestTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "request_too_large",
                "The request body is too large",
            ),
            Self::MediaTypeNotSupported => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "media_type_not_supported",
                "The media type is not supported",
            ),
            Self::RequestInvalid => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "request_invalid",
                "The request is not valid",
            ),
            Self::RateLimited => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "Too many tokens were requested",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal error",
            ),
            Self::ProviderRejected => (
                StatusCode::BAD_GATEWAY,
                "provider_rejected",
                "The provider did not return a token",
            ),
            Self::ProviderUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "provider_unavailable",
                "The provider is not available",
            ),
            Self::SessionUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "session_unavailable",
                "Sessions cannot be verified at the moment",
            ),
            Self::SecretUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "secret_unavailable",
                "The provider's key cannot be loaded",
            ),
            Self::LimitUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "limit_unavailable",
                "Tokens cannot be counted at the moment",
            ),
            Self::ProviderTimeout => (
                StatusCode::GATEWAY_TIMEOUT,
                "provider_timeout",
                "The provider did not answer in time",
            ),
        }
    }

    /// The status of the response.
    pub const fn status(self) -> StatusCode {
        self.row().0
    }

    /// The code's name, as callers and metrics see it.
    pub const fn name(self) -> &'static str {
        self.row().1
    }
}

/// A field of the token request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field's name.
    pub field: Cow<'static, str>,
    /// What is permitted.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// A field, and what it must be.
    pub fn new(field: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Why a request failed.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The code in the error table.
    pub code: Code,
    /// For the caller: what to do.
    pub detail: Cow<'static, str>,
    /// For the log: what happened. It never contains anything from a provider's response, a session
    /// or a secret.
    pub reason: Cow<'static, str>,
    /// After how many seconds the caller may try again.
    pub retry_after: Option<u32>,
    /// The fields that are wrong.
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// An error of this service, with a reason for the log.
    pub fn internal(reason: &'static str) -> Self {
        let detail = "The service failed; the request may be correct. Try again. If the problem lasts, send the request_id \
                      to the service's operator.";
        Self::new(Code::Internal, detail).with_reason(reason)
    }

    /// A problem with a detail for the caller, which is also the reason for the log.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self {
            code,
            reason: detail.clone(),
            detail,
            retry_after: None,
            errors: Vec::new(),
        }
    }

    /// Sets another reason for the log.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.reason = reason.into();
        self
    }

    /// Sets when the caller may try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// A token request with wrong fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let list: Vec<String> = errors
            .iter()
            .map(|error| format!("{}: {}", error.field, error.message))
            .collect();
        // Field names come from the caller, so the log has only their number.
        let reason = match errors.len() {
            1 => "1 field of the request is not valid".to_owned(),
            count => format!("{count} fields of the request are not valid"),
        };
        Self {
            errors,
            ..Self::new(Code::RequestInvalid, list.join("; ")).with_reason(reason)
        }
    }

    /// The problem document of RFC 9457.
    pub fn document(&self, request_id: &str) -> Vec<u8> {
        #[derive(Serialize)]
        struct Problem<'a> {
            r#type: String,
            title: &'static str,
            status: u16,
            detail: &'a str,
            code: &'static str,
            request_id: &'a str,
            #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
            errors: &'a [FieldError],
        }
        let (status, code, title) = self.code.row();
        let problem = Problem {
            r#type: format!("{ERROR_TABLE}{code}"),
            title,
            status: status.as_u16(),
            detail: &self.detail,
            code,
            request_id,
            errors: &self.errors,
        };
        serde_json::to_vec(&problem).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn renders_a_problem_document_without_the_reason_for_the_log() {
        let error = Problem::invalid(vec![FieldError::new("expires_in", "must be 1 to 60")])
            .with_reason("for the log");
        let problem: Value = serde_json::from_slice(&error.document("r-1")).unwrap();
        assert_eq!(problem["status"], 422);
        assert_eq!(problem["code"], "request_invalid");
        assert_eq!(problem["request_id"], "r-1");
        assert_eq!(problem["detail"], "expires_in: must be 1 to 60");
        assert_eq!(
            problem["errors"],
            json!([{"field": "expires_in", "message": "must be 1 to 60"}])
        );
        assert!(
            problem["type"]
                .as_str()
                .unwrap()
                .ends_with("#request_invalid")
        );
        assert!(!problem.to_string().contains("for the log"));
    }
}
