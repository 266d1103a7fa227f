//! Support for the tests of this stand-in.

use serde_json::json;
pub use voicemint_stand_in::RedeemError;
pub use voicemint_stand_in::testing::*;

use crate::DeepgramStandin;

pub fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&DeepgramStandin)
}

/// The token of a mint response.
pub fn minted_token(response: &TestResponse) -> String {
    assert_eq!(response.status, 200, "{}", response.json());
    let token = response.json()["access_token"].clone();
    token.as_str().unwrap().to_owned()
}

/// A token with a lifetime in seconds.
pub async fn token(standin: &TestStandin, seconds: u32) -> String {
    let key = format!("Token {}", crate::API_KEY);
    let headers = [
        ("authorization", key.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({ "ttl_seconds": seconds }).to_string();
    minted_token(&call(standin, "POST", "/v1/auth/grant", &headers, &body).await)
}

/// A socket that a new token opens, in the way of a page.
pub async fn open(standin: &TestStandin, path: &str) -> SocketClient {
    let protocols = format!("bearer, {}", token(standin, 60).await);
    let headers = [("sec-websocket-protocol", protocols.as_str())];
    SocketClient::connect(standin, path, &headers)
        .await
        .unwrap_or_else(|refused| panic!("{path}: {refused:?}"))
}

/// The status and body of a handshake that is refused although its token is valid.
pub async fn refused(standin: &TestStandin, path: &str) -> (u16, serde_json::Value) {
    let protocols = format!("bearer, {}", token(standin, 60).await);
    let headers = [("sec-websocket-protocol", protocols.as_str())];
    let opened = SocketClient::connect(standin, path, &headers).await;
    opened.err().unwrap_or_else(|| panic!("{path} was opened"))
}
