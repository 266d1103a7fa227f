//! Each way in which a token must not be resumed: then a new one is minted, and never an error
//! told.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;
use voicemint_tests::{Event, FaultyService, Issuer, PROVIDERS, Reply, World};

use crate::resume::{COOKIE, assert_minted_anew, minted, with_cookie};

#[tokio::test]
async fn not_for_another_subject() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let (first, cookie) = minted(&function, &world.issuer.token("ada"), &json!({})).await;
    for subject in ["bob", "Ada", "ada "] {
        let event = with_cookie(&world.issuer.token(subject), &json!({}), &cookie);
        assert_minted_anew(&function.invoke(&event).await, &first);
    }
}

#[tokio::test]
async fn not_for_the_same_subject_of_another_issuer() {
    let world = World::start().await;
    let other = Issuer::start().await;
    let function = world.function("cartesia").start().await;
    let (first, cookie) = minted(&function, &world.issuer.token("ada"), &json!({})).await;
    let elsewhere = world
        .function("cartesia")
        .env("SESSION_ISSUER", other.url())
        .start()
        .await;
    let answer = elsewhere
        .invoke(&with_cookie(&other.token("ada"), &json!({}), &cookie))
        .await;
    assert_minted_anew(&answer, &first);
}

#[tokio::test]
async fn not_for_other_grants_be_they_more_or_fewer() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    let (tts, both) = (
        json!({ "grants": { "tts": true } }),
        json!({ "grants": { "tts": true, "stt": true } }),
    );
    let stt = json!({ "grants": { "stt": true } });
    for (had, asked) in [(&tts, &both), (&both, &tts), (&tts, &stt)] {
        let (first, cookie) = minted(&function, &session, had).await;
        assert_minted_anew(
            &function
                .invoke(&with_cookie(&session, asked, &cookie))
                .await,
            &first,
        );
    }
}

#[tokio::test]
async fn not_for_a_longer_ask_than_twice_what_is_left() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({ "expires_in": 60 })).await;
    let longer = function
        .invoke(&with_cookie(
            &session,
            &json!({ "expires_in": 600 }),
            &cookie,
        ))
        .await;
    assert_minted_anew(&longer, &first);
    assert_eq!(longer.json()["expires_in"], 600);
    // At least half of what is asked is left: that will do.
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
async fn not_for_longer_than_is_asked_or_permitted_now() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    let (first, cookie) = minted(&function, &session, &json!({ "expires_in": 3600 })).await;
    for expires_in in [10, 60, 3000] {
        let shorter = function
            .invoke(&with_cookie(
                &session,
                &json!({ "expires_in": expires_in }),
                &cookie,
            ))
            .await;
        assert_minted_anew(&shorter, &first);
        assert_eq!(shorter.json()["expires_in"], expires_in);
    }
    // A maximum that was lowered meanwhile holds for cookies from before, too.
    let narrowed = world
        .function("cartesia")
        .env("MAX_EXPIRES_IN", "60")
        .start()
        .await;
    let answer = narrowed
        .invoke(&with_cookie(&session, &json!({}), &cookie))
        .await;
    assert_minted_anew(&answer, &first);
    assert_eq!(answer.json()["expires_in"], 60);
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
async fn not_when_less_than_half_is_left_or_nothing() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
    let ask = json!({ "expires_in": 6 });
    let (first, cookie) = minted(&function, &session, &ask).await;
    sleep(Duration::from_millis(4100)).await;
    assert_minted_anew(
        &function.invoke(&with_cookie(&session, &ask, &cookie)).await,
        &first,
    );
    sleep(Duration::from_millis(2000)).await;
    // Expired: even where any time at all would do.
    for expires_in in [6, 1] {
        let event = with_cookie(&session, &json!({ "expires_in": expires_in }), &cookie);
        assert_minted_anew(&function.invoke(&event).await, &first);
    }
}

#[tokio::test]
async fn not_when_altered_anywhere() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
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
    // One other character, at places from one end to the other but the last, of which some bits may
    // not count.
    for at in (0..10).map(|tenth| tenth * (cookie.len() - 2) / 9) {
        let other = if &cookie[at..=at] == "A" { "B" } else { "A" };
        altered.push(format!("{}{other}{}", &cookie[..at], &cookie[at + 1..]));
    }
    for value in altered {
        let answer = function
            .invoke(&with_cookie(&session, &json!({}), &value))
            .await;
        assert_minted_anew(&answer, &first);
    }
}

#[tokio::test]
async fn not_from_another_providers_cookie_even_under_the_same_key() {
    let world = World::start().await;
    let session = world.issuer.token("ada");
    let secret = world.secret_id("cartesia").to_owned();
    let standin = FaultyService::start([Reply::token("a-token-of-somebody-else")]).await;
    let function = world.function("cartesia").start().await;
    let (first, _) = minted(&function, &session, &json!({})).await;
    for provider in ["elevenlabs", "assemblyai"] {
        let other = world.function(provider).env("API_KEY_SECRET_ID", &secret);
        let other = other.env("PROVIDER_BASE_URL", standin.url()).start().await;
        let answer = other.invoke(&Event::post(provider).bearer(&session)).await;
        let (_, value, _) = answer
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {answer:?}"));
        let answer = function
            .invoke(&with_cookie(&session, &json!({}), &value))
            .await;
        assert_minted_anew(&answer, &first);
        assert_ne!(answer.token(), "a-token-of-somebody-else");
    }
}

#[tokio::test]
async fn not_under_another_name_and_never_in_place_of_a_session() {
    let world = World::start().await;
    let function = world.function("cartesia").start().await;
    let session = world.issuer.token("ada");
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
        assert_minted_anew(&function.invoke(&event).await, &first);
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
    let world = World::start().await;
    let session = world.issuer.token("ada");
    for provider in PROVIDERS
        .into_iter()
        .filter(|provider| *provider != "cartesia")
    {
        let function = world.function(provider).start().await;
        let first = function
            .invoke(&Event::post(provider).bearer(&session))
            .await;
        let (name, value, _) = first
            .cookie()
            .unwrap_or_else(|| panic!("one cookie: {first:?}"));
        let again = function
            .invoke(&Event::post(provider).bearer(&session).cookie(&name, &value))
            .await;
        assert_minted_anew(&again, &first);
        assert_eq!(world.mints(provider), 2);
    }
}

#[tokio::test]
async fn a_rotated_key_voids_the_cookies() {
    let world = World::start().await;
    let session = world.issuer.token("ada");
    let function = world.function("cartesia").start().await;
    let (first, cookie) = minted(&function, &session, &json!({})).await;
    world.set_key("cartesia", "sk_car_the-next-key-of-the-rotation");
    world
        .moto
        .put_secret(
            world.secret_id("cartesia"),
            "sk_car_the-next-key-of-the-rotation",
        )
        .await;
    let fresh = world.function("cartesia").start().await;
    assert_minted_anew(
        &fresh
            .invoke(&with_cookie(&session, &json!({}), &cookie))
            .await,
        &first,
    );
}
