//! Support for the tests of this stand-in.

pub use voicemint_stand_in::RedeemError;
pub use voicemint_stand_in::testing::*;

use crate::AssemblyAiStandin;

pub fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&AssemblyAiStandin)
}

/// A token with a lifetime of 60 seconds, whose session can last `session` seconds.
pub async fn token(standin: &TestStandin, session: u64) -> String {
    let path = format!("/v3/token?expires_in_seconds=60&max_session_duration_seconds={session}");
    let headers = [("authorization", crate::API_KEY)];
    call(standin, "GET", &path, &headers, "").await.token()
}

/// The same for the Voice Agent API.
pub async fn agent_token(standin: &TestStandin, session: u64) -> String {
    let path = format!("/v1/token?expires_in_seconds=60&max_session_duration_seconds={session}");
    let headers = [("authorization", crate::API_KEY)];
    call(standin, "GET", &path, &headers, "").await.token()
}
