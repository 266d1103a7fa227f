//! How long the steps of a request took, for the log line and `Server-Timing`.

use std::time::Duration;

/// How long each step of a request took, as far as the request got.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timings {
    /// Verifying the session.
    pub session: Option<Duration>,
    /// Loading the provider's key.
    pub secret: Option<Duration>,
    /// Counting the mint, if there is a limit.
    pub limit: Option<Duration>,
    /// Calling the provider, all tries.
    pub provider: Option<Duration>,
}

impl Timings {
    /// The value of the `Server-Timing` header (<https://www.w3.org/TR/server-timing/>).
    pub fn server_timing(&self) -> Option<String> {
        let entries: Vec<String> = self
            .by_name()
            .filter_map(|(name, took)| {
                took.map(|took| format!("{name};dur={}", milliseconds(took)))
            })
            .collect();
        if entries.is_empty() {
            return None;
        }
        Some(entries.join(", "))
    }

    fn by_name(&self) -> impl Iterator<Item = (&'static str, Option<Duration>)> {
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

/// Milliseconds, to the microsecond.
pub(crate) fn milliseconds(took: Duration) -> f64 {
    took.as_micros() as f64 / 1000.0
}
