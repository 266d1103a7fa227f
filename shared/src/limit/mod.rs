//! Rate limits: how many tokens one user may mint. Mints are counted per issuer, subject and
//! provider, across all live environments.
//!
//! `settings` reads the limits, `gcra` decides, and a [`table::Table`] stores the counts: DynamoDB in a
//! deployment (`crate::aws::dynamodb`), `memory` in the local command and while DynamoDB is
//! unavailable.

pub(crate) mod gcra;
mod limiter;
pub(crate) mod memory;
pub(crate) mod settings;
pub(crate) mod table;

pub use limiter::Limiter;
