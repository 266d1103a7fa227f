//! What people meet in the field: key sets, cookies and settings as identity products have them,
//! and what the log says of those that do not fit.

mod cookies;
mod env;
mod invalid_secrets;
mod jwk_sets;
mod kinds;
mod parties;
mod response_formats;
mod subjects;
mod supabase_key_migration;
