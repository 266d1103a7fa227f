//! The Lambda function: the broker, with OpenAI Realtime as its provider.

use std::process::ExitCode;

use voicemint_openai::OpenAi;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<OpenAi>().await
}
