//! The HTTP interface of an endpoint: which pages may call, what a response looks like, and the
//! cookie that holds a token.

pub(crate) mod ambiguous_headers;
pub(crate) mod cors;
pub(crate) mod origin;
pub(crate) mod response;
mod static_headers;
pub(crate) mod token_cookie;
