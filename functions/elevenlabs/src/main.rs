//! The Lambda function: the broker, with ElevenLabs as its provider.

use std::process::ExitCode;

use voicemint_elevenlabs::ElevenLabs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<ElevenLabs>().await
}
