//! The Lambda function: the broker, with Acme Voice as its provider.

use std::process::ExitCode;

use voicemint_acme::Acme;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<Acme>().await
}
