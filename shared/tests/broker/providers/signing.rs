//! Tokens that the function signs: nothing is called, and nothing is retried.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::env::{NOW, Reply, TestBroker, start};
use super::room::Rooms;
use crate::support::signers::{compact, mac};

const KEYS: &str = r#"{"api_key":"key-1","api_secret":"a-secret-of-the-project"}"#;
const PROFILES: &str = r#"{"lobby":{"room":"lobby-{subject}","permissions":{"can_publish":true}}}"#;

fn rooms(more: &[(&str, &str)]) -> TestBroker<Rooms> {
    let settings = [
        ("API_KEY_SECRET_ID", "rooms"),
        ("PROFILES_SECRET_ID", "profiles"),
    ];
    start(
        &[settings.as_slice(), more].concat(),
        &[("rooms", KEYS), ("profiles", PROFILES)],
    )
}

fn claims(reply: &Reply) -> Value {
    let token = reply.body["token"].as_str().unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    let (header, payload) = signed.split_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let expected = compact(decode(header), decode(payload), |message| {
        mac("HS256", b"a-secret-of-the-project", message)
    });
    assert_eq!(
        token, expected,
        "signed with the second value of the secret"
    );
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    assert_eq!(header, json!({"alg": "HS256", "typ": "JWT"}));
    serde_json::from_slice(&decode(payload)).unwrap()
}

#[tokio::test]
async fn a_token_is_signed_with_the_secret_the_clock_and_the_subject() {
    let reply = rooms(&[]).post(json!({"expires_in": 600})).await;
    let hash = reply.log["subject"].as_str().unwrap();
    assert_eq!(
        claims(&reply),
        json!({
            "iss": "key-1", "sub": hash, "nbf": NOW, "exp": NOW + 600,
            "video": {"room": format!("lobby-{hash}"), "canPublish": true},
        })
    );
    assert_eq!(
        (&reply.body["expires_in"], &reply.body["expires_at"]),
        (&json!(600), &json!("2027-01-15T08:10:00Z"))
    );
    assert_eq!(reply.body["participant_token"], reply.body["token"]);
    assert_eq!(reply.body["server_url"], "https://rooms.test");
    assert!(reply.body.get("connect").is_none());
}

#[tokio::test]
async fn nothing_is_called() {
    let reply = rooms(&[]).post(json!({})).await;
    assert!(!reply.timing.contains("provider"), "{}", reply.timing);
    assert!(reply.log.get("provider_ms").is_none(), "{}", reply.log);
    assert!(reply.log.get("ProviderLatency").is_none(), "{}", reply.log);
    assert_eq!(reply.log["Minted"], 1);
}

#[tokio::test]
async fn the_plain_subject_never_names_a_room() {
    let reply = rooms(&[("SUBJECT_REFERENCE", "plain")])
        .post(json!({}))
        .await;
    let claims = claims(&reply);
    assert_eq!(claims["sub"], "ada");
    let hash = reply.log["subject"].as_str().unwrap();
    assert_eq!(claims["video"]["room"], format!("lobby-{hash}"));
}

#[tokio::test]
async fn a_signed_token_is_resumed_with_its_members() {
    let broker = rooms(&[]);
    let first = broker.post(json!({})).await;
    broker.clock.advance(20);
    let again = broker.resume(json!({}), &first).await;
    assert!(again.is_resumed());
    assert_eq!(again.body["expires_in"], 40);
    for name in [
        "token",
        "participant_token",
        "server_url",
        "profile",
        "locked",
    ] {
        assert_eq!(again.body[name], first.body[name], "{name}");
    }
    broker.clock.advance(20);
    let later = broker.resume(json!({}), &first).await;
    assert!(
        !later.is_resumed(),
        "less than half of its lifetime is left"
    );
}

#[tokio::test]
async fn the_reason_says_why_a_token_cannot_be_signed() {
    let broker = rooms(&[]);
    let room = "r".repeat(17_000);
    let profiles = json!({"lobby": {"room": room}}).to_string();
    broker.secrets.put("profiles", &profiles);
    let reply = broker.post(json!({})).await;
    assert_eq!(reply.problem(), (500, "internal"));
    assert!(reply.reason().contains("too long"), "{}", reply.reason());
    assert!(!reply.log.to_string().contains(&room), "{}", reply.log);
}

#[tokio::test]
async fn another_value_of_the_secret_voids_the_cookies() {
    let broker = rooms(&[("SECRET_CACHE_SECONDS", "10")]);
    let first = broker.post(json!({})).await;
    broker
        .secrets
        .put("rooms", &KEYS.replace("of-the-project", "of-another"));
    broker.clock.advance(11);
    let again = broker.resume(json!({}), &first).await;
    assert!(!again.is_resumed());
    assert_ne!(again.log["subject"], first.log["subject"]);
}

#[tokio::test]
async fn a_secret_without_all_of_its_values_is_unusable() {
    for keys in [
        "sk-1",
        "{}",
        r#"{"api_key":"key-1"}"#,
        r#"{"api_key":"key-1","api_secret":7}"#,
        r#"{"api_key":"key-1","api_secret":""}"#,
        r#"{"api_key":"key-1","api_secret":"API_SECRET=x"}"#,
    ] {
        let broker = rooms(&[]);
        broker.secrets.put("rooms", keys);
        let reply = broker.post(json!({})).await;
        assert_eq!(reply.problem(), (503, "secret_unavailable"), "{keys}");
        assert!(reply.reason().contains("secret"), "{}", reply.reason());
        assert!(!reply.log.to_string().contains("key-1"), "{}", reply.log);
        if keys.starts_with(r#"{"api_key""#) {
            let reason = reply.reason();
            assert!(reason.contains("api_secret"), "{keys}: {reason}");
        }
    }
}
