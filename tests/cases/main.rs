//! The end-to-end cases, one theme a file: release binaries under AWS's emulator, held to what
//! `README.md` promises.

#![allow(
    clippy::disallowed_methods,
    reason = "the suite has a real clock and a real environment"
)]

mod ask;
mod ask_deployment;
mod aws;
mod body;
mod connections;
mod errors;
mod events;
mod grants_claim;
mod leaks;
mod leaks_session;
mod limit;
mod limit_table;
mod limit_trouble;
mod mint;
mod origin;
mod provider;
mod provider_faults;
mod resume;
mod resume_not;
mod secrets;
mod session;
mod session_figures;
mod session_forged;
mod session_forward;
mod session_forward_answers;
mod session_introspection;
mod session_introspection_answers;
mod session_introspection_faults;
mod session_issuers;
mod session_keys;
mod session_products;
mod session_products_forged;
mod session_secret;
mod settings;
mod settings_session;
mod sources;
mod sources_headers;
mod sources_malformed;
mod sources_members;
mod sources_refused;
mod sources_shapes;
mod support;
