//! The Lambda function: the broker, with AssemblyAi as its provider.

use voicemint_assemblyai::AssemblyAi;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), voicemint::lambda::Error> {
    voicemint::lambda::run::<AssemblyAi>().await
}
