//! The whole verifier, from settings to session, with really signed tokens, many tasks at a time, and a clock that the tests
//! set.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::Router;
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use voicemint::clock::Clock;
use voicemint::secret::{Loading, SecretStore, Stored};
use voicemint::session::credential::Credential;
use voicemint::session::settings::SessionSettings;
use voicemint::session::verifier::Verifier;
use voicemint::settings::Reader;
use voicemint::transport::Transport;

const START: u64 = 1_800_000_000;

struct Key {
    id: Option<String>,
    pair: Ed25519KeyPair,
}

impl Key {
    fn new(id: impl Into<Option<&'static str>>) -> Arc<Self> {
        Arc::new(Self { id: id.into().map(str::to_owned), pair: Ed25519KeyPair::generate().unwrap() })
    }

    fn public(&self) -> Value {
        let point = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": point});
        if let Some(id) = &self.id {
            jwk["kid"] = id.as_str().into();
        }
        jwk
    }

    /// A token under this key's id, or another one.
    fn sign_as(&self, id: Option<&str>, claims: &Value) -> String {
        let mut header = json!({"alg": "EdDSA"});
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        let message = [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_as(self.id.as_deref(), claims)
    }
}

/// Has one secret, of whatever name.
struct Store;

impl SecretStore for Store {
    fn load<'a>(&'a self, _id: &'a str) -> Loading<'a> {
        Box::pin(async { Ok(Stored { text: "a-client-token".to_owned(), version: "1".to_owned() }) })
    }
}

struct World {
    url: String,
    published: Arc<Mutex<Vec<Arc<Key>>>>,
    /// What an introspection endpoint says.
    said: Arc<Mutex<Value>>,
    calls: Arc<AtomicUsize>,
    seconds: Arc<AtomicU64>,
    verifier: Arc<Verifier>,
}

impl World {
    /// A verifier of tokens from one issuer, which publishes these keys.
    async fn new(keys: &[Arc<Key>]) -> Self {
        Self::with(keys, |url| vec![("SESSION_ISSUER", url.to_owned()), ("SESSION_JWKS_URL", format!("{url}/keys"))])
            .await
    }

    async fn with(keys: &[Arc<Key>], settings: impl FnOnce(&str) -> Vec<(&'static str, String)>) -> Self {
        let published = Arc::new(Mutex::new(keys.to_vec()));
        let said = Arc::new(Mutex::new(Value::Null));
        let calls = Arc::new(AtomicUsize::new(0));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = {
            let (published, said, calls) = (Arc::clone(&published), Arc::clone(&said), Arc::clone(&calls));
            Router::new().fallback(move |request: Request| {
                calls.fetch_add(1, Ordering::SeqCst);
                let keys: Vec<_> = published.lock().unwrap().iter().map(|key| key.public()).collect();
                let is_key_set = request.uri().path() == "/keys";
                let answer = if is_key_set { json!({ "keys": keys }) } else { said.lock().unwrap().clone() };
                async move {
                    // Long enough for everyone else to come meanwhile.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    answer.to_string()
                }
            })
        };
        tokio::spawn(async move { axum::serve(listener, router).await });
        let seconds = Arc::new(AtomicU64::new(START));
        let now = Arc::clone(&seconds);
        let clock = Clock::new(move || UNIX_EPOCH + Duration::from_secs(now.load(Ordering::SeqCst)));
        let mut variables = settings(&url);
        variables.push(("SESSION_AUDIENCE", "voice".to_owned()));
        let environment =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let mut reader = Reader::new(&environment);
        let settings = SessionSettings::from_settings(&mut reader);
        let settings = reader.finish(settings).ok().unwrap();
        let fresh_for = Duration::from_secs(300);
        let verifier = Verifier::new(&settings, Transport::new().unwrap(), Arc::new(Store), fresh_for, clock);
        Self { url, published, said, calls, seconds, verifier: Arc::new(verifier) }
    }

    fn publish(&self, keys: &[&Arc<Key>]) {
        *self.published.lock().unwrap() = keys.iter().map(|key| Arc::clone(key)).collect();
    }

    fn pass(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    fn claims(&self, subject: &str) -> Value {
        let now = self.seconds.load(Ordering::SeqCst);
        json!({"iss": self.url, "aud": "voice", "sub": subject, "iat": now, "exp": now + 300})
    }

    async fn ask(&self, token: &str) -> String {
        ask(&self.verifier, token).await
    }
}

/// The subject, or the code of the refusal.
async fn ask(verifier: &Verifier, token: &str) -> String {
    match verifier.verify(Credential::Bearer(token)).await {
        Ok(session) => session.subject().to_owned(),
        Err(refusal) => refusal.code.name().to_owned(),
    }
}

#[tokio::test]
async fn a_thousand_first_sessions_share_one_fetch() {
    for id in [Some("k1"), None] {
        let key = Key::new(id);
        let world = World::new(&[Arc::clone(&key)]).await;
        let mut sessions = JoinSet::new();
        for number in 0..1000 {
            let (verifier, token) = (Arc::clone(&world.verifier), key.sign(&world.claims(&format!("user-{number}"))));
            sessions.spawn(async move { (ask(&verifier, &token).await, format!("user-{number}")) });
        }
        while let Some(session) = sessions.join_next().await {
            let (subject, wanted) = session.unwrap();
            assert_eq!(subject, wanted);
        }
        assert_eq!(world.calls(), 1, "{id:?}");
    }
}

/// 10,000 forged tokens within a minute, a hundred at a time, and a valid session beside each hundred.
async fn flood(key: &Arc<Key>, forge: impl Fn(&World, usize) -> String) -> usize {
    let world = World::new(&[Arc::clone(key)]).await;
    let good = key.sign(&world.claims("ada"));
    assert_eq!(world.ask(&good).await, "ada");
    for hundred in 0..100 {
        let mut asks = JoinSet::new();
        for number in 0..100 {
            let (verifier, token) = (Arc::clone(&world.verifier), forge(&world, hundred * 100 + number));
            asks.spawn(async move { (ask(&verifier, &token).await, "session_invalid") });
        }
        let (verifier, good) = (Arc::clone(&world.verifier), good.clone());
        asks.spawn(async move { (ask(&verifier, &good).await, "ada") });
        while let Some(asked) = asks.join_next().await {
            let (got, want) = asked.unwrap();
            assert_eq!(got, want);
        }
        // 59 s over all.
        world.pass(u64::from(hundred % 5 > 1 && hundred < 99));
    }
    assert_eq!(world.seconds.load(Ordering::SeqCst), START + 59);
    world.calls()
}

#[tokio::test]
async fn a_flood_of_ten_thousand_unknown_key_ids_leads_to_three_fetches_in_a_minute() {
    let (key, stranger) = (Key::new("k1"), Key::new("k1"));
    let fetches =
        flood(&key, |world, number| stranger.sign_as(Some(&format!("forged-{number}")), &world.claims("eve"))).await;
    assert!(fetches <= 3, "{fetches}");
}

#[tokio::test]
async fn a_flood_without_key_ids_leads_to_three_fetches_in_a_minute() {
    for id in [Some("k1"), None] {
        let (key, stranger) = (Key::new(id), Key::new(None));
        let fetches = flood(&key, |world, number| stranger.sign(&world.claims(&format!("eve-{number}")))).await;
        assert!(fetches <= 3, "{fetches}");
    }
}

#[tokio::test]
async fn an_overlapping_rotation_under_load_refuses_nobody() {
    rotate_under_load(["k0", "k1", "k2", "k3", "k4"].map(Key::new)).await;
    rotate_under_load([None; 5].map(Key::new)).await;
}

async fn rotate_under_load(keys: [Arc<Key>; 5]) {
    let world = Arc::new(World::new(&[Arc::clone(&keys[0])]).await);
    let signing = Arc::new(AtomicUsize::new(0));
    let verified = Arc::new(AtomicUsize::new(0));
    // How many of the keys have verified something.
    let newest = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 0..100 {
        let (world, signing, keys) = (Arc::clone(&world), Arc::clone(&signing), keys.clone());
        let (verified, newest) = (Arc::clone(&verified), Arc::clone(&newest));
        tasks.spawn(async move {
            // Each user has a session for a while, and then a new one under whatever key signs by then.
            loop {
                let (subject, rotation) = (format!("user-{task}"), signing.load(Ordering::SeqCst));
                let Some(key) = keys.get(rotation) else { break };
                let token = key.sign(&world.claims(&subject));
                for _ in 0..5 {
                    // Until the rotation after the next one at the most: that is when the key goes.
                    if signing.load(Ordering::SeqCst) > rotation + 1 {
                        break;
                    }
                    assert_eq!(world.ask(&token).await, subject, "signed by key {rotation}");
                    verified.fetch_add(1, Ordering::SeqCst);
                    newest.fetch_max(rotation + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    for rotation in 1..=keys.len() {
        // Not while keys are being fetched: those who wait for a fetch that began too early are out of luck for 30 s.
        while newest.load(Ordering::SeqCst) < rotation {
            tasks.try_join_next().map(Result::unwrap);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        // The next key is published, and signs from then on; the one before it stays, the one before that goes.
        let publish: Vec<_> = keys.iter().take(rotation + 1).skip(rotation.saturating_sub(1)).collect();
        world.publish(&publish);
        world.pass(120);
        signing.store(rotation, Ordering::SeqCst);
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert!(verified.load(Ordering::SeqCst) > 2000, "{}", verified.load(Ordering::SeqCst));
    assert!(world.calls() <= 1 + keys.len(), "{} fetches", world.calls());
}

#[tokio::test]
async fn a_removed_key_is_refused_within_ten_minutes() {
    let (old, new) = (Key::new("k1"), Key::new("k2"));
    let world = World::new(&[Arc::clone(&old)]).await;
    let long = |subject: &str| {
        let mut claims = world.claims(subject);
        claims["exp"] = json!(START + 86_400);
        claims
    };
    let (stolen, good) = (old.sign(&long("eve")), new.sign(&long("ada")));
    assert_eq!(world.ask(&stolen).await, "eve");
    world.publish(&[&new]);
    world.pass(599);
    assert_eq!(world.ask(&stolen).await, "eve", "the set is still fresh");
    world.pass(1);
    assert_eq!(world.ask(&stolen).await, "session_invalid");
    assert_eq!(world.ask(&good).await, "ada");
}

#[tokio::test]
async fn clocks_may_be_four_seconds_apart_and_not_six() {
    let key = Key::new("k1");
    let world = World::new(&[Arc::clone(&key)]).await;
    for (name, time, want) in [
        ("exp", START - 4, "ada"),
        ("exp", START - 6, "session_expired"),
        ("nbf", START + 4, "ada"),
        ("nbf", START + 6, "session_invalid"),
        ("iat", START + 4, "ada"),
        ("iat", START + 6, "session_invalid"),
    ] {
        let mut claims = world.claims("ada");
        claims[name] = time.into();
        assert_eq!(world.ask(&key.sign(&claims)).await, want, "{name} {time}");
    }
}

#[tokio::test]
async fn two_issuers_with_one_key_id_do_not_vouch_for_each_other() {
    let (own, other) = (Key::new("k1"), Key::new("k1"));
    let stranger = World::new(&[Arc::clone(&other)]).await;
    let beside = format!("{}/keys", stranger.url);
    let world = World::with(&[Arc::clone(&own)], |url| {
        let issuers = format!("{url},https://other.test");
        vec![("SESSION_ISSUER", issuers), ("SESSION_JWKS_URL", format!("{url}/keys,{beside}"))]
    })
    .await;
    let mine = world.claims("ada");
    let mut theirs = world.claims("ada");
    theirs["iss"] = "https://other.test".into();
    for (key, claims, want) in [
        (&own, &mine, "ada"),
        (&other, &theirs, "ada"),
        (&own, &theirs, "session_invalid"),
        (&other, &mine, "session_invalid"),
    ] {
        for id in [Some("k1"), None, Some("k2")] {
            let want = if id == Some("k2") { "session_invalid" } else { want };
            assert_eq!(world.ask(&key.sign_as(id, claims)).await, want, "{id:?} {claims}");
        }
    }
}

#[tokio::test]
async fn what_is_said_of_an_opaque_token_is_remembered_for_a_minute_or_until_it_expires() {
    let world = World::with(&[], |url| {
        let mut settings = vec![("SESSION_KIND", "introspection".to_owned())];
        settings.push(("SESSION_INTROSPECTION_URL", format!("{url}/introspect")));
        settings.push(("SESSION_INTROSPECTION_SECRET_ID", "client".to_owned()));
        settings
    })
    .await;
    let say = |answer: Value| *world.said.lock().unwrap() = answer;
    let active = json!({"active": true, "sub": "ada", "aud": "voice"});
    say(active.clone());
    assert_eq!(world.ask("long").await, "ada");
    say(json!({"active": false}));
    world.pass(59);
    assert_eq!((world.ask("long").await.as_str(), world.calls()), ("ada", 1));
    world.pass(1);
    assert_eq!((world.ask("long").await.as_str(), world.calls()), ("session_invalid", 2), "revoked a minute ago");
    say(active.clone());
    world.pass(4);
    assert_eq!((world.ask("long").await.as_str(), world.calls()), ("session_invalid", 2));
    world.pass(1);
    assert_eq!((world.ask("long").await.as_str(), world.calls()), ("ada", 3));

    let mut short = active;
    short["exp"] = (world.seconds.load(Ordering::SeqCst) + 10).into();
    say(short);
    assert_eq!(world.ask("short").await, "ada");
    world.pass(14);
    assert_eq!(world.ask("short").await, "ada", "the leeway");
    world.pass(2);
    assert_eq!(world.ask("short").await, "session_expired", "whether it is remembered or asked about");
}
