//! The attacks of RFC 8725 (JSON Web Token Best Current Practices), each against the whole
//! verifier. Tests are named after the section that tells of them; `token_syntax` has what the sections on
//! inputs leave to the imagination.
//!
//! Whatever comes is answered with 401: a forged session must never look like trouble of the
//! service's own.

mod env;
mod section2;
mod section2_encryption;
mod section3;
mod times;
mod token_syntax;
