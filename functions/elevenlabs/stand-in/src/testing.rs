//! Support for the tests of this stand-in.

pub use voicemint_stand_in::RedeemError;
pub use voicemint_stand_in::testing::*;

use crate::ElevenLabsStandin;

pub fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&ElevenLabsStandin)
}

/// A token of this type.
pub async fn token(standin: &TestStandin, token_type: &str) -> String {
    let path = format!("/v1/single-use-token/{token_type}");
    let headers = [("xi-api-key", crate::API_KEY)];
    call(standin, "POST", &path, &headers, "").await.token()
}
