//! Tests of the requests, the tokens and the response.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use voicemint::problem::Code;
use voicemint::provider::{ApiKey, ProfileFormat, ProviderToken};

use super::*;

const NOW: u64 = 1_800_000_000;

fn with_settings(more: &[(&str, &str)]) -> Result<LiveKit, String> {
    let url = [("PROVIDER_BASE_URL", "wss://project.livekit.test")];
    let settings = [more, &url].concat();
    let settings = settings.as_slice();
    let mut reader = Reader::new(&settings);
    let provider = LiveKit::from_settings(&mut reader);
    let provider = reader.finish(Some(provider));
    provider.map_err(|error| error.to_string())
}

fn token_request(body: Value) -> Result<TokenRequest<Options>, Problem> {
    let request = Request::post("/").header("content-type", "application/json");
    let request = request.body(Bytes::from(body.to_string())).unwrap();
    let provider = with_settings(&[]).unwrap();
    provider.token_request(Fields::read(&request)?)
}

fn profile(profile: Value) -> RoomProfile {
    RoomProfile::read(profile.as_object().unwrap()).unwrap()
}

fn key() -> ApiKey {
    let values = [("api_key", "API1"), ("api_secret", "sec-1")];
    ApiKey::with_values(values.map(|(name, value)| (name, value.to_owned())).into()).unwrap()
}

/// The claims of the token of this request.
fn claims(request: Value, profile: &RoomProfile, subject: &str) -> Value {
    let (request, key) = (token_request(request).ok().unwrap(), key());
    let provider = with_settings(&[]).unwrap();
    let request = provider.check_profile(request, profile).ok().unwrap();
    let context = MintContext::new(&request, Duration::from_millis(NOW * 1000 + 999))
        .with_key(&key)
        .with_profile(Some(profile))
        .with_subject("5f3a", Some(subject));
    let Ok(Mint::Token(minted)) = provider.mint(&context) else {
        panic!("the token is signed without a call");
    };
    let token = minted.token().expose().to_owned();
    let [header, claims, _] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("a JWT has three parts");
    };
    let decode = |part: &str| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    assert_eq!(decode(header), json!({"alg": "HS256", "typ": "JWT"}));
    decode(claims)
}

#[test]
fn a_token_lets_one_participant_join_one_room() {
    let room = profile(json!({"room": "support-{subject}"}));
    assert_eq!(
        claims(json!({"expires_in": 600}), &room, "ada"),
        json!({
            "iss": "API1", "sub": "ada", "nbf": NOW, "exp": NOW + 600,
            "video": {
                "room": "support-5f3a", "roomJoin": true,
                "canPublish": true, "canSubscribe": true, "canPublishData": true,
            },
        })
    );
}

#[test]
fn the_profile_decides_on_the_room_the_agent_and_the_permissions() {
    let room = profile(json!({
        "room": "class-{room_name}",
        "agent_name": "tutor",
        "metadata": "pupil",
        "permissions": {"can_publish": false, "can_publish_data": false},
    }));
    let claims = claims(
        json!({"room_name": "7b", "participant_name": "Ada Lovelace"}),
        &room,
        "ada",
    );
    assert_eq!(
        claims["video"],
        json!({
            "room": "class-7b", "roomJoin": true,
            "canPublish": false, "canSubscribe": true, "canPublishData": false,
        })
    );
    assert_eq!(
        claims["roomConfig"],
        json!({"agents": [{"agentName": "tutor"}]})
    );
    assert_eq!(
        (&claims["name"], &claims["metadata"]),
        (&json!("Ada Lovelace"), &json!("pupil"))
    );
}

#[test]
fn an_identity_is_at_most_as_long_as_livekit_accepts() {
    let room = profile(json!({"room": "a"}));
    let identity = |subject: &str| claims(json!({}), &room, subject)["sub"].clone();
    assert_eq!(identity(&"a".repeat(256)), "a".repeat(256));
    assert_eq!(identity(&"ü".repeat(129)), "5f3a");
}

#[test]
fn a_room_name_is_sent_where_the_room_has_it() {
    let provider = with_settings(&[]).unwrap();
    let check = |request: Value, room: &str| {
        let request = token_request(request).ok().unwrap();
        let checked = provider.check_profile(request, &profile(json!({"room": room})));
        checked
            .map(drop)
            .map_err(|problem| problem.errors[0].field.to_string())
    };
    assert_eq!(check(json!({}), "a-{subject}"), Ok(()));
    assert_eq!(check(json!({"room_name": "x"}), "a-{room_name}"), Ok(()));
    let wrong = Err("room_name".to_owned());
    assert_eq!(check(json!({}), "a-{room_name}"), wrong);
    assert_eq!(check(json!({"room_name": "x"}), "a-{subject}"), wrong);
}

#[test]
fn fields_have_livekits_names_and_limits() {
    for good in [
        json!({}),
        json!({"expires_in": 10}),
        json!({"expires_in": 3600}),
        json!({"room_name": "a".repeat(128)}),
        json!({"room_name": "A-z_0"}),
        json!({"participant_name": "é".repeat(128)}),
        json!({"participant_name": ""}),
        json!({"room_config": {}}),
    ] {
        assert!(token_request(good.clone()).is_ok(), "{good}");
    }
    for bad in [
        json!({"expires_in": 9}),
        json!({"expires_in": 3601}),
        json!({"room_name": ""}),
        json!({"room_name": "a".repeat(129)}),
        json!({"room_name": "a b"}),
        json!({"room_name": "a{subject}"}),
        json!({"participant_name": "x".repeat(129)}),
        json!({"participant_name": "a\u{7}"}),
        json!({"participant_name": 7}),
        json!({"participant_identity": "root"}),
        json!({"participant_metadata": "admin"}),
        json!({"room_config": {"agents": []}}),
        json!({"room_config": null}),
    ] {
        let problem = token_request(bad.clone()).unwrap_err();
        assert_eq!(problem.code, Code::RequestInvalid, "{bad}");
    }
}

#[test]
fn the_projects_url_is_required() {
    for (url, base) in [
        ("wss://a.livekit.cloud", "https://a.livekit.cloud"),
        ("https://a.livekit.cloud/", "https://a.livekit.cloud"),
        ("ws://localhost:7880", "http://localhost:7880"),
        ("WSS://A.LiveKit.cloud", "https://a.livekit.cloud"),
    ] {
        let provider = with_settings(&[("PROVIDER_BASE_URL", url)]).unwrap();
        assert_eq!(provider.base_url().as_str(), base);
    }
    for url in [
        "",
        "ws://a.livekit.cloud",
        "http://a.test",
        "wsss://a.test",
        "wss:a.livekit.cloud",
        "wss://a.livekit.cloud?x=1",
        "wss://a.livekit.cloud/rtc",
        "a.livekit.cloud",
    ] {
        let message = with_settings(&[("PROVIDER_BASE_URL", url)]).unwrap_err();
        assert!(message.contains("PROVIDER_BASE_URL"), "{url}: {message}");
    }
}

#[test]
fn livekits_clients_read_the_response() {
    for (url, server) in [
        ("https://a.livekit.cloud", "wss://a.livekit.cloud"),
        ("http://127.0.0.1:7880", "ws://127.0.0.1:7880"),
    ] {
        let provider = with_settings(&[("PROVIDER_BASE_URL", url)]).unwrap();
        let token = IssuedToken {
            token: ProviderToken::new("the.token").unwrap(),
            expires_in: 60,
            expires_at: NOW + 60,
            members: serde_json::Map::new(),
        };
        let request = token_request(json!({})).ok().unwrap();
        let details = provider.details(&request, &token, None);
        assert_eq!(details.members()["server_url"], server);
        assert_eq!(details.members()["participant_token"], "the.token");
        assert!(details.connect().is_none());
    }
}
