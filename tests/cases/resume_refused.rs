//! Each case in which a token must not be resumed. The function then mints a new token and does not
//! report an error.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use voicemint_tests::{
    Event, Issuer, PROVIDERS, Reply, ScriptedServer, TestEnv, called_providers, smallest_request,
};

use crate::resume::{COOKIE, assert_new_token, minted, with_cookie};

#[tokio::test]
async fn another_subject_gets_a_new_token() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let (first, cookie) = minted(&function, &env.issuer.token("ada"), &json!({})).await;
    for subject in ["bob", "Ada", "ada "] {
        let event = with_cookie(&env.issuer.token(subject), &json!({}), &cookie);
        assert_new_token(&function.invoke(&event).await, &first);
    }
}

#[tokio::test]
async fn the_same_subject_of_another_issuer_gets_a_new_token() {
    let env = TestEnv::start().await;
    let other = Issuer::start().await;
    let function = env.function("cartesia").start().await;
    let (first, cookie) = minted(&function, &env.issuer.token("ada"), &json!({})).await;
    let elsewhere = env
        .function("cartesia")
        .env("SESSION_ISSUER", other.url())
        .start()
        .await;
    let response = elsewhere
        .invoke(&with_cookie(&other.token("ada"), &json!({}), &cookie))
        .await;
    assert_new_token(&response, &first);
}

#[tokio::test]
async fn other_grants_get_a_new_token() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let (tts, both) = (
        json!({ "grants": { "tts": true } }),
        json!({ "grants": { "tts": true, "stt": true } }),
    );
    let stt = json!({ "grants": { "stt": true } });
    for (minted_with, requested) in [(&tts, &both), (&both, &tts), (&tts, &stt)] {
        let (first, cookie) = minted(&function, &session, minted_with).await;
        assert_new_token(
            &function
                .invoke(&with_cookie(&session, requested, &cookie))
                .await,
            &first,
        );
    }
}

#[tokio::test]
async fn a_request_for_more_than_twice_the_remaining_lifetime_gets_a_new_token() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({ "expires_in": 60 })).await;
    let longer = function
        .invoke(&with_cookie(
            &session,
            &json!({ "expires_in": 600 }),
            &cookie,
        ))
        .await;
    assert_new_token(&longer, &first);
    assert_eq!(longer.json()["expires_in"], 600);
    // At least half of the requested lifetime is left, so the token is resumed.
    let near = function
        .invoke(&with_cookie(
            &session,
            &json!({ "expires_in": 100 }),
            &cookie,
        ))
        .await;
    assert_eq!(
        (near.header("voicemint-source"), near.token()),
        ("resumed", first.token()),
        "{near:?}"
    );
}

#[tokio::test]
async fn a_token_that_lives_longer_than_requested_or_permitted_is_not_resumed() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({ "expires_in": 3600 })).await;
    for expires_in in [10, 60, 3000] {
        let shorter = function
            .invoke(&with_cookie(
                &session,
                &json!({ "expires_in": expires_in }),
                &cookie,
            ))
            .await;
        assert_new_token(&shorter, &first);
        assert_eq!(shorter.json()["expires_in"], expires_in);
    }
    // A maximum that was lowered later also applies to existing cookies.
    let narrowed = env
        .function("cartesia")
        .env("MAX_EXPIRES_IN", "60")
        .start()
        .await;
    let response = narrowed
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_new_token(&response, &first);
    assert_eq!(response.json()["expires_in"], 60);
    let same = function
        .invoke(&with_cookie(
            &session,
            &json!({ "expires_in": 3600 }),
            &cookie,
        ))
        .await;
    assert_eq!(
        (same.header("voicemint-source"), same.token()),
        ("resumed", first.token()),
        "{same:?}"
    );
}

#[tokio::test]
async fn a_token_with_less_than_half_of_its_lifetime_left_is_not_resumed() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let body = json!({ "expires_in": 6 });
    let (first, cookie) = minted(&function, &session, &body).await;
    sleep(Duration::from_millis(4100)).await;
    assert_new_token(
        &function
            .invoke(&with_cookie(&session, &body, &cookie))
            .await,
        &first,
    );
    sleep(Duration::from_millis(2000)).await;
    // The token has expired: it is not resumed even for the shortest lifetime.
    for expires_in in [6, 1] {
        let event = with_cookie(&session, &json!({ "expires_in": expires_in }), &cookie);
        assert_new_token(&function.invoke(&event).await, &first);
    }
}

#[tokio::test]
async fn an_altered_cookie_is_not_resumed() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({})).await;
    let mut altered = vec![
        String::new(),
        cookie[1..].to_owned(),
        cookie[..cookie.len() - 4].to_owned(),
        format!("{cookie}{cookie}"),
        format!("A{cookie}"),
        "A".repeat(cookie.len()),
        "A".repeat(3900),
        "%00%ff".to_owned(),
        "ä€🎙".to_owned(),
        format!("\"{cookie}x\""),
        first.token(),
    ];
    // One changed character at several positions. The last character is left out, because some of
    // its bits may be unused.
    for at in (0..10).map(|tenth| tenth * (cookie.len() - 2) / 9) {
        let other = if &cookie[at..=at] == "A" { "B" } else { "A" };
        altered.push(format!("{}{other}{}", &cookie[..at], &cookie[at + 1..]));
    }
    for value in altered {
        let response = function
            .invoke(&with_cookie(&session, &json!({}), &value))
            .await;
        assert_new_token(&response, &first);
    }
}

#[tokio::test]
async fn a_cookie_of_another_provider_is_not_resumed_even_with_the_same_key() {
    let env = TestEnv::start().await;
    let session = env.issuer.token("ada");
    let secret = env.secret_id("cartesia").to_owned();
    let standin = ScriptedServer::start([]).await;
    let function = env.function("cartesia").start().await;
    let (first, _) = minted(&function, &session, &json!({})).await;
    for provider in called_providers().filter(|provider| *provider != "cartesia") {
        standin.set_script([Reply::minted(provider, "a-token-of-somebody-else")]);
        let other = env.function(provider).env("API_KEY_SECRET_ID", &secret);
        let other = other.env("PROVIDER_BASE_URL", standin.url()).start().await;
        let response = other.invoke(&Event::post(provider).bearer(&session)).await;
        let (_, value, _) = response
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {response:?}"));
        let response = function
            .invoke(&with_cookie(&session, &json!({}), &value))
            .await;
        assert_new_token(&response, &first);
        assert_ne!(response.token(), "a-token-of-somebody-else");
    }
}

#[tokio::test]
async fn a_cookie_needs_its_own_name_and_does_not_replace_a_session() {
    let env = TestEnv::start().await;
    let function = env.function("cartesia").start().await;
    let session = env.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({})).await;
    for name in [
        "cartesia-token",
        "__Host-elevenlabs-token",
        "__host-cartesia-token",
        "__Host-cartesia-token2",
    ] {
        let event = Event::post("cartesia")
            .bearer(&session)
            .cookie(name, &cookie);
        assert_new_token(&function.invoke(&event).await, &first);
    }
    assert_eq!(
        function
            .invoke(&Event::post("cartesia").cookie(COOKIE, &cookie))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn single_use_tokens_are_never_resumed() {
    let env = TestEnv::start().await;
    let session = env.issuer.token("ada");
    for provider in PROVIDERS
        .into_iter()
        .filter(|provider| smallest_request(provider).single_use)
    {
        let function = env.function(provider).start().await;
        let first = function
            .invoke(&Event::post(provider).bearer(&session))
            .await;
        let (name, value, _) = first
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {first:?}"));
        let again = function
            .invoke(&Event::post(provider).bearer(&session).cookie(&name, &value))
            .await;
        assert_new_token(&again, &first);
        assert_eq!(env.mints(provider), 2);
    }
}

#[tokio::test]
async fn a_rotated_key_invalidates_the_cookies() {
    let env = TestEnv::start().await;
    let session = env.issuer.token("ada");
    let function = env.function("cartesia").start().await;
    let (first, cookie) = minted(&function, &session, &json!({})).await;
    env.set_key("cartesia", "sk_car_the-next-key-of-the-rotation");
    env.moto
        .put_secret(
            env.secret_id("cartesia"),
            "sk_car_the-next-key-of-the-rotation",
        )
        .await;
    let fresh = env.function("cartesia").start().await;
    assert_new_token(
        &fresh
            .invoke(&with_cookie(&session, &json!({}), &cookie))
            .await,
        &first,
    );
}
