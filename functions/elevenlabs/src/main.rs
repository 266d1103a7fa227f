//! The Lambda function: the broker, with ElevenLabs as its provider.

use voicemint_elevenlabs::ElevenLabs;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), voicemint::lambda::Error> {
    voicemint::lambda::run::<ElevenLabs>().await
}
