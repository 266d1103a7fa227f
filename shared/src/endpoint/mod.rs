//! The HTTP interface of an endpoint: which pages may call, what a response looks like, and the
//! cookie that holds a token.

pub mod ambiguous_headers;
pub mod cors;
pub mod origin;
pub mod response;
mod static_headers;
pub mod token_cookie;
