//! The Lambda function: the broker, with Deepgram as its provider.

use std::process::ExitCode;

use voicemint_deepgram::Deepgram;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<Deepgram>().await
}
