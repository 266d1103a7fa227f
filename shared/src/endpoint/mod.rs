//! The HTTP face of an endpoint: which pages may call, what an answer looks like, and the cookie that
//! keeps a token.

pub mod origin;
pub mod response;
pub mod token_cookie;
