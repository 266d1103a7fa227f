//! Several issuers at once: each is known by its exact name, and its keys or its secret vouch for
//! nobody else.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use voicemint_tests::{Builder, Event, Function, Issuer, Outage, World, hmac_jwt, with, without};

use crate::resume::{assert_minted_anew, minted, with_cookie};
use crate::settings::{complaint, names};
use crate::support::{Tally, all, base64url, said};

const INVALID: &str = "401 session_invalid";
const UNAVAILABLE: &str = "503 session_unavailable";

/// A function that trusts the world's issuer and that other one.
fn of_both(world: &World, other: &Issuer, provider: &str) -> Builder {
    world.function(provider).env(
        "SESSION_ISSUER",
        format!("{}, {}", world.issuer.url(), other.url()),
    )
}

async fn ask(function: &Function, token: &str) -> String {
    said(
        &function
            .invoke(&Event::post("elevenlabs").bearer(token))
            .await,
    )
}

#[tokio::test]
async fn a_key_of_one_issuer_never_vouches_for_another() {
    let (world, other) = (World::start().await, Issuer::start().await);
    // Both have keys under the same ids; each has one more, under an id that the other has not.
    let own_id = world.issuer.rotate_keys();
    let spare = other.rotate_keys();
    let other_id = other.rotate_keys();
    other.remove_key(&spare);
    assert_ne!(own_id, other_id);
    let function = of_both(&world, &other, "elevenlabs").start().await;
    let mut tally = Tally::default();
    for (own, stranger, id) in [
        (&world.issuer, &other, &other_id),
        (&other, &world.issuer, &own_id),
    ] {
        let claims = own.claims("ada");
        for alg in ["EdDSA", "ES384", "ES256"] {
            tally.is(
                &format!("its own, {alg}"),
                ask(&function, &own.jwt(alg, &claims).encode()).await,
                "200",
            );
            let there = stranger.jwt(alg, &stranger.claims("ada")).encode();
            tally.is(
                &format!("the stranger's own, {alg}"),
                ask(&function, &there).await,
                "200",
            );
            let forged = stranger.jwt(alg, &claims).encode();
            tally.is(
                &format!("{alg} under the key's id"),
                ask(&function, &forged).await,
                INVALID,
            );
            let nameless = stranger
                .jwt(alg, &claims)
                .header("kid", Value::Null)
                .encode();
            tally.is(
                &format!("{alg} without a key id"),
                ask(&function, &nameless).await,
                INVALID,
            );
        }
        for id in [id.as_str(), "p256-1", "nobody"] {
            let forged = stranger.jwt("ES256", &claims).header("kid", id).encode();
            tally.is(
                &format!("ES256 under {id}"),
                ask(&function, &forged).await,
                INVALID,
            );
        }
    }
    tally.is("tokens minted", world.mints("elevenlabs"), 12);
    tally.done();
}

#[tokio::test]
async fn an_unknown_issuer_is_refused_and_nobody_is_asked() {
    let (world, other, stranger) = (
        World::start().await,
        Issuer::start().await,
        Issuer::start().await,
    );
    let function = of_both(&world, &other, "elevenlabs").start().await;
    for issuer in [&world.issuer, &other] {
        assert_eq!(
            ask(
                &function,
                &issuer.jwt("EdDSA", &issuer.claims("ada")).encode()
            )
            .await,
            "200"
        );
    }
    let fetched = || [&world.issuer, &other, &stranger].map(|issuer| issuer.requests().len());
    let before = fetched();
    let (a, b) = (world.issuer.url(), other.url());
    let claims = world.issuer.claims("ada");
    let twice = claims
        .to_string()
        .replacen('{', &format!("{{\"iss\":\"{b}\","), 1);
    let mut tally = Tally::default();
    for (case, claims) in [
        ("a stranger", stranger.claims("ada")),
        (
            "both names in one",
            with(&claims, "iss", format!("{a}, {b}")),
        ),
        ("a slash at the end", with(&claims, "iss", format!("{a}/"))),
        ("a path", with(&claims, "iss", format!("{a}/other"))),
        (
            "another scheme",
            with(&claims, "iss", a.replace("http:", "https:")),
        ),
        (
            "another spelling",
            with(&claims, "iss", a.replace("http:", "HTTP:")),
        ),
        (
            "another host",
            with(&claims, "iss", a.replace("127.0.0.1", "localhost")),
        ),
        ("a space", with(&claims, "iss", format!(" {a}"))),
        (
            "a part of the name",
            with(&claims, "iss", &a[..a.len() - 1]),
        ),
        ("an empty name", with(&claims, "iss", "")),
        ("several names", with(&claims, "iss", json!([a, b]))),
        ("no name", without(&claims, "iss")),
    ] {
        for kid in ["ed25519-1", "unheard-of"] {
            let token = stranger.jwt("EdDSA", &claims).header("kid", kid).encode();
            tally.is(
                &format!("{case}, {kid}"),
                ask(&function, &token).await,
                INVALID,
            );
        }
    }
    let token = world
        .issuer
        .jwt("EdDSA", &claims)
        .raw_payload(&twice)
        .encode();
    tally.is("a name twice", ask(&function, &token).await, INVALID);
    let unsigned = format!(
        "{}.{}.",
        base64url(r#"{"alg":"none"}"#),
        base64url(&claims.to_string())
    );
    tally.is("no signature", ask(&function, &unsigned).await, INVALID);
    tally.is("fetches", fetched(), before);
    tally.done();
}

#[tokio::test]
async fn one_issuer_in_trouble_does_not_touch_the_other() {
    let mut cases = JoinSet::new();
    for outage in Outage::ALL {
        cases.spawn(async move {
            let (world, other) = (World::start().await, Issuer::start().await);
            other.fail_discovery(outage);
            other.fail_key_set(outage);
            let function = of_both(&world, &other, "elevenlabs").start().await;
            let (good, waiting) = (world.issuer.token("ada"), other.token("ada"));
            assert_eq!(
                ask(&function, &good).await,
                "200",
                "{outage:?}\n{}",
                function.logs()
            );
            for _ in 0..3 {
                let answer = function
                    .invoke(&Event::post("elevenlabs").bearer(&waiting))
                    .await;
                assert_eq!(said(&answer), UNAVAILABLE, "{outage:?}");
                assert!(
                    answer.has_header("retry-after") && !answer.has_header("www-authenticate"),
                    "{answer:?}"
                );
                let begin = Instant::now();
                assert_eq!(ask(&function, &good).await, "200", "{outage:?}");
                assert!(
                    begin.elapsed() < Duration::from_secs(1),
                    "{outage:?}: {:?}",
                    begin.elapsed()
                );
            }
            // What is signed by the issuer in trouble is no word of the other's.
            let forged = other.jwt("EdDSA", &world.issuer.claims("ada")).encode();
            assert_eq!(ask(&function, &forged).await, INVALID, "{outage:?}");
            other.fail_discovery(None);
            other.fail_key_set(None);
            let back = Instant::now();
            while ask(&function, &waiting).await != "200" {
                assert!(
                    back.elapsed() < Duration::from_secs(12),
                    "{outage:?}\n{}",
                    function.logs()
                );
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
    }
    all(cases).await;
}

#[tokio::test]
async fn key_sets_are_listed_in_the_order_of_the_issuers() {
    let (world, other) = (World::start().await, Issuer::start().await);
    let sets = [world.issuer.key_set_url(), other.key_set_url()];
    let tokens =
        [&world.issuer, &other].map(|issuer| issuer.jwt("EdDSA", &issuer.claims("ada")).encode());
    for (order, want) in [([0, 1], "200"), ([1, 0], INVALID)] {
        let urls = order.map(|number: usize| sets[number].clone()).join(",");
        let function = of_both(&world, &other, "elevenlabs")
            .env("SESSION_JWKS_URL", urls)
            .start()
            .await;
        for token in &tokens {
            assert_eq!(ask(&function, token).await, want, "{order:?}");
        }
    }
    assert_eq!((world.issuer.discoveries(), other.discoveries()), (0, 0));
}

#[tokio::test]
async fn lists_that_do_not_match_stop_the_function() {
    let (world, other) = (World::start().await, Issuer::start().await);
    let (a, b) = (world.issuer.url(), other.url());
    let mut tally = Tally::default();
    for (kind, issuers, setting, value, named) in [
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            world.issuer.key_set_url(),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,{a}/2,{a}/3"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            a.clone(),
            "SESSION_JWKS_URL",
            format!("{a}/1,{a}/2"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,http://b.example/2"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,b.example"),
            "SESSION_JWKS_URL",
        ),
        (
            "jwt",
            format!("{a},{b},{a}"),
            "LOG_LEVEL",
            "info".to_owned(),
            "SESSION_ISSUER",
        ),
        (
            "jwt",
            format!("{a}, {a}"),
            "SESSION_JWKS_URL",
            format!("{a}/1,{a}/2"),
            "SESSION_ISSUER",
        ),
        (
            "jwt",
            format!("{a},http://b.example"),
            "LOG_LEVEL",
            "info".to_owned(),
            "SESSION_ISSUER",
        ),
        (
            "jwt",
            " , ".to_owned(),
            "LOG_LEVEL",
            "info".to_owned(),
            "SESSION_ISSUER",
        ),
        (
            "secret",
            "one,two".to_owned(),
            "SESSION_SECRET_ID",
            "a".to_owned(),
            "SESSION_SECRET_ID",
        ),
        (
            "secret",
            "one,two".to_owned(),
            "SESSION_SECRET_ID",
            "a,b,c".to_owned(),
            "SESSION_SECRET_ID",
        ),
        (
            "secret",
            "one".to_owned(),
            "SESSION_SECRET_ID",
            "a,b".to_owned(),
            "SESSION_SECRET_ID",
        ),
        (
            "secret",
            "one,one".to_owned(),
            "SESSION_SECRET_ID",
            "a,b".to_owned(),
            "SESSION_ISSUER",
        ),
    ] {
        let builder = world
            .function("cartesia")
            .env("SESSION_KIND", kind)
            .env("SESSION_ISSUER", &issuers);
        let text = complaint(builder.env(setting, &value)).await;
        let told = text.as_ref().is_some_and(|text| names(text, named));
        tally.holds(
            &format!("{kind} {issuers} {setting}={value}: {text:?}"),
            told,
        );
    }
    tally.done();
}

#[tokio::test]
async fn each_issuer_has_its_own_shared_secret() {
    let world = World::start().await;
    let texts = [
        "the-first-apps-secret-of-32-bytes-or-more",
        "the-second-apps-secret-of-32-bytes-or-so",
    ];
    let ids = [
        world.secret("first", texts[0]).await,
        world.secret("second", texts[1]).await,
    ];
    let function = world
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_ISSUER", "first,second");
    let function = function
        .env("SESSION_SECRET_ID", ids.join(","))
        .start()
        .await;
    let claims = |issuer: &str| with(&world.issuer.claims("ada"), "iss", issuer);
    let mut tally = Tally::default();
    for (issuer, secret, want) in [
        ("first", texts[0], "200"),
        ("second", texts[1], "200"),
        ("first", texts[1], INVALID),
        ("second", texts[0], INVALID),
        ("third", texts[0], INVALID),
        ("first,second", texts[0], INVALID),
    ] {
        let token = hmac_jwt("HS256", secret.as_bytes(), &claims(issuer));
        tally.is(
            &format!("{issuer} with {secret}"),
            ask(&function, &token).await,
            want,
        );
    }
    // One secret gone is trouble of the one issuer alone.
    let ids = [
        ids[0].clone(),
        "voicemint/never-created-for-the-second".to_owned(),
    ];
    let function = world
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_ISSUER", "first,second");
    let function = function
        .env("SESSION_SECRET_ID", ids.join(","))
        .start()
        .await;
    for (issuer, secret, want) in [
        ("first", texts[0], "200"),
        ("second", texts[1], UNAVAILABLE),
    ] {
        let token = hmac_jwt("HS256", secret.as_bytes(), &claims(issuer));
        tally.is(
            &format!("{issuer}, the second's secret gone"),
            ask(&function, &token).await,
            want,
        );
    }
    tally.done();
}

#[tokio::test]
async fn users_of_one_name_at_two_issuers_are_two_users() {
    let (world, other) = (World::start().await, Issuer::start().await);
    let function = of_both(&world, &other, "cartesia").start().await;
    let tokens = [&world.issuer, &other].map(|issuer| issuer.token("ada"));
    let (first, cookie) = minted(&function, &tokens[0], &json!({})).await;
    assert_minted_anew(
        &function
            .invoke(&with_cookie(&tokens[1], &json!({}), &cookie))
            .await,
        &first,
    );
    let again = function
        .invoke(&with_cookie(&tokens[0], &json!({}), &cookie))
        .await;
    assert_eq!(
        (again.header("voicemint-source"), again.token()),
        ("resumed", first.token())
    );
}
