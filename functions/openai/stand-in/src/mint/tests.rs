//! Tests of the mint endpoints.

use voicemint_stand_in::testing::call;
use voicemint_stand_in::{RedeemError, Standin};

use super::*;
use crate::testing::{MINT, MINT_TRANSLATION, mint, secret, standin};
use crate::{API_KEY, OpenAiStandin};

/// A token's type and lifetime, and the members of its session.
fn expiring(seconds: &Value) -> String {
    json!({"expires_after": {"anchor": "created_at", "seconds": seconds}}).to_string()
}

#[tokio::test]
async fn documented_request_gets_a_secret_its_expiry_and_the_whole_session() {
    let (standin, _) = standin();
    let now = standin.now().as_secs();
    for (body, seconds) in [
        ("{}".to_owned(), 600),
        (expiring(&json!(10)), 10),
        (expiring(&json!(7200)), 7200),
        (
            r#"{"expires_after":{"anchor":"created_at"}}"#.to_owned(),
            600,
        ),
    ] {
        let response = mint(&standin, MINT, &body).await;
        assert_eq!(response.status, 200, "{}", response.json());
        let body = response.json();
        assert_eq!(body["expires_at"], now + seconds);
        assert_eq!(body["session"]["type"], "realtime");
        assert!(body["value"].as_str().unwrap().starts_with("ek_"));
    }
    let session = json!({"type": "realtime", "instructions": "Be kind.", "audio": {"output": {"voice": "cedar"}}});
    let body = mint(&standin, MINT, &json!({"session": session}).to_string())
        .await
        .json();
    let session = &body["session"];
    assert_eq!(session["instructions"], "Be kind.");
    assert_eq!(session["audio"]["output"]["voice"], "cedar");
    assert_eq!(
        session["audio"]["output"]["format"]["rate"], 24_000,
        "a default"
    );
    assert_eq!(standin.mints(), 5);
}

#[tokio::test]
async fn each_example_profile_is_a_session_that_the_mint_accepts() {
    let (standin, _) = standin();
    let profiles: Value = serde_json::from_str(OpenAiStandin.profiles().unwrap()).unwrap();
    let mut types = Vec::new();
    for (name, profile) in profiles.as_object().unwrap() {
        let mut session = profile.clone();
        let is_translation = session["type"] == "translation";
        types.push(session["type"].as_str().unwrap().to_owned());
        if is_translation {
            session.as_object_mut().unwrap().remove("type");
        }
        let path = if is_translation {
            MINT_TRANSLATION
        } else {
            MINT
        };
        let response = mint(&standin, path, &json!({"session": session}).to_string()).await;
        assert_eq!(response.status, 200, "{name}: {}", response.json());
    }
    types.sort();
    assert_eq!(types, ["realtime", "transcription", "translation"]);
}

#[tokio::test]
async fn secret_is_redeemed_once_within_its_lifetime_and_for_its_type() {
    let (standin, time) = standin();
    let realtime = SessionType::Realtime.scope();
    let early = secret(&standin, MINT, json!({"type": "realtime"})).await;
    let late = secret(&standin, MINT, json!({"type": "realtime"})).await;
    let dictation = secret(&standin, MINT, json!({"type": "transcription"})).await;
    let french = secret(&standin, MINT_TRANSLATION, json!({"model": "m-1"})).await;
    time.advance(59);
    for other in [&dictation, &french] {
        assert_eq!(
            standin.redeem(other, realtime),
            Err(RedeemError::NotGranted)
        );
    }
    assert_eq!(standin.redeem(&early, realtime), Ok(()));
    assert_eq!(standin.redeem(&early, realtime), Err(RedeemError::Spent));
    time.advance(1);
    assert_eq!(standin.redeem(&late, realtime), Err(RedeemError::Expired));
}

#[tokio::test]
async fn requests_outside_the_documentation_are_400() {
    let (standin, _) = standin();
    let session = |session: Value| json!({"session": session}).to_string();
    let audio = |audio: Value| session(json!({"type": "realtime", "audio": audio}));
    for (body, code, param) in [
        (String::new(), None, None),
        ("[]".to_owned(), None, None),
        (
            r#"{"seconds":60}"#.to_owned(),
            Some("unknown_parameter"),
            Some("seconds"),
        ),
        (
            r#"{"expires_after":60}"#.to_owned(),
            Some("invalid_type"),
            Some("expires_after"),
        ),
        (
            r#"{"expires_after":{"seconds":60}}"#.to_owned(),
            Some("missing_required_parameter"),
            Some("expires_after.anchor"),
        ),
        (
            r#"{"expires_after":{"anchor":"now"}}"#.to_owned(),
            Some("invalid_value"),
            Some("expires_after.anchor"),
        ),
        (
            expiring(&json!(9)),
            Some("invalid_value"),
            Some("expires_after.seconds"),
        ),
        (
            expiring(&json!(7201)),
            Some("invalid_value"),
            Some("expires_after.seconds"),
        ),
        (
            expiring(&json!(60.5)),
            Some("invalid_type"),
            Some("expires_after.seconds"),
        ),
        (
            expiring(&json!("60")),
            Some("invalid_type"),
            Some("expires_after.seconds"),
        ),
        (
            session(json!({})),
            Some("missing_required_parameter"),
            Some("session.type"),
        ),
        (
            session(json!({"type": "translation"})),
            Some("invalid_value"),
            Some("session.type"),
        ),
        (
            session(json!({"type": "realtime", "voice": "marin"})),
            Some("unknown_parameter"),
            Some("session.voice"),
        ),
        (
            session(json!({"type": "realtime", "instructions": 7})),
            Some("invalid_type"),
            Some("session.instructions"),
        ),
        (
            session(json!({"type": "realtime", "max_output_tokens": 4097})),
            Some("invalid_type"),
            Some("session.max_output_tokens"),
        ),
        (
            session(json!({"type": "realtime", "output_modalities": ["video"]})),
            Some("invalid_value"),
            Some("session.output_modalities[0]"),
        ),
        (
            session(json!({"type": "transcription", "model": "m-1"})),
            Some("unknown_parameter"),
            Some("session.model"),
        ),
        (
            session(json!({"type": "transcription", "audio": {"output": {}}})),
            Some("unknown_parameter"),
            Some("session.audio.output"),
        ),
        (
            audio(json!({"output": {"speed": 2}})),
            Some("invalid_value"),
            Some("session.audio.output.speed"),
        ),
        (
            audio(json!({"input": {"format": {"type": "audio/pcm", "rate": 16000}}})),
            Some("invalid_value"),
            Some("session.audio.input.format.rate"),
        ),
        (
            audio(json!({"input": {"turn_detection": {"type": "vad"}}})),
            Some("invalid_value"),
            Some("session.audio.input.turn_detection.type"),
        ),
    ] {
        let response = mint(&standin, MINT, &body).await;
        let error = &response.json()["error"];
        assert_eq!(response.status, 400, "{body}");
        let expected = json!({"type": "invalid_request_error", "code": code, "param": param, "message": error["message"]});
        assert_eq!(*error, expected, "{body}");
        assert!(error["message"].is_string());
    }
    for (body, param) in [
        ("{}".to_owned(), "session"),
        (session(json!({"audio": {}})), "session.model"),
        (
            session(json!({"type": "translation", "model": "m-1"})),
            "session.type",
        ),
        (
            session(json!({"model": "m-1", "instructions": "x"})),
            "session.instructions",
        ),
    ] {
        let response = mint(&standin, MINT_TRANSLATION, &body).await;
        assert_eq!(
            (response.status.as_u16(), &response.json()["error"]["param"]),
            (400, &json!(param)),
            "{body}"
        );
    }
    assert_eq!(standin.mints(), 0);
}

#[tokio::test]
async fn key_that_is_wrong_or_missing_is_401() {
    let (standin, _) = standin();
    let json = ("content-type", "application/json");
    let (bearer, basic) = (format!("Bearer {API_KEY}"), format!("Basic {API_KEY}"));
    for headers in [
        vec![json],
        vec![json, ("authorization", API_KEY)],
        vec![json, ("authorization", &basic)],
        vec![json, ("authorization", "Bearer wrong")],
        vec![json, ("api-key", API_KEY)],
        vec![json, ("authorization", &bearer), ("authorization", &bearer)],
    ] {
        for path in [MINT, MINT_TRANSLATION] {
            let response = call(&standin, "POST", path, &headers, "{}").await;
            let error = &response.json()["error"];
            assert_eq!(
                (response.status.as_u16(), &error["code"]),
                (401, &json!("invalid_api_key")),
                "{headers:?}"
            );
        }
    }
    assert_eq!(standin.mints(), 0);
}

#[tokio::test]
async fn other_media_types_and_methods_are_refused_and_counted() {
    let (standin, _) = standin();
    let bearer = format!("bearer {API_KEY}");
    let text = [
        ("authorization", bearer.as_str()),
        ("content-type", "text/plain"),
    ];
    assert_eq!(call(&standin, "POST", MINT, &text, "{}").await.status, 415);
    for method in ["GET", "HEAD", "PUT", "OPTIONS"] {
        for path in [MINT, MINT_TRANSLATION] {
            let response = call(&standin, method, path, &text, "").await;
            assert_eq!(response.status, 405, "{method}");
            assert_eq!(response.header("allow"), "POST");
        }
    }
    let charset = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json; charset=utf-8"),
    ];
    assert_eq!(
        call(&standin, "POST", MINT, &charset, "{}").await.status,
        200
    );
    assert_eq!((standin.requests(), standin.mints()), (10, 1));
}

#[tokio::test]
async fn calls_and_unknown_paths_have_the_vendors_errors() {
    let (standin, _) = standin();
    let offer = [
        ("content-type", "application/sdp"),
        ("authorization", "Bearer ek_1"),
    ];
    let response = call(&standin, "POST", "/v1/realtime/calls", &offer, "v=0").await;
    let error = &response.json()["error"];
    assert_eq!(
        (response.status.as_u16(), &error["type"]),
        (501, &json!("server_error"))
    );
    assert!(
        error["message"].as_str().unwrap().contains("no media"),
        "{error}"
    );
    assert_eq!(
        response.header("access-control-allow-origin"),
        "*",
        "a page can read it"
    );
    let response = call(&standin, "POST", "/v1/realtime/sessions", &[], "").await;
    assert_eq!(
        (response.status.as_u16(), &response.json()["error"]["code"]),
        (404, &json!("unknown_url"))
    );
}
