//! The external programs of the suite.

use std::path::PathBuf;

/// The path of a tool, from the environment variable that names it.
pub fn path(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) if !path.is_empty() => path.into(),
        _ => panic!(
            "{variable} is not set: run the end-to-end suite with `make e2e`, which sets up its tools."
        ),
    }
}
