//! The Lambda function: the broker, with ElevenLabs Agents as its provider.

use std::process::ExitCode;

use voicemint_elevenlabs_agents::ElevenLabsAgents;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<ElevenLabsAgents>().await
}
