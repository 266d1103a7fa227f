//! A request's log line: one JSON object with the outcome and the duration of each step, which also
//! carries the request's metrics.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use crate::log::metrics::{self, Metadata};
use crate::log::outcome::Outcome;
use crate::log::timings::{Timings, milliseconds};

/// One request in the log.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// The id of the request.
    pub request_id: String,
    /// The version of the function, by which an alarm distinguishes a new one.
    pub function_version: Option<String>,
    /// The provider's name.
    pub provider: &'static str,
    /// The response's status.
    pub status: StatusCode,
    /// How the request ended.
    pub outcome: Outcome,
    /// A keyed hash of issuer and subject.
    pub subject: Option<String>,
    /// The name of the profile.
    pub profile: Option<String>,
    /// Why the request failed, for the operator.
    pub reason: Option<Cow<'static, str>>,
    /// The value of `LIMIT_ON_ERROR`, if the limit table could not be used.
    pub uncounted: Option<&'static str>,
    /// How long the steps took.
    pub timings: Timings,
    /// How long the request took.
    pub total: Duration,
    /// When the request was complete, since the Unix epoch.
    pub at: Duration,
}

impl RequestLog {
    /// The log line.
    pub fn line(&self) -> String {
        let directives = metrics::directives(
            self.outcome,
            self.uncounted.is_some(),
            self.timings.provider.is_some(),
        );
        let refused = if let Outcome::Refused(code) = self.outcome {
            Some(code)
        } else {
            None
        };
        let has_token = matches!(self.outcome, Outcome::Minted | Outcome::Resumed);
        let line = Line {
            aws: (!directives.is_empty()).then(|| Metadata {
                timestamp: self.at.as_millis() as u64,
                cloud_watch_metrics: &directives,
            }),
            dimension: (!directives.is_empty()).then_some(self.provider),
            minted: (self.outcome == Outcome::Minted).then_some(1),
            resumed: (self.outcome == Outcome::Resumed).then_some(1),
            refused: refused.map(|_| 1),
            code: refused,
            limit_unavailable: self.uncounted.map(|_| 1),
            on_error: self.uncounted,
            provider_latency: self.timings.provider.map(milliseconds),
            level: if self.status.is_server_error() {
                "ERROR"
            } else {
                "INFO"
            },
            request_id: &self.request_id,
            function_version: self.function_version.as_deref(),
            provider: self.provider,
            status: self.status.as_u16(),
            outcome: self.outcome.name(),
            source: has_token.then(|| self.outcome.name()),
            subject: self.subject.as_deref(),
            profile: self.profile.as_deref(),
            reason: self.reason.as_deref(),
            session_ms: self.timings.session.map(milliseconds),
            secret_ms: self.timings.secret.map(milliseconds),
            limit_ms: self.timings.limit.map(milliseconds),
            provider_ms: self.timings.provider.map(milliseconds),
            total_ms: milliseconds(self.total),
        };
        // All members can be serialized.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

/// The serialized line: metrics and dimensions are named as in CloudWatch, the rest as in this
/// project.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws", skip_serializing_if = "Option::is_none")]
    aws: Option<Metadata<'a>>,
    #[serde(rename = "Provider", skip_serializing_if = "Option::is_none")]
    dimension: Option<&'static str>,
    #[serde(rename = "Minted", skip_serializing_if = "Option::is_none")]
    minted: Option<u8>,
    #[serde(rename = "Resumed", skip_serializing_if = "Option::is_none")]
    resumed: Option<u8>,
    #[serde(rename = "Refused", skip_serializing_if = "Option::is_none")]
    refused: Option<u8>,
    #[serde(rename = "Code", skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(rename = "LimitUnavailable", skip_serializing_if = "Option::is_none")]
    limit_unavailable: Option<u8>,
    #[serde(rename = "OnError", skip_serializing_if = "Option::is_none")]
    on_error: Option<&'static str>,
    #[serde(rename = "ProviderLatency", skip_serializing_if = "Option::is_none")]
    provider_latency: Option<f64>,
    level: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_version: Option<&'a str>,
    provider: &'static str,
    status: u16,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_ms: Option<f64>,
    total_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn logged(outcome: Outcome) -> Value {
        let timings = Timings {
            provider: Some(Duration::from_micros(12_340)),
            ..Timings::default()
        };
        let request_log = RequestLog {
            request_id: "r-1".to_owned(),
            function_version: Some("7".to_owned()),
            provider: "cartesia",
            status: StatusCode::OK,
            outcome,
            subject: None,
            profile: None,
            reason: None,
            uncounted: matches!(outcome, Outcome::Minted).then_some("local"),
            timings,
            total: Duration::from_millis(13),
            at: Duration::from_secs(1_800_000_000),
        };
        serde_json::from_str(&request_log.line()).unwrap()
    }

    #[test]
    fn a_refused_request_is_counted_by_its_code() {
        let line = logged(Outcome::Refused("session_missing"));
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Voicemint");
        assert_eq!(
            directive["Dimensions"],
            json!([["Provider"], ["Provider", "Code"]])
        );
        assert_eq!(
            (&line["Refused"], &line["Code"]),
            (&json!(1), &json!("session_missing"))
        );
        assert_eq!(line["outcome"], "session_missing");
        assert_eq!(line["function_version"], "7");
    }

    #[test]
    fn a_mint_has_the_providers_latency_and_the_action_of_limit_on_error() {
        let line = logged(Outcome::Minted);
        assert_eq!(
            (&line["Minted"], &line["ProviderLatency"]),
            (&json!(1), &json!(12.34))
        );
        assert_eq!(line["_aws"]["Timestamp"], 1_800_000_000_000_u64);
        let directive = &line["_aws"]["CloudWatchMetrics"][1];
        assert_eq!(
            directive["Dimensions"],
            json!([["Provider"], ["Provider", "OnError"]])
        );
        assert_eq!(
            (&line["LimitUnavailable"], &line["OnError"]),
            (&json!(1), &json!("local"))
        );
        assert_eq!(
            (&line["source"], &line["provider_ms"]),
            (&json!("minted"), &json!(12.34))
        );
    }
}
