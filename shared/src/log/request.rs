//! What is kept of a request: one JSON line with the outcome and what each step cost, which is a
//! set of CloudWatch metrics at the same time (embedded metric format:
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new token was handed over.
    Minted,
    /// The token of the cookie was handed over once more.
    Resumed,
    /// The token's cookie was expired.
    SignedOut,
    /// A preflight passed.
    Preflight,
    /// Refused, with a code of the error table.
    Refused(&'static str),
}

impl Outcome {
    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minted => "minted",
            Self::Resumed => "resumed",
            Self::SignedOut => "signed_out",
            Self::Preflight => "preflight",
            Self::Refused(code) => code,
        }
    }
}

/// What each step of a request cost, as far as it got.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Verifying the session.
    pub session: Option<Duration>,
    /// Getting the provider's key.
    pub secret: Option<Duration>,
    /// Counting the mint, where there is a limit.
    pub limit: Option<Duration>,
    /// Calling the provider, all tries.
    pub provider: Option<Duration>,
}

impl Timings {
    /// The value of the `Server-Timing` header (<https://www.w3.org/TR/server-timing/>).
    pub fn server_timing(&self) -> Option<String> {
        let entries: Vec<String> = self
            .named()
            .filter_map(|(name, took)| {
                took.map(|took| format!("{name};dur={}", milliseconds(took)))
            })
            .collect();
        (!entries.is_empty()).then(|| entries.join(", "))
    }

    fn named(&self) -> impl Iterator<Item = (&'static str, Option<Duration>)> {
        let Self {
            session,
            secret,
            limit,
            provider,
        } = *self;
        [
            ("session", session),
            ("secret", secret),
            ("limit", limit),
            ("provider", provider),
        ]
        .into_iter()
    }
}

/// One request, as the log shows it.
#[derive(Clone, Debug)]
pub struct RequestLog {
    /// The invocation's id.
    pub request_id: String,
    /// Which provider.
    pub provider: &'static str,
    /// The answer's status.
    pub status: StatusCode,
    /// How it ended.
    pub outcome: Outcome,
    /// A keyed hash of issuer and subject.
    pub subject: Option<String>,
    /// Why, in words for the operator.
    pub reason: Option<Cow<'static, str>>,
    /// What `LIMIT_ON_ERROR` did with it, where the limit table could not be used.
    pub uncounted: Option<&'static str>,
    /// What the steps cost.
    pub timings: Timings,
    /// What all of it cost.
    pub total: Duration,
    /// When it was done, since the Unix epoch.
    pub at: Duration,
}

impl RequestLog {
    /// The line for the log.
    pub fn line(&self) -> String {
        let directives = self.metrics();
        let refused = if let Outcome::Refused(code) = self.outcome {
            Some(code)
        } else {
            None
        };
        let served = matches!(self.outcome, Outcome::Minted | Outcome::Resumed);
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
            provider: self.provider,
            status: self.status.as_u16(),
            outcome: self.outcome.name(),
            source: served.then(|| self.outcome.name()),
            subject: self.subject.as_deref(),
            reason: self.reason.as_deref(),
            session_ms: self.timings.session.map(milliseconds),
            secret_ms: self.timings.secret.map(milliseconds),
            limit_ms: self.timings.limit.map(milliseconds),
            provider_ms: self.timings.provider.map(milliseconds),
            total_ms: milliseconds(self.total),
        };
        // Nothing of it can fail to become JSON.
        serde_json::to_string(&line).unwrap_or_default()
    }

    fn metrics(&self) -> Vec<Directive> {
        let by_provider: &[&[&str]] = &[&["Provider"]];
        let mut directives = Vec::new();
        match self.outcome {
            Outcome::Minted => directives.push(Directive::new(by_provider, "Minted", "Count")),
            Outcome::Resumed => directives.push(Directive::new(by_provider, "Resumed", "Count")),
            // Once for all codes together, once for each.
            Outcome::Refused(_) => {
                directives.push(Directive::new(
                    &[&["Provider"], &["Provider", "Code"]],
                    "Refused",
                    "Count",
                ));
            }
            Outcome::SignedOut | Outcome::Preflight => {}
        }
        if self.uncounted.is_some() {
            let each_way: &[&[&str]] = &[&["Provider"], &["Provider", "OnError"]];
            directives.push(Directive::new(each_way, "LimitUnavailable", "Count"));
        }
        if self.timings.provider.is_some() {
            directives.push(Directive::new(
                by_provider,
                "ProviderLatency",
                "Milliseconds",
            ));
        }
        directives
    }
}

/// The line as it is written: metrics and dimensions by CloudWatch's way of naming, the rest by
/// ours.
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
    provider: &'static str,
    status: u16,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: u64,
    cloud_watch_metrics: &'a [Directive],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: [Metric; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

impl Directive {
    fn new(
        dimensions: &'static [&'static [&'static str]],
        name: &'static str,
        unit: &'static str,
    ) -> Self {
        Self {
            namespace: "Voicemint",
            dimensions,
            metrics: [Metric { name, unit }],
        }
    }
}

/// Milliseconds, to the microsecond.
fn milliseconds(took: Duration) -> f64 {
    took.as_micros() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn record(outcome: Outcome) -> Value {
        let timings = Timings {
            provider: Some(Duration::from_micros(12_340)),
            ..Timings::default()
        };
        let record = RequestLog {
            request_id: "r-1".to_owned(),
            provider: "cartesia",
            status: StatusCode::OK,
            outcome,
            subject: None,
            reason: None,
            uncounted: matches!(outcome, Outcome::Minted).then_some("local"),
            timings,
            total: Duration::from_millis(13),
            at: Duration::from_secs(1_800_000_000),
        };
        serde_json::from_str(&record.line()).unwrap()
    }

    #[test]
    fn a_refusal_is_counted_by_its_code() {
        let line = record(Outcome::Refused("session_missing"));
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
    }

    #[test]
    fn a_mint_shows_the_providers_latency_and_that_it_was_counted_here_alone() {
        let line = record(Outcome::Minted);
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
