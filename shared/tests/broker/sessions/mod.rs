//! What people meet in the field: key sets, cookies and settings as identity products have them,
//! and what the log says of those that do not fit.

mod both_keys;
mod cookies;
mod documents;
mod env;
mod key_sets;
mod kinds;
mod parties;
mod spoilt_secrets;
mod subjects;
