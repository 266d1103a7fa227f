//! The attacks of RFC 8725 (JSON Web Token Best Current Practices), each against the whole
//! verifier. Tests are named after the section that describes the attack. `token_syntax` covers
//! what the sections on inputs do not list explicitly.
//!
//! Every forged session is refused with 401: it must never look like an outage of the service.

mod env;
mod section2;
mod section2_encryption;
mod section3;
mod times;
mod token_syntax;
