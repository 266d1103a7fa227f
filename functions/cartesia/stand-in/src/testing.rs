//! Support for the tests of this stand-in.

use serde_json::{Value, json};
pub use voicemint_stand_in::RedeemError;
pub use voicemint_stand_in::testing::*;

use crate::CartesiaStandin;

pub fn standin() -> (TestStandin, TestClock) {
    TestStandin::start(&CartesiaStandin)
}

/// A token with these grants and a lifetime of 60 seconds.
pub async fn token(standin: &TestStandin, grants: &[&str]) -> String {
    let grants: Value = grants
        .iter()
        .map(|grant| ((*grant).to_owned(), json!(true)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let key = format!("Bearer {}", crate::API_KEY);
    let headers = [
        ("authorization", key.as_str()),
        ("cartesia-version", "2026-03-01"),
        ("content-type", "application/json"),
    ];
    let body = json!({ "grants": grants, "expires_in": 60 }).to_string();
    call(standin, "POST", "/access-token", &headers, &body)
        .await
        .token()
}
