//! The end-to-end cases, one topic per file: release binaries under AWS's emulator, held to what
//! the documentation promises.

#![allow(
    clippy::disallowed_methods,
    reason = "the suite has a real clock and a real environment"
)]

mod assemblyai_agent;
mod aws;
mod body;
mod connect;
mod connections;
mod deepgram;
mod elevenlabs_agents;
mod errors;
mod events;
mod gemini;
mod grants_claim;
mod leaks;
mod leaks_session;
mod limit;
mod limit_outage;
mod limit_table;
mod livekit;
mod malformed_events;
mod mint;
mod openai;
mod origin;
mod profiles;
mod provider;
mod provider_faults;
mod resume;
mod resume_refused;
mod secrets;
mod session;
mod session_cache;
mod session_forged;
mod session_forward;
mod session_forward_responses;
mod session_idp;
mod session_idp_forged;
mod session_introspection;
mod session_introspection_faults;
mod session_introspection_responses;
mod session_issuers;
mod session_keys;
mod session_secret;
mod settings;
mod settings_session;
mod soniox;
mod sources;
mod sources_headers;
mod sources_malformed;
mod sources_members;
mod sources_refused;
mod support;
mod token_request;
mod token_request_deployment;
