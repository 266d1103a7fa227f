//! Support for the tests of this stand-in.

pub use voicemint_stand_in::testing::*;

use crate::ElevenLabsAgentsStandin;

pub const SIGNED_URL: &str = "/v1/convai/conversation/get-signed-url";
pub const TOKEN: &str = "/v1/convai/conversation/token";

pub fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&ElevenLabsAgentsStandin)
}

/// Calls a mint with the API key.
pub async fn mint(standin: &TestStandin, path: &str, query: &str) -> TestResponse {
    let headers = [("xi-api-key", crate::API_KEY), ("host", "localhost:8788")];
    call(standin, "GET", &format!("{path}?{query}"), &headers, "").await
}

/// Path and query of a signed URL, requested with the id of its conversation.
pub async fn signed_path(standin: &TestStandin, query: &str) -> String {
    let query = format!("{query}&include_conversation_id=true");
    let response = mint(standin, SIGNED_URL, &query).await;
    assert_eq!(response.status, 200, "{}", response.json());
    let url = response.json()["signed_url"].as_str().unwrap().to_owned();
    url.strip_prefix("ws://localhost:8788").unwrap().to_owned()
}
