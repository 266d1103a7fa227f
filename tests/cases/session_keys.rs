//! Where the session keys come from: discovery, caching, rotation, and an identity provider in
//! every kind of trouble.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;
use voicemint_tests::{ClosedPort, Event, Issuer, Outage, World};

use crate::support::{all, said};

const UNAVAILABLE: &str = "503 session_unavailable";

#[tokio::test]
async fn the_key_set_is_found_by_discovery_and_fetched_once() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    for subject in ["ada", "bob", "eve", "ada"] {
        let event = Event::post("elevenlabs").bearer(&world.issuer.token(subject));
        assert_eq!(said(&function.invoke(&event).await), "200");
    }
    assert_eq!(
        (world.issuer.discoveries(), world.issuer.key_set_fetches()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_key_set_that_is_set_needs_no_discovery() {
    let world = World::start().await;
    world.issuer.fail_discovery(Outage::Error500);
    let function = world
        .function("elevenlabs")
        .env("SESSION_JWKS_URL", world.issuer.key_set_url())
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    assert_eq!(said(&function.invoke(&event).await), "200");
    assert_eq!(
        (world.issuer.discoveries(), world.issuer.key_set_fetches()),
        (0, 1)
    );
}

#[tokio::test]
async fn a_discovery_document_of_another_issuer_is_not_believed() {
    let world = World::start().await;
    world.issuer.claim_to_be("https://issuer.example");
    let function = world.function("elevenlabs").start().await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_strangers_cannot_make_us_fetch() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let event = |token: &str| Event::post("elevenlabs").bearer(token);
    let old = world
        .issuer
        .jwt("ES256", &world.issuer.claims("ada"))
        .encode();
    assert_eq!(said(&function.invoke(&event(&old)).await), "200");
    world.issuer.rotate_keys();
    let new = world
        .issuer
        .jwt("ES256", &world.issuer.claims("ada"))
        .encode();
    assert_eq!(said(&function.invoke(&event(&new)).await), "200");
    // While both are published, both are good.
    assert_eq!(said(&function.invoke(&event(&old)).await), "200");
    assert_eq!(world.issuer.key_set_fetches(), 2);
    for stranger in 0..50 {
        let token = world
            .issuer
            .jwt("ES256", &world.issuer.claims("ada"))
            .header("kid", format!("stranger-{stranger}"));
        assert_eq!(
            said(&function.invoke(&event(&token.encode())).await),
            "401 session_invalid"
        );
    }
    assert!(
        world.issuer.key_set_fetches() <= 7,
        "{} fetches",
        world.issuer.key_set_fetches()
    );
    assert_eq!(said(&function.invoke(&event(&new)).await), "200");
}

#[tokio::test]
async fn a_removed_key_is_gone_with_the_next_fetch() {
    let world = World::start().await;
    let function = world.function("elevenlabs").start().await;
    let event = |token: &str| Event::post("elevenlabs").bearer(token);
    let old = world
        .issuer
        .jwt("ES256", &world.issuer.claims("ada"))
        .encode();
    assert_eq!(said(&function.invoke(&event(&old)).await), "200");
    world.issuer.rotate_keys();
    world.issuer.remove_key("p256-1");
    let new = world
        .issuer
        .jwt("ES256", &world.issuer.claims("ada"))
        .encode();
    assert_eq!(said(&function.invoke(&event(&new)).await), "200");
    assert_eq!(
        said(&function.invoke(&event(&old)).await),
        "401 session_invalid"
    );
}

/// Runs one case for each kind of outage, side by side: each is mostly waiting.
async fn each_outage<F: Future<Output = ()> + Send + 'static>(case: impl Fn(Outage) -> F) {
    let mut cases = JoinSet::new();
    for outage in Outage::ALL {
        cases.spawn(case(outage));
    }
    all(cases).await;
}

#[tokio::test]
async fn cold_and_no_key_set_is_503_in_time_and_never_401() {
    each_outage(|outage| async move {
        let world = World::start().await;
        world.issuer.fail_key_set(outage);
        let function = world.function("elevenlabs").start().await;
        let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
        let begin = Instant::now();
        assert_eq!(
            said(&function.invoke(&event).await),
            UNAVAILABLE,
            "{outage:?}\n{}",
            function.logs()
        );
        // The first time is start and request, each with a try of its own.
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{outage:?}: {:?}",
            begin.elapsed()
        );
        let begin = Instant::now();
        let answer = function.invoke(&event).await;
        assert_eq!(said(&answer), UNAVAILABLE, "{outage:?}");
        assert!(
            answer.has_header("retry-after") && !answer.has_header("www-authenticate"),
            "{answer:?}"
        );
        assert!(
            begin.elapsed() < Duration::from_millis(2300),
            "{outage:?}: {:?}",
            begin.elapsed()
        );
        // No redirect is followed.
        assert!(
            world
                .issuer
                .requests()
                .iter()
                .all(|request| request.target != "/moved"),
            "{outage:?}"
        );
        assert_eq!(world.mints("elevenlabs"), 0);
    })
    .await;
}

#[tokio::test]
async fn warm_and_the_key_set_gone_goes_on() {
    each_outage(|outage| async move {
        let world = World::start().await;
        let function = world.function("elevenlabs").start().await;
        let event = |token: &str| Event::post("elevenlabs").bearer(token);
        assert_eq!(
            said(&function.invoke(&event(&world.issuer.token("ada"))).await),
            "200"
        );
        world.issuer.fail_key_set(outage);
        world.issuer.fail_discovery(outage);
        let unknown = world
            .issuer
            .jwt("RS256", &world.issuer.claims("ada"))
            .header("kid", "unknown")
            .encode();
        let answer = said(&function.invoke(&event(&unknown)).await);
        assert!(
            answer == UNAVAILABLE || answer == "401 session_invalid",
            "{outage:?}: {answer}"
        );
        let begin = Instant::now();
        assert_eq!(
            said(&function.invoke(&event(&world.issuer.token("bob"))).await),
            "200",
            "{outage:?}"
        );
        assert!(
            begin.elapsed() < Duration::from_secs(1),
            "{outage:?}: {:?}",
            begin.elapsed()
        );
    })
    .await;
}

#[tokio::test]
async fn no_discovery_and_nobody_there_is_503_too() {
    for outage in [
        Outage::Error500,
        Outage::Html,
        Outage::WrongShape,
        Outage::Redirect,
    ] {
        let world = World::start().await;
        world.issuer.fail_discovery(outage);
        let function = world.function("elevenlabs").start().await;
        let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
        assert_eq!(
            said(&function.invoke(&event).await),
            UNAVAILABLE,
            "{outage:?}"
        );
    }
    let world = World::start().await;
    let nobody = ClosedPort::reserve();
    let function = world
        .function("elevenlabs")
        .env("SESSION_JWKS_URL", nobody.url())
        .start()
        .await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
}

#[tokio::test]
async fn it_recovers_by_itself_when_the_key_set_is_back() {
    let world = World::start().await;
    world.issuer.fail_key_set(Outage::Error500);
    let function = world.function("elevenlabs").start().await;
    let event = Event::post("elevenlabs").bearer(&world.issuer.token("ada"));
    assert_eq!(said(&function.invoke(&event).await), UNAVAILABLE);
    world.issuer.fail_key_set(None);
    let back = Instant::now();
    // The pause between tries doubles up to ten seconds; few tries were made.
    while said(&function.invoke(&event).await) != "200" {
        assert!(
            back.elapsed() < Duration::from_secs(8),
            "{}",
            function.logs()
        );
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn two_issuers_with_the_same_key_ids_do_not_vouch_for_each_other() {
    let (world, other) = (World::start().await, Issuer::start().await);
    let function = world.function("elevenlabs").start().await;
    for claims in [other.claims("ada"), world.issuer.claims("ada")] {
        let token = other.jwt("ES256", &claims).encode();
        let answer = function
            .invoke(&Event::post("elevenlabs").bearer(&token))
            .await;
        assert_eq!(said(&answer), "401 session_invalid");
    }
}
