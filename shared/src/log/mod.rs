//! The log: JSON lines on standard output, which Lambda sends to CloudWatch.
//!
//! Only this crate's events are written, at every level: libraries log headers and bodies at
//! `trace`, which contain keys, tokens and sessions.

pub(crate) mod metrics;
pub(crate) mod outcome;
pub(crate) mod request;
pub(crate) mod timings;

use std::io::Write as _;

pub use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log::request::RequestLog;
use crate::settings::Reader;

/// The permitted values of `LOG_LEVEL`.
const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Reads `LOG_LEVEL`.
pub fn level(reader: &mut Reader) -> Option<LevelFilter> {
    let Some(name) = reader.optional("LOG_LEVEL") else {
        return Some(LevelFilter::INFO);
    };
    if !LEVELS.contains(&name.as_str()) {
        reader.error(
            "LOG_LEVEL",
            format_args!("must be one of {}", LEVELS.join(", ")),
        );
        return None;
    }
    name.parse().ok()
}

/// Starts the log. A panic is logged with its location and without its message, which could contain
/// anything.
pub fn start(level: LevelFilter) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);
    let ours = Targets::new().with_target("voicemint", level);
    // A second start has no effect.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(ours)
        .try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        line("ERROR", &format!("panicked at {place}"));
    }));
}

/// Writes the line of a request, at every level, as it contains the metrics.
pub(crate) fn write_request(request_log: &RequestLog) {
    write(&request_log.line());
}

/// Writes a line directly, for code that may run before the log is started.
pub(crate) fn line(level: &str, message: &str) {
    write(&serde_json::json!({"level": level, "message": message}).to_string());
}

fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    // A request does not fail because the log cannot be written.
    let _ = out
        .write_all(line.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
}
