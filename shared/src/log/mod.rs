//! The log: JSON lines on standard output, which Lambda hands to CloudWatch.
//!
//! Only this crate's own events are written, whatever the level: libraries log headers and bodies
//! at `trace`, and those hold keys, tokens and sessions.

pub mod request;

use std::io::Write as _;

pub use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::log::request::RequestLog;
use crate::settings::Reader;

/// Reads `LOG_LEVEL`.
pub fn level(reader: &mut Reader) -> Option<LevelFilter> {
    let Some(name) = reader.optional("LOG_LEVEL") else {
        return Some(LevelFilter::INFO);
    };
    let level = ["error", "warn", "info", "debug", "trace"]
        .contains(&name.as_str())
        .then(|| name.parse().ok())
        .flatten();
    if level.is_none() {
        reader.error(
            "LOG_LEVEL",
            "must be one of error, warn, info, debug, trace",
        );
    }
    level
}

/// Starts the log. A panic becomes a line that says where, never what: its message could hold
/// anything.
pub fn start(level: LevelFilter) {
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false);
    let ours = Targets::new().with_target("voicemint", level);
    // Starting twice is no harm: the first one stays.
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

/// Writes what is kept of a request. It is written at every level, as it carries the metrics.
pub fn record(record: &RequestLog) {
    write(&record.line());
}

/// Writes one line by hand, for where the log may not have been started.
pub fn line(level: &str, message: &str) {
    write(&serde_json::json!({"level": level, "message": message}).to_string());
}

fn write(line: &str) {
    let mut out = std::io::stdout().lock();
    // A log that cannot be written is no reason to refuse a request.
    let _ = out
        .write_all(line.as_bytes())
        .and_then(|()| out.write_all(b"\n"))
        .and_then(|()| out.flush());
}
