//! The built-in identity provider: anyone can sign in under any name. It imitates each kind of
//! session that the functions accept, with the tokens and cookies of the real product, so that the
//! broker verifies them exactly as it verifies real ones.

mod claims;
mod cookie;
mod issuer;
mod jwe;
pub mod kinds;
mod login;
mod opaque_tokens;
mod provider;
mod routes;
mod session_kind;
mod signing_key;
#[cfg(test)]
mod tests;

pub use claims::Claims;
pub use cookie::{Cookie, request_cookies};
pub use issuer::{
    AUDIENCE, Credentials, INTROSPECTION_SECRET_ID, Issuer, SESSION_COOKIE, SESSION_SECRET_ID,
    Settings,
};
pub use jwe::{ContentKey, Encryption};
pub use kinds::Kind;
pub use login::Login;
pub use provider::IdentityProvider;
pub use routes::router;
pub use signing_key::SigningKey;
