//! Identity providers: what their sessions look like, so that an operator only sets the provider's
//! name and one or two values from its dashboard. Each provider is data in a file of its own. To
//! add one, copy a file.

mod auth0;
mod authjs;
mod better_auth;
mod clerk;
mod cognito;
pub(crate) mod definition;
mod firebase;
mod supabase;
#[cfg(test)]
mod tests;
mod workos;

pub(crate) use authjs::{AUTHJS, COOKIES as AUTHJS_COOKIES};
use definition::Idp;

/// The identity providers whose sessions are signed tokens.
pub(crate) const IDPS: [Idp; 7] = [
    clerk::CLERK,
    supabase::SUPABASE,
    firebase::FIREBASE,
    cognito::COGNITO,
    auth0::AUTH0,
    workos::WORKOS,
    better_auth::BETTER_AUTH,
];
