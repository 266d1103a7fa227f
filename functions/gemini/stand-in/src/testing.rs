//! Support for the tests of this stand-in.

pub(crate) use voicemint_stand_in::RedeemError;
pub(crate) use voicemint_stand_in::testing::*;

use serde_json::Value;

use crate::{API_KEY, GeminiStandin};

/// The time at which the clock of a test starts: 2027-01-15T08:00:00Z.
pub(crate) fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&GeminiStandin)
}

/// Mints with the API key.
pub(crate) async fn mint(standin: &TestStandin, body: &Value) -> TestResponse {
    let headers = [
        ("x-goog-api-key", API_KEY),
        ("content-type", "application/json"),
    ];
    let body = body.to_string();
    call(standin, "POST", "/v1alpha/auth_tokens", &headers, &body).await
}

/// A token that was minted with this body.
pub(crate) async fn token(standin: &TestStandin, body: &Value) -> String {
    let response = mint(standin, body).await;
    let name = response.json()["name"].as_str().map(str::to_owned);
    name.unwrap_or_else(|| panic!("{}", response.json()))
}
