//! The cache of a JWK Set, with an issuer whose faults and a clock whose time the tests set.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use voicemint::internals::{
    Clock, JwkSet, KeyLookupError, Location, RemoteJwkSet, Transport, UnverifiedToken,
};

#[derive(Clone, Copy)]
enum Fault {
    None,
    Status(u16),
    Html,
    TooLong,
    Redirect,
    NoResponse,
}

struct JwkSetServer {
    fault: Arc<Mutex<Fault>>,
    key_ids: Arc<Mutex<Vec<&'static str>>>,
    fetches: Arc<AtomicUsize>,
    seconds: Arc<AtomicU64>,
    jwk_set: Arc<RemoteJwkSet>,
}

impl JwkSetServer {
    async fn new() -> Self {
        let fault = Arc::new(Mutex::new(Fault::None));
        let key_ids = Arc::new(Mutex::new(vec!["k1"]));
        let fetches = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let handler = {
            let (fault, key_ids, fetches) = (
                Arc::clone(&fault),
                Arc::clone(&key_ids),
                Arc::clone(&fetches),
            );
            move || {
                fetches.fetch_add(1, Ordering::SeqCst);
                let (fault, key_ids) = (*fault.lock().unwrap(), key_ids.lock().unwrap().clone());
                respond(fault, key_ids)
            }
        };
        let document = json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string();
        let router = Router::new().route("/keys", get(handler)).route(
            "/.well-known/openid-configuration",
            get(|| async move { document }),
        );
        tokio::spawn(async move { axum::serve(listener, router).await });
        let seconds = Arc::new(AtomicU64::new(1_800_000_000));
        let now = Arc::clone(&seconds);
        let clock =
            Clock::new(move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::SeqCst)));
        let document = format!("{url}/.well-known/openid-configuration")
            .parse()
            .unwrap();
        let location = Location::Discovery {
            issuer: url,
            document,
        };
        let jwk_set = Arc::new(RemoteJwkSet::new(
            location,
            Transport::new().unwrap(),
            clock,
        ));
        Self {
            fault,
            key_ids,
            fetches,
            seconds,
            jwk_set,
        }
    }

    fn set_fault(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    fn advance(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn fetches(&self) -> usize {
        self.fetches.load(Ordering::SeqCst)
    }

    /// Whether the issuer has a key. Fetches the keys again as the verifier does. `None` if the
    /// keys are unavailable.
    async fn has_key(&self, key_id: &str) -> Option<bool> {
        has_key(&self.jwk_set, key_id).await
    }
}

async fn has_key(jwk_set: &RemoteJwkSet, key_id: &str) -> Option<bool> {
    let known = |keys: &JwkSet| {
        let header = base64(&format!(r#"{{"alg":"EdDSA","kid":"{key_id}"}}"#));
        let token = format!("{header}.{}.{}", base64("{}"), base64("signature"));
        keys.verifies(&UnverifiedToken::parse(&token).ok().unwrap())
            .err()
            != Some(KeyLookupError::UnknownId)
    };
    if known(&*jwk_set.keys().await.ok()?) {
        return Some(true);
    }
    Some(known(&*jwk_set.newer_keys().await.ok()?))
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

async fn respond(fault: Fault, key_ids: Vec<&'static str>) -> Response {
    let key = |id: &&str| json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": base64(&"x".repeat(32))});
    let set = json!({"keys": key_ids.iter().map(key).collect::<Vec<_>>()}).to_string();
    match fault {
        Fault::None => set.into_response(),
        Fault::Status(status) => http::StatusCode::from_u16(status).unwrap().into_response(),
        Fault::Html => "<html>We will be back soon</html>".into_response(),
        Fault::TooLong => format!("{set}{}", " ".repeat(150_001 - set.len())).into_response(),
        Fault::Redirect => Redirect::temporary("/.well-known/openid-configuration").into_response(),
        Fault::NoResponse => std::future::pending().await,
    }
}

#[tokio::test]
async fn a_thousand_first_requests_share_one_fetch() {
    let env = JwkSetServer::new().await;
    let lookups: Vec<_> = (0..1000)
        .map(|_| {
            let jwk_set = Arc::clone(&env.jwk_set);
            tokio::spawn(async move { has_key(&jwk_set, "k1").await })
        })
        .collect();
    for lookup in lookups {
        assert_eq!(lookup.await.unwrap(), Some(true));
    }
    assert_eq!(env.fetches(), 1);
}

#[tokio::test]
async fn a_thousand_requests_with_a_new_key_share_one_fetch_and_none_is_refused() {
    let env = JwkSetServer::new().await;
    assert_eq!(env.has_key("k1").await, Some(true));
    *env.key_ids.lock().unwrap() = vec!["k1", "k2"];
    let lookups: Vec<_> = (0..1000)
        .map(|number| {
            let jwk_set = Arc::clone(&env.jwk_set);
            tokio::spawn(async move {
                has_key(&jwk_set, if number % 2 == 0 { "k2" } else { "k1" }).await
            })
        })
        .collect();
    for lookup in lookups {
        assert_eq!(lookup.await.unwrap(), Some(true));
    }
    assert_eq!(env.fetches(), 2);
}

#[tokio::test]
async fn a_flood_of_unknown_key_ids_causes_three_immediate_fetches_and_one_every_twenty_seconds() {
    let env = JwkSetServer::new().await;
    assert_eq!(env.has_key("k1").await, Some(true));
    let mut fetched_at = Vec::new();
    for number in 0..10_000 {
        let before = env.fetches();
        assert_eq!(env.has_key(&format!("forged-{number}")).await, Some(false));
        if env.fetches() > before {
            fetched_at.push(number / 167);
        }
        if number % 167 == 166 {
            env.advance(1);
            assert_eq!(env.has_key("k1").await, Some(true));
        }
    }
    assert_eq!(
        fetched_at,
        [0, 0, 0, 20, 40],
        "in addition to the first fetch"
    );
    assert_eq!(env.fetches(), 6);
}

#[tokio::test]
async fn an_attacker_does_not_use_up_the_fetches_that_a_new_key_needs() {
    let env = JwkSetServer::new().await;
    assert_eq!(env.has_key("k1").await, Some(true));
    assert_eq!(env.has_key("nobody").await, Some(false));
    *env.key_ids.lock().unwrap() = vec!["k1", "k2"];
    assert_eq!(env.has_key("k2").await, Some(true), "immediately");
    // Continuous requests with unknown key ids delay a new key by 20 s.
    for number in 0..100 {
        assert_eq!(env.has_key(&format!("nobody-{number}")).await, Some(false));
    }
    *env.key_ids.lock().unwrap() = vec!["k1", "k2", "k3"];
    assert_eq!(env.has_key("k3").await, Some(false));
    env.advance(20);
    assert_eq!(env.has_key("k3").await, Some(true));
    // After 60 s without such requests, three fetches are available again. A clock that was set
    // back prevents none.
    env.advance(60);
    let before = env.fetches();
    for number in 0..5 {
        assert_eq!(env.has_key(&format!("other-{number}")).await, Some(false));
    }
    assert_eq!(env.fetches() - before, 3);
    env.seconds.fetch_sub(10_000, Ordering::SeqCst);
    *env.key_ids.lock().unwrap() = vec!["k1", "k2", "k3", "k4"];
    assert_eq!(env.has_key("k4").await, Some(true));
}

#[tokio::test]
async fn a_new_key_is_found_immediately_and_a_removed_one_is_refused_within_ten_minutes() {
    let env = JwkSetServer::new().await;
    assert_eq!(env.has_key("k1").await, Some(true));
    *env.key_ids.lock().unwrap() = vec!["k1", "k2"];
    assert_eq!(env.has_key("k2").await, Some(true));
    *env.key_ids.lock().unwrap() = vec!["k2"];
    env.advance(600);
    assert_eq!(env.has_key("k1").await, Some(false));
    assert_eq!(env.has_key("k2").await, Some(true));
}

#[tokio::test]
async fn keys_are_used_for_one_hour_during_an_outage_and_no_session_is_called_invalid() {
    for fault in [
        Fault::Status(500),
        Fault::Status(404),
        Fault::Html,
        Fault::TooLong,
        Fault::Redirect,
        Fault::NoResponse,
    ] {
        let env = JwkSetServer::new().await;
        env.set_fault(fault);
        assert_eq!(env.has_key("k1").await, None, "nothing cached");
        env.set_fault(Fault::None);
        env.advance(10);
        assert_eq!(env.has_key("k1").await, Some(true), "after the outage");
        env.set_fault(fault);
        env.advance(3599);
        assert_eq!(env.has_key("k1").await, Some(true), "within one hour");
        assert_eq!(
            env.has_key("k9").await,
            None,
            "the key may be in the set that cannot be fetched"
        );
        env.advance(1);
        assert_eq!(env.has_key("k1").await, None, "after one hour");
    }
}

#[tokio::test]
async fn failed_fetches_are_retried_with_backoff() {
    let env = JwkSetServer::new().await;
    env.set_fault(Fault::Status(503));
    let mut fetched_at = Vec::new();
    for second in 0..40 {
        let before = env.fetches();
        assert_eq!(env.has_key("k1").await, None);
        if env.fetches() > before {
            fetched_at.push(second);
        }
        env.advance(1);
    }
    assert_eq!(fetched_at, [0, 1, 3, 7, 15, 25, 35]);
}

#[tokio::test]
async fn a_failure_at_start_does_not_delay_the_first_request() {
    let env = JwkSetServer::new().await;
    env.set_fault(Fault::Status(503));
    env.jwk_set.warm().await;
    env.set_fault(Fault::None);
    assert_eq!(env.has_key("k1").await, Some(true));
}
