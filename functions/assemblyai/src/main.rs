//! The Lambda function: the broker, with AssemblyAI as its provider.

use std::process::ExitCode;

use voicemint_assemblyai::AssemblyAi;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<AssemblyAi>().await
}
