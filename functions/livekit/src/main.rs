//! The Lambda function: the broker, with LiveKit as its provider.

use std::process::ExitCode;

use voicemint_livekit::LiveKit;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    voicemint::lambda::run::<LiveKit>().await
}
