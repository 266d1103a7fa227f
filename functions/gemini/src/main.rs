//! The Lambda function: the broker, with Gemini Live as its provider.

use std::process::ExitCode;

use voicemint_gemini::Gemini;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<Gemini>().await
}
