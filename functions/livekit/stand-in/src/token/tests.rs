//! Tests of the verification.

use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;
use voicemint_stand_in::testing::{TestStandin, call};

use super::*;
use crate::LiveKitStandin;

const NOW: u64 = 1_800_000_000;
const API_SECRET: &str = "livekit-stand-in-opens-nothing-real";

fn token(claims: Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": "APIstandinOpensNothing", "sub": "ada", "nbf": NOW, "exp": NOW + 60,
        "video": {"room": "r", "roomJoin": true, "canPublish": false},
    })
}

fn changed(pointer: &str, value: Value) -> Value {
    let mut claims = claims();
    *claims.pointer_mut(pointer).unwrap() = value;
    claims
}

#[test]
fn a_token_is_accepted_until_it_expires() {
    let (standin, time) = TestStandin::start(&LiveKitStandin);
    let token = token(claims(), API_SECRET);
    assert!(verify(&standin, &token).is_ok());
    time.advance(59);
    assert!(verify(&standin, &token).is_ok());
    time.advance(1);
    assert_eq!(verify(&standin, &token).err(), Some(RedeemError::Expired));
}

#[test]
fn a_token_needs_the_key_the_secret_a_room_and_an_identity() {
    let (standin, _) = TestStandin::start(&LiveKitStandin);
    for (token, error) in [
        (token(claims(), "another-secret"), RedeemError::Unknown),
        (
            token(changed("/iss", json!("APIother")), API_SECRET),
            RedeemError::Unknown,
        ),
        (
            token(changed("/nbf", json!(NOW + 1)), API_SECRET),
            RedeemError::Expired,
        ),
        (
            token(changed("/sub", json!("")), API_SECRET),
            RedeemError::NotGranted,
        ),
        (
            token(changed("/video/room", json!("")), API_SECRET),
            RedeemError::NotGranted,
        ),
        (
            token(changed("/video/roomJoin", json!(false)), API_SECRET),
            RedeemError::NotGranted,
        ),
        (
            token(changed("/exp", json!(null)), API_SECRET),
            RedeemError::NotGranted,
        ),
        ("made-up".to_owned(), RedeemError::Unknown),
    ] {
        assert_eq!(verify(&standin, &token).err(), Some(error), "{token}");
    }
}

#[tokio::test]
async fn clients_can_ask_whether_a_token_is_valid() {
    let (standin, _) = TestStandin::start(&LiveKitStandin);
    let token = token(claims(), API_SECRET);
    let path = format!("/rtc/validate?access_token={token}");
    assert_eq!(call(&standin, "GET", &path, &[], "").await.status, 200);
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(
        call(&standin, "GET", "/rtc/validate", &headers, "")
            .await
            .status,
        200
    );
    assert_eq!(
        call(&standin, "GET", "/rtc/validate", &[], "").await.status,
        401
    );
    let path = "/rtc/validate?access_token=made-up";
    assert_eq!(call(&standin, "GET", path, &[], "").await.status, 401);
    assert_eq!(call(&standin, "GET", "/rtc", &[], "").await.status, 501);
}
