//! The claims of a verified token (RFC 7519 section 4), during their check.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::json::Members;

/// The maximum difference between the clocks of issuer and function, in seconds.
pub(super) const LEEWAY_SECONDS: f64 = 5.0;

/// The claims of a token, with its header and the current time.
pub struct ClaimsSet {
    header: Members,
    pub(super) members: Value,
    pub(super) now: f64,
}

impl ClaimsSet {
    /// Claims without a header. `now` is the time since the Unix epoch.
    pub fn new(members: Members, now: Duration) -> Self {
        Self {
            header: Map::new(),
            members: Value::Object(members),
            now: now.as_secs_f64(),
        }
    }

    /// Adds the token's header.
    #[must_use]
    pub fn with_header(self, header: Members) -> Self {
        Self { header, ..self }
    }

    /// A member of the header.
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.header.get(name)
    }

    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A claim that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Whether a time is in the past. The future within the difference of the clocks counts as
    /// past.
    pub fn is_past(&self, moment: f64) -> bool {
        moment <= self.now + LEEWAY_SECONDS
    }
}
