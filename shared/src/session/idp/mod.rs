//! Identity products: what their sessions look like, so that a team names its product and one or
//! two values from its dashboard. Each is data, in a file of its own; to add one, copy one.

mod auth0;
mod authjs;
mod better_auth;
mod clerk;
mod cognito;
pub mod definition;
mod firebase;
mod supabase;
#[cfg(test)]
mod tests;
mod workos;

pub use authjs::{AUTHJS, COOKIES as AUTHJS_COOKIES};
use definition::Idp;

/// The products whose sessions are signed tokens.
pub const IDPS: [Idp; 7] = [
    clerk::CLERK,
    supabase::SUPABASE,
    firebase::FIREBASE,
    cognito::COGNITO,
    auth0::AUTH0,
    workos::WORKOS,
    better_auth::BETTER_AUTH,
];
