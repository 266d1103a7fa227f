//! The Lambda function: the broker, with Cartesia as its provider.

use std::process::ExitCode;

use voicemint_cartesia::Cartesia;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<Cartesia>().await
}
