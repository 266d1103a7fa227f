//! The Lambda function: the broker, with Soniox as its provider.

use std::process::ExitCode;

use voicemint_soniox::Soniox;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<Soniox>().await
}
