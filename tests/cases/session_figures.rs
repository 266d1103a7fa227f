//! The figures that the verifier must hold, as far as one request at a time shows them: fetches in
//! a flood, rotation under load, an identity provider that is down, and clocks that are apart. The
//! concurrent ones are in `shared/tests/`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use voicemint_tests::{
    Answer, Event, FaultyService, Function, Issuer, Outage, Reply, World, hmac_jwt, now, with,
};

use crate::support::{Tally, all, said};

const INVALID: &str = "401 session_invalid";
const EXPIRED: &str = "401 session_expired";
const UNAVAILABLE: &str = "503 session_unavailable";
/// One regular fetch, three at once for unknown key ids, and three more in the minute.
const MOST_FETCHES: usize = 7;

async fn ask(function: &Function, token: &str) -> String {
    said(
        &function
            .invoke(&Event::post("elevenlabs").bearer(token))
            .await,
    )
}

/// Milliseconds that the session's check took, by the answer's own word.
fn session_took(answer: &Answer) -> f64 {
    let timing = answer.header("server-timing").to_owned();
    let entry = timing
        .split(", ")
        .find_map(|entry| entry.strip_prefix("session;dur="));
    entry
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("the session's time in {answer:?}"))
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_costs_a_few_fetches_and_no_valid_session() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let good = world.issuer.token("ada");
    for number in 0..300 {
        let forged = world
            .issuer
            .jwt("ES256", &world.issuer.claims("eve"))
            .header("kid", format!("forged-{number}"));
        assert_eq!(ask(&function, &forged.encode()).await, INVALID, "{number}");
        if number % 10 == 0 {
            assert_eq!(ask(&function, &good).await, "200", "{number}");
        }
    }
    assert!(
        world.issuer.key_set_fetches() <= MOST_FETCHES,
        "{} fetches",
        world.issuer.key_set_fetches()
    );
    assert!(
        world.issuer.discoveries() <= MOST_FETCHES,
        "{} discoveries",
        world.issuer.discoveries()
    );
}

#[tokio::test]
async fn a_flood_without_key_ids_costs_a_few_fetches_and_no_valid_session() {
    let (world, stranger) = (World::start().await, Issuer::start().await);
    let function = world.function("elevenlabs").start().await;
    let claims = world.issuer.claims("ada");
    let good = world.issuer.token("ada");
    let nameless = world
        .issuer
        .jwt("EdDSA", &claims)
        .header("kid", Value::Null)
        .encode();
    let (message, _) = nameless.rsplit_once('.').unwrap_or_default();
    for number in 0..300 {
        // A wrong key, a signature that is none, and an algorithm for which there is no single key.
        let forged = match number % 3 {
            0 => stranger
                .jwt("EdDSA", &claims)
                .header("kid", Value::Null)
                .encode(),
            1 => format!("{message}.{}", "A".repeat(86)),
            _ => stranger
                .jwt("ES384", &claims)
                .header("kid", Value::Null)
                .header("alg", "ES512")
                .encode(),
        };
        assert_eq!(ask(&function, &forged).await, INVALID, "{number}");
        if number % 10 == 0 {
            assert_eq!(ask(&function, &good).await, "200", "{number}");
            assert_eq!(ask(&function, &nameless).await, "200", "{number}");
        }
    }
    assert!(
        world.issuer.key_set_fetches() <= MOST_FETCHES,
        "{} fetches",
        world.issuer.key_set_fetches()
    );
}

#[tokio::test]
async fn an_overlapping_rotation_under_load_refuses_nobody() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let sign = |subject: &str| {
        world
            .issuer
            .jwt("ES256", &world.issuer.claims(subject))
            .encode()
    };
    let old: Vec<_> = (0..10)
        .map(|number| sign(&format!("user-{number}")))
        .collect();
    let mut asked = 0;
    for token in &old {
        assert_eq!(ask(&function, token).await, "200");
        asked += 1;
    }
    // Both are published, and from now on the new one signs, while what the old one signed goes on
    // for its time.
    world.issuer.rotate_keys();
    for token in old.iter().cycle().take(50) {
        for token in [token, &sign("somebody-new")] {
            assert_eq!(
                ask(&function, token).await,
                "200",
                "after {asked}: {}",
                function.logs()
            );
            asked += 1;
        }
    }
    // Its last token has ended, so it goes.
    world.issuer.remove_key("p256-1");
    for number in 0..50 {
        assert_eq!(
            ask(&function, &sign(&format!("user-{number}"))).await,
            "200",
            "after {asked}"
        );
    }
    assert_eq!(world.issuer.key_set_fetches(), 2);
}

#[tokio::test]
async fn keys_without_ids_rotate_and_the_new_one_is_found_at_once() {
    let world = World::start().await;
    world.issuer.forget_key_ids();
    let function = world.function("elevenlabs").start().await;
    let nameless = || {
        world
            .issuer
            .jwt("ES256", &world.issuer.claims("ada"))
            .header("kid", Value::Null)
            .encode()
    };
    let old = nameless();
    assert_eq!(ask(&function, &old).await, "200");
    world.issuer.rotate_keys();
    world.issuer.remove_key("p256-1");
    assert_eq!(
        ask(&function, &nameless()).await,
        "200",
        "{}",
        function.logs()
    );
    assert_eq!(ask(&function, &old).await, INVALID, "the key is gone");
    assert_eq!(ask(&function, &nameless()).await, "200");
    assert!(
        world.issuer.key_set_fetches() <= MOST_FETCHES,
        "{} fetches",
        world.issuer.key_set_fetches()
    );
}

#[tokio::test]
async fn keys_without_ids_that_are_published_side_by_side_refuse_nobody() {
    let world = World::start().await;
    world.issuer.forget_key_ids();
    let function = world.function("elevenlabs").start().await;
    let nameless = || {
        world
            .issuer
            .jwt("ES256", &world.issuer.claims("ada"))
            .header("kid", Value::Null)
            .encode()
    };
    let old = nameless();
    assert_eq!(ask(&function, &old).await, "200");
    world.issuer.rotate_keys();
    for _ in 0..5 {
        assert_eq!(
            ask(&function, &nameless()).await,
            "200",
            "{}",
            function.logs()
        );
        assert_eq!(ask(&function, &old).await, "200", "{}", function.logs());
    }
}

#[tokio::test]
async fn no_key_set_is_503_within_two_seconds_and_a_kept_one_is_200_at_once() {
    let mut cases = JoinSet::new();
    for outage in Outage::ALL {
        cases.spawn(async move {
            let world = World::start().await;
            let warm = world.function("elevenlabs").start().await;
            let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
            assert_eq!(said(&warm.invoke(&event).await), "200");
            world.issuer.fail_key_set(outage);
            let cold = world.function("elevenlabs").start().await;
            for _ in 0..3 {
                let answer = cold.invoke(&event).await;
                assert_eq!(said(&answer), UNAVAILABLE, "{outage:?}");
                assert!(
                    answer.has_header("retry-after") && !answer.has_header("www-authenticate"),
                    "{answer:?}"
                );
                assert!(session_took(&answer) < 2000.0, "{outage:?}: {answer:?}");
                let answer = warm.invoke(&event).await;
                assert_eq!(said(&answer), "200", "{outage:?}");
                assert!(session_took(&answer) < 500.0, "{outage:?}: {answer:?}");
                // Whoever waits as he is told finds the same, and in the same time.
                tokio::time::sleep(Duration::from_millis(1100)).await;
            }
        });
    }
    all(cases).await;
}

#[tokio::test]
async fn clocks_may_be_a_little_apart_for_every_kind() {
    let world = World::start().await;
    let secret = "a-shared-secret-of-more-than-32-bytes-that-is-fake";
    let shared = world.secret("skew", secret).await;
    let client = world
        .secret(
            "skew-client",
            r#"{"client_id":"voicemint","client_secret":"fake"}"#,
        )
        .await;
    let server = FaultyService::start([]).await;
    let by_key = world.function("elevenlabs").start().await;
    let by_secret = world
        .function("elevenlabs")
        .env("SESSION_KIND", "secret")
        .env("SESSION_SECRET_ID", &shared);
    let by_secret = by_secret.start().await;
    let by_question = world
        .introspection("elevenlabs", &server.url(), &client)
        .start()
        .await;
    for function in [&by_key, &by_secret, &by_question] {
        // Started now, so that little time passes from here to the checks.
        assert_eq!(
            said(&function.invoke(&Event::post("elevenlabs")).await),
            "401 session_missing"
        );
    }
    let mut tally = Tally::default();
    // To the second in `claims`; here with as much room as a busy machine may need.
    for (number, (claim, ahead, want)) in [
        ("exp", -3, "200"),
        ("exp", -8, EXPIRED),
        ("nbf", 4, "200"),
        ("nbf", 12, INVALID),
        ("iat", 4, "200"),
        ("iat", 12, INVALID),
    ]
    .into_iter()
    .enumerate()
    {
        let claims = || with(&world.issuer.claims("ada"), claim, now() + ahead);
        let case = format!("{claim} {ahead:+} s");
        tally.is(
            &format!("{case}, jwt"),
            ask(&by_key, &world.issuer.sign(&claims())).await,
            want,
        );
        let token = hmac_jwt("HS256", secret.as_bytes(), &claims());
        tally.is(
            &format!("{case}, secret"),
            ask(&by_secret, &token).await,
            want,
        );
        server.set([Reply::json(200, &with(&claims(), "active", json!(true)))]);
        tally.is(
            &format!("{case}, introspection"),
            ask(&by_question, &format!("token-{number}")).await,
            want,
        );
    }
    tally.done();
}
