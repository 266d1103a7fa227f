//! What the stand-ins of all providers share. A stand-in is as strict as its provider's
//! documentation, so that the whole product runs and is tested on one machine without any account.
//! It mints tokens and accepts them at the endpoints and WebSockets that a page calls next.
//!
//! Each stand-in is a crate in the folder of its provider, so that a function never depends on the
//! web framework.

mod account;
pub mod conversation;
pub mod cors;
pub mod multipart;
pub mod request;
pub mod speech_queue;
mod standin;
mod standins;
pub mod synth;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tokens;
pub mod transcript;
pub mod websocket;

pub use account::Account;
pub use standin::{KeyVariable, Paths, SmallestRequest, Standin};
pub use standins::{MAX_BODY_BYTES, Standins};
pub use tokens::{Permissions, RedeemError, Scope, SessionTerms};
