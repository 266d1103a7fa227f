//! The metrics of a request, in CloudWatch's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use serde::Serialize;

use crate::log::outcome::Outcome;

/// The metrics that a request's log line carries. `uncounted` says that the limit table could not
/// be used, `called` that the provider was called.
pub(crate) fn directives(outcome: Outcome, uncounted: bool, called: bool) -> Vec<Directive> {
    let by_provider: &[&[&str]] = &[&["Provider"]];
    let mut directives = Vec::new();
    match outcome {
        Outcome::Minted => directives.push(Directive::new(by_provider, "Minted", "Count")),
        Outcome::Resumed => directives.push(Directive::new(by_provider, "Resumed", "Count")),
        // A metric for all codes together, and one per code.
        Outcome::Refused(_) => {
            directives.push(Directive::new(
                &[&["Provider"], &["Provider", "Code"]],
                "Refused",
                "Count",
            ));
        }
        Outcome::SignedOut | Outcome::Preflight => {}
    }
    if uncounted {
        let by_action: &[&[&str]] = &[&["Provider"], &["Provider", "OnError"]];
        directives.push(Directive::new(by_action, "LimitUnavailable", "Count"));
    }
    if called {
        directives.push(Directive::new(
            by_provider,
            "ProviderLatency",
            "Milliseconds",
        ));
    }
    directives
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Metadata<'a> {
    pub timestamp: u64,
    pub cloud_watch_metrics: &'a [Directive],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Directive {
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
