//! Profiles: which one a request gets, who may have it, and what becomes of a wrong one.

use http::Method;
use serde_json::{Value, json};

use super::env::{Reply, TestBroker, session, start};
use super::room::Rooms;

const KEYS: &str = r#"{"api_key":"key-1","api_secret":"a-secret-of-the-project"}"#;

fn rooms(more: &[(&str, &str)], profiles: &Value) -> TestBroker<Rooms> {
    let settings = [
        ("API_KEY_SECRET_ID", "rooms"),
        ("PROFILES_SECRET_ID", "profiles"),
    ];
    let profiles = profiles.to_string();
    start(
        &[settings.as_slice(), more].concat(),
        &[("rooms", KEYS), ("profiles", &profiles)],
    )
}

fn two() -> Value {
    json!({"lobby": {"room": "lobby-1"}, "stage": {"room": "stage-{room_name}"}})
}

#[tokio::test]
async fn a_request_gets_the_profile_that_it_names() {
    let broker = rooms(&[], &two());
    let reply = broker.post(json!({"profile": "lobby"})).await;
    assert_eq!(
        (&reply.body["profile"], &reply.body["locked"]),
        (&json!("lobby"), &json!(true))
    );
    assert_eq!(reply.log["profile"], "lobby");
    let reply = broker.get("profile=stage&room_name=a1").await;
    assert_eq!(reply.body["profile"], "stage", "{}", reply.log);
    assert!(!reply.body.to_string().contains("stage-"), "{}", reply.body);
}

#[tokio::test]
async fn a_body_that_cannot_be_extended_leaves_the_profile_to_the_query() {
    let broker = rooms(&[], &two());
    let send = async |path: &str, body: &str| {
        let session = session("ada", json!({}));
        broker
            .send(Method::POST, path, &session, body.to_owned(), None)
            .await
    };
    let reply = send("/?profile=lobby&other=1", "{}").await;
    assert_eq!(reply.body["profile"], "lobby", "{}", reply.log);
    let reply = send("/?profile=lobby", r#"{"profile":"lobby"}"#).await;
    assert_eq!(reply.body["profile"], "lobby", "{}", reply.log);
    let reply = send("/?profile=stage", r#"{"profile":"lobby"}"#).await;
    assert_eq!(
        reply.errors(),
        ["profile differs between the body and the query"]
    );
    let reply = send("/?profile=-a", "{}").await;
    assert_eq!(
        reply.errors(),
        [
            "profile must be the name of a profile: 1 to 64 of a-z 0-9 _ -, beginning with a-z or 0-9"
        ]
    );
    let reply = send("/?profile=lobby&profile=stage", "{}").await;
    assert_eq!(reply.problem(), (400, "request_malformed"));
}

#[tokio::test]
async fn a_request_that_names_none_gets_the_default() {
    let only = json!({"lobby": {"room": "lobby-1"}});
    for (settings, profiles, expected) in [
        (&[("DEFAULT_PROFILE", "lobby")][..], two(), Ok("lobby")),
        (&[], only.clone(), Ok("lobby")),
        (&[], two(), Err((422, "request_invalid"))),
        (&[], json!({}), Err((422, "request_invalid"))),
        (
            &[("DEFAULT_PROFILE", "other")],
            only,
            Err((503, "secret_unavailable")),
        ),
    ] {
        let reply = rooms(settings, &profiles).post(json!({})).await;
        match expected {
            Ok(name) => assert_eq!(reply.body["profile"], name),
            Err(problem) => assert_eq!(reply.problem(), problem, "{settings:?} {profiles}"),
        }
    }
}

#[tokio::test]
async fn an_unknown_profile_is_refused_without_listing_the_others() {
    for name in ["other", "Lobby", "", "../lobby", "lobby\n"] {
        let reply = rooms(&[], &two()).post(json!({"profile": name})).await;
        assert_eq!(reply.problem(), (422, "request_invalid"), "{name:?}");
        assert_eq!(reply.body["errors"][0]["field"], "profile");
        for known in ["lobby", "stage"] {
            let text = reply.body.to_string() + &reply.log.to_string();
            assert!(!text.contains(known), "{name:?}: {text}");
        }
    }
    let number = rooms(&[], &two()).post(json!({"profile": 7})).await;
    assert_eq!(number.problem(), (422, "request_invalid"));
}

#[tokio::test]
async fn a_claim_must_cover_the_profile() {
    let only = json!({"lobby": {"room": "lobby-1"}});
    let wrong = json!({"lobby": {"rooom": "lobby-1"}});
    let send = async |settings: &[(&str, &str)], profiles: &Value, claims: Value, body: Value| {
        let settings = [&[("GRANTS_CLAIM", "voice")], settings].concat();
        let session = session("ada", claims);
        rooms(&settings, profiles)
            .send(Method::POST, "/", &session, body.to_string(), None)
            .await
    };
    let covers = || json!({"voice": ["lobby"]});
    let named = |name: &str| json!({"profile": name});
    let reply = send(&[], &two(), covers(), named("lobby")).await;
    assert_eq!(reply.status, 200, "{}", reply.log);
    assert_eq!(send(&[], &only, covers(), json!({})).await.status, 200);
    for (settings, profiles, claims, body) in [
        (&[][..], two(), covers(), named("stage")),
        (&[], two(), covers(), named("unknown")),
        (&[], two(), json!({}), named("lobby")),
        (&[("DEFAULT_PROFILE", "stage")], two(), covers(), json!({})),
        (&[], only, json!({"voice": "stage"}), json!({})),
        (&[], wrong, json!({"voice": "stage"}), json!({})),
    ] {
        let reply = send(settings, &profiles, claims.clone(), body.clone()).await;
        assert_eq!(
            reply.problem(),
            (403, "grant_not_allowed"),
            "{claims} {body}"
        );
    }
}

#[tokio::test]
async fn a_wrong_profile_leaves_the_others_usable() {
    let profiles = json!({
        "good": {"room": "good-1"},
        "typo": {"rooom": "typo-1", "permissions": {"can_publish": "yes-please"}},
        "nested": {"room": "nested-1", "permissions": {"can_publish": true, "can_shout": "shouting"}},
        "text": "text-1",
        "Bad Name": {"room": "bad-1"},
    });
    let broker = rooms(&[], &profiles);
    let reply = async |name: &str| broker.post(json!({"profile": name})).await;
    assert_eq!(reply("good").await.status, 200);
    for (name, reasons) in [
        (
            "typo",
            &["typo", "/room", "/rooom", "/permissions/can_publish"][..],
        ),
        ("nested", &["nested", "/permissions/can_shout"]),
        ("text", &["text", "not a JSON object"]),
    ] {
        let reply = reply(name).await;
        assert_eq!(reply.problem(), (503, "secret_unavailable"), "{name}");
        for part in reasons {
            assert!(reply.reason().contains(part), "{}", reply.reason());
        }
        assert_eq!(reply.log["profile"], name, "{}", reply.log);
        let log = reply.log.to_string() + &reply.body.to_string();
        for value in ["typo-1", "yes-please", "nested-1", "shouting", "text-1"] {
            assert!(!log.contains(value), "{log}");
        }
    }
    assert_eq!(
        reply("Bad Name").await.status,
        422,
        "no name that a caller can send"
    );
}

#[tokio::test]
async fn a_wrong_profile_is_wrong_as_the_default_too() {
    let badly_named = json!({"Bad Name": {"room": "bad-1"}});
    let reply = rooms(&[], &badly_named).post(json!({})).await;
    assert_eq!(reply.problem(), (503, "secret_unavailable"));
    assert!(reply.reason().contains("Bad Name"), "{}", reply.reason());
    let wrong = json!({"lobby": {}});
    let reply = rooms(&[("DEFAULT_PROFILE", "lobby")], &wrong)
        .post(json!({}))
        .await;
    assert_eq!(reply.problem(), (503, "secret_unavailable"));
}

#[tokio::test]
async fn a_secret_that_is_no_object_makes_all_profiles_unusable() {
    let repeated = r#"{"lobby":{"room":"a"},"lobby":{"room":"b"}}"#;
    for secret in ["", "[]", "\"lobby\"", "{", repeated] {
        let broker = rooms(&[], &json!({}));
        broker.secrets.put("profiles", secret);
        let reply = broker.post(json!({"profile": "lobby"})).await;
        assert_eq!(reply.problem(), (503, "secret_unavailable"), "{secret}");
        assert!(reply.reason().contains("JSON object"), "{}", reply.reason());
        assert!(
            reply.reason().contains("PROFILES_SECRET_ID"),
            "the reason says which secret it is: {}",
            reply.reason()
        );
    }
}

#[tokio::test]
async fn a_member_that_is_repeated_inside_a_profile_makes_that_profile_wrong() {
    let broker = rooms(&[], &json!({}));
    let secret = r#"{"good":{"room":"good-1"},"typo":{"room":"a-1","room":"b-1"}}"#;
    broker.secrets.put("profiles", secret);
    assert_eq!(broker.post(json!({"profile": "good"})).await.status, 200);
    let reply = broker.post(json!({"profile": "typo"})).await;
    assert_eq!(reply.problem(), (503, "secret_unavailable"));
    assert!(reply.reason().contains("typo"), "{}", reply.reason());
    for value in ["a-1", "b-1"] {
        assert!(!reply.log.to_string().contains(value), "{}", reply.log);
    }
}

#[tokio::test]
async fn profiles_are_loaded_again_and_the_last_good_version_is_used_for_a_minute() {
    let broker = rooms(&[("SECRET_CACHE_SECONDS", "10")], &two());
    let reply = async || broker.post(json!({"profile": "lobby"})).await;
    assert_eq!(reply().await.status, 200);
    broker.secrets.put("profiles", "broken");
    assert_eq!(reply().await.status, 200, "still fresh");
    broker.clock.advance(11);
    assert_eq!(reply().await.status, 200, "bridged");
    broker.clock.advance(61);
    assert_eq!(reply().await.problem(), (503, "secret_unavailable"));
    broker
        .secrets
        .put("profiles", r#"{"lobby":{"room":"lobby-2"}}"#);
    broker.clock.advance(6);
    assert_eq!(reply().await.status, 200);
}

#[tokio::test]
async fn a_token_is_resumed_only_for_the_same_profile_in_the_same_version() {
    let profiles = json!({"one": {"room": "room-1"}, "two": {"room": "room-1"}});
    let broker = rooms(
        &[("SECRET_CACHE_SECONDS", "0"), ("DEFAULT_PROFILE", "one")],
        &profiles,
    );
    let first = broker.post(json!({"profile": "one"})).await;
    let resumed = async |body: Value, first: &Reply| broker.resume(body, first).await.is_resumed();
    assert!(resumed(json!({"profile": "one"}), &first).await);
    assert!(resumed(json!({}), &first).await, "by default");
    assert!(!resumed(json!({"profile": "two"}), &first).await);
    let mut other = profiles.clone();
    other["two"]["room"] = json!("room-2");
    broker.secrets.put("profiles", &other.to_string());
    assert!(
        resumed(json!({}), &first).await,
        "this profile did not change"
    );
    other["one"]["room"] = json!("room-2");
    broker.secrets.put("profiles", &other.to_string());
    assert!(!resumed(json!({}), &first).await);
}

#[tokio::test]
async fn a_profile_decides_which_fields_it_needs() {
    let broker = rooms(&[], &two());
    let errors = async |body: Value| broker.post(body).await.errors();
    assert_eq!(
        errors(json!({"profile": "stage"})).await,
        ["room_name is missing: the profile's room needs it"]
    );
    assert_eq!(
        errors(json!({"profile": "lobby", "room_name": "a"})).await,
        ["room_name is not used by the profile's room"]
    );
    assert!(
        errors(json!({"profile": "stage", "room_name": "a"}))
            .await
            .is_empty()
    );
}
