//! Sessions in practice: the key sets, cookies and settings of identity providers, and the reasons
//! in the log for sessions that are refused.

mod cookies;
mod env;
mod invalid_secrets;
mod jwk_sets;
mod kinds;
mod parties;
mod response_formats;
mod subjects;
mod supabase_key_migration;
