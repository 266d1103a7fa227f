//! The Lambda function: the broker, with Cartesia as its provider.

use voicemint_cartesia::Cartesia;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), voicemint::lambda::Error> {
    voicemint::lambda::run::<Cartesia>().await
}
