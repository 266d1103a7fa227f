//! What a provider can say, each tried by a small provider.

mod called;
mod env;
mod minting;
mod presigned;
mod profiles;
mod room;
mod settings;
mod signing;
